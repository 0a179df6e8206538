"""Separated Attribute Predictability. Kumar et al., Variational Inference of Disentangled..., ICLR 2018, section 3."""

import numpy as np

from metrics import _linear_svm
from metrics._about import About
from metrics._checks import at_least, columns, positive
from metrics._codes import Codes, Floats, Scores
from metrics._rows import first_rows, varying

__all__ = ["sap"]

ABOUT = About(
    meaning="by how much the best dimension predicts each factor better than the second-best",
    range="0 to 1, higher is better",
    chance="0.002",
    ceiling="far below 1, as thresholds on a line cannot tell many values apart: 0.245; 0.312 on sprites32",
)


def sap(
    sample: Codes,
    rng: np.random.Generator,
    *,
    n_train: int = 10_000,
    n_test: int = 5_000,
    C: float = 0.01,
    continuous: bool = False,
) -> Scores:
    """Mean over factors of the gap S_(1)k - S_(2)k between the two dimensions that predict the factor best.

    S_jk is the accuracy on the n_test rows of a linear support vector machine (squared hinge loss, cost C, balanced
    classes, one against the rest) fitted to dimension j alone on the first n_train rows. With `continuous`, S_jk is the
    squared correlation cov(z_j, v_k)^2 / (var z_j var v_k) on the first n_train rows, for factors with an order.

    Values: `sap`, from 0 to 1; codes that know nothing score near 0. per_factor: `sap` (K,), the gaps. matrices: `sap`
    (D, K), S. Draws nothing from rng.

    Pitfalls: the intercept is penalised and C is small, so that accuracy is neither shift- nor scale-invariant: codes
    scaled up score higher. Where dimensions of mean 0 and variance 1 score otherwise by more than 0.01, a note says so
    (this is looked at if the largest deviation is not from 0.5 to 5, or a mean beyond two deviations). One threshold
    per value on a line cannot tell many values apart: a perfect code of 32 values scores far below 1. A dimension that
    predicts nothing still scores the accuracy of a guess, so that gaps for factors with few values are small. The
    continuous form takes the order of values seriously.

    Fits are exact. The reference stops liblinear at its tolerance of 1e-4, which agrees within 1e-3 for codes of usual
    scale; on codes with deviations of tens or more its fits are unfinished and its score differs by some hundredths.

    A constant dimension predicts one value (continuous: S = 0). Test rows with a value that training lacks are errors.

    A factor that is constant in the training rows has no gap (nan) and is left out of the mean.

    Raises MetricError for malformed codes, fewer than two dimensions, too few rows or if no factor varies.
    """
    positive(n_test=n_test)
    at_least("C", C, 0)
    train, test = first_rows(sample, n_train, n_test)
    columns("z", train.z, 2, "sap is a gap between two dimensions")
    S = _squared_correlation(train) if continuous else _accuracy(train, test, C)
    gaps = _gaps(S)
    found = float(np.nanmean(gaps))
    notes: tuple[str, ...] = ()
    if not continuous and _unusual(train.z):
        notes = _moved(found, float(np.nanmean(_gaps(_accuracy(*_standard(train, test), C)))))
    return Scores({"sap": found}, {"sap": gaps}, {"sap": S}, notes)


def _gaps(S: Floats) -> Floats:
    """By how much the best dimension of each factor exceeds the second; (K,)."""
    second, first = np.sort(S, axis=0)[-2:]
    return np.asarray(first - second)


def _unusual(z: Floats) -> bool:
    """Whether the scale or the place of codes is far from mean 0 and variance 1, that of the nearly dead left aside."""
    mean, deviation = np.abs(z.mean(axis=0, dtype=np.float64)), z.std(axis=0, dtype=np.float64)
    largest = deviation.max()
    return bool(largest > 0 and (not 0.5 <= largest <= 5 or (mean > 2 * deviation)[deviation > largest / 20].any()))


def _moved(found: float, instead: float) -> tuple[str, ...]:
    """A note where codes of a usual scale score otherwise."""
    if abs(found - instead) <= 0.01:
        return ()
    return (
        f"{found:.3f} is of codes whose scale or mean lets the penalty decide, and {instead:.3f} of dimensions of mean "
        "0 and variance 1: subtract the mean of each and divide by its standard deviation",
    )


def _standard(train: Codes, test: Codes) -> tuple[Codes, Codes]:
    """Dimensions of mean 0 and variance 1 over the training rows, constant ones as they are."""
    mean, deviation = train.z.mean(axis=0, dtype=np.float64), train.z.std(axis=0, dtype=np.float64)
    alive = train.z.min(axis=0) < train.z.max(axis=0)
    mean, deviation = np.where(alive, mean, 0.0), np.where(alive, deviation, 1.0)
    return train._replace(z=(train.z - mean) / deviation), test._replace(z=(test.z - mean) / deviation)


def _accuracy(train: Codes, test: Codes, C: float) -> Floats:
    """Test accuracy of predicting each factor from each dimension, nan for a constant factor; (D, K)."""
    S = np.full((train.z.shape[1], train.v.shape[1]), np.nan)
    for k in np.flatnonzero(varying(train.v)):
        for j in range(len(S)):
            classifier = _linear_svm.fit(train.z[:, j], train.v[:, k], C)
            S[j, k] = np.mean(classifier.predict(test.z[:, j]) == test.v[:, k])
    return S


def _squared_correlation(train: Codes) -> Floats:
    """Squared correlation of z_j and v_k, 0 where z_j is constant, nan where v_k is; (D, K)."""
    moving = train.z.min(axis=0) < train.z.max(axis=0)
    z, v = (a - a.mean(axis=0, dtype=np.float64) for a in (train.z, train.v))
    covariance, var_z, var_v = z.T @ v / len(z), z.var(axis=0), v.var(axis=0)
    r2 = np.where(moving[:, None], covariance**2 / np.where(moving, var_z, 1.0)[:, None], 0.0)
    return np.asarray(r2 / np.where(varying(train.v), var_v, np.nan))
