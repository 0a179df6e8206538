"""How a metric was applied, as one word: it keeps scores that may not be compared apart."""

import inspect
from collections.abc import Mapping

from metrics._codes import Metric

SHORT = {"n_train": "n"}


def protocol_id(metric: str, params: Mapping[str, object], *words: str) -> str:
    """For example `mig:bins20-mean-n10000`: the metric, its arguments but those that are False, and further words."""
    stated = {f"{SHORT.get(n, n)}{'' if value is True else value}" for n, value in params.items() if value is not False}
    return f"{metric}:{'-'.join(sorted(stated | set(words)))}"


def on_table(metric: Metric) -> bool:
    """Whether a metric selects rows by factor value itself, rather than reading the first rows of a sample."""
    return next(iter(inspect.signature(metric).parameters)) == "table"
