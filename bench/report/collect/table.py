"""The long table: every number that is averaged over seeds, a row per setting, seed, quantity and evaluation repeat."""

import math
from array import array
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.quantities import Quantity

VALUES = ["setting", "seed", "metric", "name", "protocol", "repeat", "value"]


class ValueRows:
    """Rows of the table as they come. Numbers stand in arrays, texts once: a study has millions of them."""

    def __init__(self) -> None:
        self._settings: dict[str, int] = {}
        self._quantities: dict[Quantity, int] = {}
        self._numbers = array("q")  # of each row setting, seed, quantity and repeat
        self._values = array("d")

    def add(self, setting: str, seed: int, values: Mapping[Quantity, Sequence[float]]) -> None:
        """What one run has, each quantity by evaluation repeat; a diagnostic has one. All finite."""
        place = self._settings.setdefault(setting, len(self._settings))
        for quantity, several in values.items():
            code = self._quantities.setdefault(quantity, len(self._quantities))
            for repeat, value in enumerate(several):
                self._numbers.extend((place, seed, code, repeat))
                self._values.append(value)

    def table(self) -> pd.DataFrame:
        """All rows in the order in which they came; metric and protocol of a diagnostic are empty."""
        setting, seed, quantity, repeat = np.array(self._numbers, dtype=np.int64).reshape(-1, 4).T
        columns: dict[str, object] = {"setting": _texts(list(self._settings), setting), "seed": seed}
        for field in ("metric", "name", "protocol"):
            columns[field] = _texts([getattr(q, field) for q in self._quantities], quantity)
        return pd.DataFrame(columns | {"repeat": repeat, "value": np.array(self._values)}, columns=VALUES)


def run_means(table: pd.DataFrame) -> pd.DataFrame:
    """A row per run and quantity, as `table` is ordered: the mean over evaluation repeats, without their column."""
    if not table["repeat"].any():
        return table.drop(columns="repeat")
    keys = [name for name in VALUES if name not in ("repeat", "value")]
    means = table.groupby(keys, sort=False, observed=True)["value"].agg(lambda v: math.fsum(v) / len(v))
    return means.reset_index()


def by_run(means: pd.DataFrame) -> pd.DataFrame:
    """(runs, quantities) of `run_means`, indexed by setting and seed, nan where a run lacks the quantity.

    Columns have the levels name, metric, protocol: a `Quantity` is the key of one.
    """
    texts = means.astype(dict.fromkeys(("setting", "metric", "name", "protocol"), str))
    return texts.pivot(index=["setting", "seed"], columns=list(Quantity._fields), values="value")


def _texts(known: list[str], codes: NDArray[np.int64]) -> "pd.Categorical[str]":
    """The text of each code, where each different text stands once."""
    places, unique = pd.factorize(np.array(known, dtype=object))
    return pd.Categorical.from_codes(places[codes], categories=pd.Index(unique, dtype=str))
