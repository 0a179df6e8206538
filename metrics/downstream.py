"""Downstream use. Locatello et al., Challenging Common Assumptions..., ICML 2019, sec. 5.5."""

from collections.abc import Callable

import numpy as np

from metrics import _logistic
from metrics._about import About
from metrics._boosting import boosted_trees
from metrics._checks import at_least, positive
from metrics._codes import Codes, Floats, Ints, Scores
from metrics._rows import first_rows, varying

__all__ = ["downstream"]

ABOUT = About(
    meaning="how well logistic regression (lr) and boosted trees (gbt) read each factor off the codes from 10, 100, "
    "1,000 and 10,000 labels, and which share of the accuracy at the most labels fewer of them reach (efficiency)",
    range="0 to 1, higher is better (an efficiency may pass 1 where labels teach nothing)",
    chance="0.117 to 0.125, about the share of the commonest value, mean over factors; an efficiency of noise is 0.938 "
    "to 0.999",
    ceiling="0.219 for lr_10 and 0.301 for gbt_10, as ten labels cannot name more values; 0.986 for lr_10000, 1 for "
    "gbt_10000",
)

# A classifier fitted to codes x (N, D) and the values y (N,) of a factor: its predictions for the rows of x_test.
Classifier = Callable[[Floats, Ints, Floats], Ints]


def downstream(
    sample: Codes,
    rng: np.random.Generator,
    *,
    n_train: int = 10_000,
    n_test: int = 5_000,
    draws: int = 5,
    penalty: float = 0.01,
    stages: int = 100,
) -> Scores:
    """Accuracy of two classifiers of each factor after few labels and many, and their sample efficiency.

        acc(n) = mean_k P(predicted v_k = v_k),  fitted to n labelled rows;  efficiency(n) = acc(n) / acc(n_train)

    for n = 10, 100, 1,000, ... below n_train, and n_train itself. Tested on the n_test rows after the n_train ones. A
    small n is fitted to the first n rows, the next n, and so on: `draws` times, or as often as they fit in, and the
    accuracies are averaged, since ten labels are a matter of luck.

    Classifiers: "lr", multinomial logistic regression with `penalty`/2 |W|^2 on codes of variance 1 (over the n_train
    rows: codes without labels are not scarce); "gbt", boosted trees of depth 3 in so many `stages`, those of DCI, so
    that at the most labels their accuracy is DCI's informativeness. `rng` breaks ties between splits. The paper chooses
    the penalty by cross-validation, on codes as they are, and draws each n once.

    Values: "downstream_lr_10", "downstream_gbt_10", ..., and of each n from 100 to below n_train
    "downstream_lr_efficiency_100", .... per_factor: "lr_10", "gbt_10", ..., and "majority", what the commonest value of
    the n_train rows scores: the level to read an accuracy against; (K,).

    Pitfalls: an efficiency alone says nothing. Codes that know nothing have about 1, and better codes may have less
    than worse ones by gaining more from many labels. A mean over factors of different sizes has no common chance level.

    A value that the labelled rows lack is never predicted: its test rows count as errors. Where all labels are one
    value, that is the prediction. A factor that is constant in the n_train rows is nan and has no part in the means. No
    efficiency is more than 0 where nothing is right at the most labels. Raises MetricError for malformed codes, too few
    rows, arguments out of range or if no factor varies.
    """
    positive(n_test=n_test, draws=draws, stages=stages)
    at_least("penalty", penalty, 0)
    train, test = first_rows(sample, n_train, n_test)
    scaled, scaled_test = _scaled(train.z, test.z)

    def lr(x: Floats, y: Ints, x_test: Floats) -> Ints:
        return _logistic.fit(x, y, penalty=penalty).predict(x_test)

    def gbt(x: Floats, y: Ints, x_test: Floats) -> Ints:
        return boosted_trees(x, y, x_test, rng, stages=stages)[0]

    per_factor: dict[str, Floats] = {}
    values: dict[str, float] = {}
    labels = _labels(n_train)
    for name, classifier, z, z_test in (("lr", lr, scaled, scaled_test), ("gbt", gbt, train.z, test.z)):
        for n in labels:
            several = [slice(first, first + n) for first in range(0, n_train - n + 1, n)[:draws]]
            of_draws = [_accuracy(classifier, Codes(z, train.v), rows, Codes(z_test, test.v)) for rows in several]
            per_factor[f"{name}_{n}"] = np.mean(of_draws, axis=0)
        acc = {n: float(np.nanmean(per_factor[f"{name}_{n}"])) for n in labels}
        values |= {f"downstream_{name}_{n}": acc[n] for n in labels}
        values |= {f"downstream_{name}_efficiency_{n}": _ratio(acc[n], acc[n_train]) for n in labels[1:-1]}
    return Scores(values, per_factor | {"majority": _majority(train.v, test.v)})


def _labels(n_train: int) -> list[int]:
    """10, 100, ... below n_train, and n_train."""
    return [10**e for e in range(1, 20) if 10**e < n_train] + [n_train]


def _accuracy(classifier: Classifier, train: Codes, rows: slice, test: Codes) -> Floats:
    """The share of the test rows whose value is predicted after these training rows, nan for constant factors; (K,)."""
    accuracy = np.full(train.v.shape[1], np.nan)
    for k in np.flatnonzero(varying(train.v)):
        y = train.v[rows, k]
        one = bool(np.all(y == y[0]))
        predicted = y[0] if one else classifier(train.z[rows], y, test.z)
        accuracy[k] = np.mean(predicted == test.v[:, k])
    return accuracy


def _majority(v: Ints, v_test: Ints) -> Floats:
    """The share of the test rows (M, K) that have the commonest value of v (N, K), nan for constant factors; (K,)."""
    commonest = np.array([np.bincount(v_k).argmax() for v_k in v.T])
    return np.where(varying(v), np.mean(v_test == commonest, axis=0), np.nan)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _scaled(z: Floats, z_test: Floats) -> tuple[Floats, Floats]:
    """Both less the mean of z (N, D) and over its deviation; dimensions that are constant in z are 0."""
    alive = z.min(axis=0) < z.max(axis=0)
    mean, scale = z.mean(axis=0, dtype=np.float64), np.where(alive, z.std(axis=0, dtype=np.float64), np.inf)
    return (z - mean) / scale, (z_test - mean) / scale
