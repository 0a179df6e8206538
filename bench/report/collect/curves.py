"""The trainings of a setting's runs, summed up by update while their histories are read one after another."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bench.store.runs import Matrix

PENALTY, PENALTIES = "penalty", ("tc", "mmd")  # what a method adds to the others, if it logs it
DRAWN: dict[str, tuple[str, ...]] = {"recon": ("recon",), "kl": ("kl",), PENALTY: PENALTIES}


class Curve(NamedTuple):
    """A loss term or a score by update: steps (T,); its median and quartiles over runs (T,)."""

    steps: Matrix
    median: Matrix
    low: Matrix
    high: Matrix


class Trainings:
    """Histories that were added; of each no more is kept than the numbers of the curves.

    logged: the names in the last rows of them all.
    """

    def __init__(self) -> None:
        self.logged: set[str] = set()
        self._found: dict[str, list[Matrix]] = defaultdict(list)

    def add(self, history: Sequence[Mapping[str, float]], scores: Iterable[str] = ()) -> None:
        """One run's history, which may hold these scores too. What is not finite somewhere is left out."""
        self.logged |= set(history[-1] if history else ())
        for term, names in (DRAWN | {score: (score,) for score in scores}).items():
            found = [(row["step"], row[name]) for row in history for name in names if name in row]
            if found and all(math.isfinite(value) for _, value in found):
                self._found[term].append(np.array(found))

    def curves(self) -> dict[str, Curve]:
        """By term, as far as it was logged; runs that were logged at other updates than the first are left out."""
        curves = {}
        for term, found in self._found.items():
            steps = found[0][:, 0]
            values = np.array([one[:, 1] for one in found if np.array_equal(one[:, 0], steps)])
            low, high = np.quantile(values, [0.25, 0.75], axis=0)
            curves[term] = Curve(steps, np.median(values, axis=0), low, high)
        return curves
