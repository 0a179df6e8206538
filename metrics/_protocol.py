"""How a metric was applied, as one word: it keeps scores that may not be compared apart."""

import inspect
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from metrics._codes import Codes, Metric

SHORT = {"n_train": "n"}


def protocol_id(metric: str, params: Mapping[str, object], *words: str) -> str:
    """For example `mig:bins20-mean-n10000`: the metric, its arguments but those that are False, and further words."""
    stated = {f"{SHORT.get(n, n)}{'' if value is True else value}" for n, value in params.items() if value is not False}
    return f"{metric}:{'-'.join(sorted(stated | set(words)))}"


def on_table(metric: Metric) -> bool:
    """Whether a metric selects rows by factor value itself, rather than reading the first rows of a sample."""
    return next(iter(inspect.signature(metric).parameters)) == "table"


def fitted(params: Mapping[str, Any], given: Collection[str], rows: int) -> dict[str, Any]:
    """The arguments of a metric of a sample, with the numbers of rows that were not given fitted to so many rows.

    Those of the metric's defaults stay where there are enough rows. Else what is to be fitted and to be tested on share
    the rows in the proportion of the defaults, or one of them gets what a given other leaves.
    """
    counts = {name: int(params[name]) for name in ("n_train", "n_test") if name in params}
    free = [name for name in counts if name not in given]
    left = rows - sum(counts[name] for name in counts if name in given)
    if sum(counts.values()) <= rows or left < len(free):
        return dict(params)
    if len(free) == 2:
        n_train = left * counts["n_train"] // sum(counts.values())
        return dict(params) | {"n_train": n_train, "n_test": left - n_train}
    return dict(params) | dict.fromkeys(free, left)


def try_on_noise(metric: Metric, params: Mapping[str, Any], rows: int) -> None:
    """Score so many rows of noise: what a metric refuses of them, with a MetricError, is an argument and not a code."""
    rng = np.random.default_rng(0)
    noise = Codes(rng.standard_normal((rows, 2)), rng.integers(2, size=(rows, 2)))
    metric(noise, rng, **params)
