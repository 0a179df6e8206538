"""beta-VAE score. Higgins et al., beta-VAE: Learning Basic Visual Concepts, ICLR 2017, sec. 3 and appendix A.4."""

from collections.abc import Mapping

import numpy as np

from metrics import _logistic
from metrics._about import About
from metrics._checks import check, positive
from metrics._codes import Codes, Floats, Ints, Scores
from metrics._groups import Group
from metrics._rows import some_vary, varying

__all__ = ["betavae_score"]

ABOUT = About(
    meaning="whether a linear classifier can tell which factor a pair of observations shares",
    range="0 to 1, higher is better",
    chance="0.204, 1 / number of factors; so do collapsed codes",
    ceiling="1, also for merged, duplicated and blurred codes",
)

SMALL = 0.5  # the largest standard deviation of codes for which the penalty is looked at


def betavae_score(
    table: Codes,
    rng: np.random.Generator,
    *,
    n_train: int = 10_000,
    n_test: int = 5_000,
    batch: int = 64,
    penalty: float = 1.0,
) -> Scores:
    """Accuracy of a linear classifier that guesses which factor pairs of observations shared.

    One point: draw a factor k uniformly, `batch` rows of the table, and for each a second row with the same value of
    factor k; the point is mean |z1 - z2| (D,), its label k. A multinomial logistic regression (L2 `penalty` on the
    weights, codes as they are) is fitted to n_train points and tested on n_test others.

    Values: `betavae_score`, accuracy from 0 to 1, chance 1/K. per_factor: `betavae_score` (K,), the accuracy on the
    points of that factor, nan where none was drawn. Collapsed codes score about 1/K.

    Pitfalls: it saturates at 1 for almost any sensible code (a rotation of the factors scores 0.9), so it does not
    rank good models. Scale matters: small codes are penalised into chance, and where codes divided by their largest
    standard deviation score otherwise by more than 0.01, a note says so. A table that is not the whole grid, or whose
    factors depend on each other, shares more between a pair than the drawn factor.

    Factors that are constant in the table are not drawn (K counts the others).

    Raises MetricError for malformed codes or if no factor varies.
    """
    positive(n_train=n_train, n_test=n_test, batch=batch)
    z, v, _ = check(table)
    some_vary(v)
    groups = {int(k): Group.of(v[:, k]) for k in np.flatnonzero(varying(v))}
    points = [_points(z, groups, rng, n, batch) for n in (n_train, n_test)]
    scores = _score(*points[0], *points[1], v.shape[1], penalty)
    largest = float(z.std(axis=0, dtype=np.float64).max())
    if not 0 < largest < SMALL:
        return scores
    (x, k), (x_test, k_test) = points
    usual = _score(x / largest, k, x_test / largest, k_test, v.shape[1], penalty)
    return scores._replace(notes=_penalised(scores, usual, largest))


def _score(x_train: Floats, k_train: Ints, x_test: Floats, k_test: Ints, n_factors: int, penalty: float) -> Scores:
    """The test accuracy, from points x (n, D) and their labels k (n,)."""
    correct = _logistic.fit(x_train, k_train, penalty=penalty).predict(x_test) == k_test
    drawn = np.bincount(k_test, minlength=n_factors)
    hits = np.bincount(k_test, weights=correct, minlength=n_factors)
    per_factor = np.divide(hits, drawn, out=np.full(n_factors, np.nan), where=drawn > 0)
    return Scores({"betavae_score": float(correct.mean())}, {"betavae_score": per_factor})


def _penalised(scores: Scores, usual: Scores, largest: float) -> tuple[str, ...]:
    """A note where codes of a usual scale score otherwise."""
    found, instead = scores.values["betavae_score"], usual.values["betavae_score"]
    if abs(found - instead) <= 0.01:
        return ()
    return (
        f"{found:.3f} is of codes so small that the penalty decides, and {instead:.3f} of codes divided by their "
        f"largest standard deviation, {largest:.2g}: divide them by it",
    )


def _points(
    z: Floats, groups: Mapping[int, Group], rng: np.random.Generator, n: int, batch: int
) -> tuple[Floats, Ints]:
    """n points (n, D) with their factors (n,), keys of groups; built in blocks, so that memory stays flat."""
    label = rng.choice(list(groups), size=n)
    x = np.empty((n, z.shape[1]))
    for k in np.unique(label):
        of_k = np.flatnonzero(label == k)
        for block in np.array_split(of_k, len(of_k) // 500 + 1):
            first = rng.integers(len(z), size=(len(block), batch))
            x[block] = np.abs(z[first] - z[groups[k].sharing(first, rng)]).mean(axis=1)
    return x, label
