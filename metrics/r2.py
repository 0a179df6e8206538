"""Held-out R^2, linear and axis by axis. Hsu et al., Disentanglement via Latent Quantization, NeurIPS 2023, sec. 3."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from metrics._about import About
from metrics._checks import at_least, positive
from metrics._codes import Codes, Floats, Ints, MetricError, Scores
from metrics._rows import first_rows, varying

__all__ = ["r2"]

ABOUT = About(
    meaning="how much of the factors a linear map of all codes tells (linear), how much single codes tell (single), "
    "and the second as a share of the first (alignment): low where codes hold the factors rotated",
    range="0 to 1, higher is better",
    chance="0 for the first two; alignment is not defined",
    ceiling="1",
    order="it needs values in an order",
)


def r2(
    sample: Codes, rng: np.random.Generator, *, n_train: int = 10_000, n_test: int = 5_000, floor: float = 0.1
) -> Scores:
    """Are the codes ignorant of the factors, or do they hold them rotated?

    R^2 = 1 - sum |v - f(z)|^2 / sum |v - mean(v)|^2 over the n_test rows after the first n_train, to which the least
    squares f is fitted; negative values count as 0. An ordered factor is the number v_k; a cyclic one of period P the
    point (cos 2 pi v_k / P, sin 2 pi v_k / P); an unordered one is left out.

    linear: f is a linear map of all codes, with an intercept. single: f sees only the code that is assigned to the
    factor, one to one and so that the sum of R^2 is largest (as in mcc); a cyclic factor is assigned two codes, since a
    circle fits into no single one. alignment: the sum of single over that of linear, over the factors whose linear R^2
    is at least `floor`, and at most 1.

    That a linear probe of all codes stands beside a score of single codes is Hsu et al.'s InfoE beside InfoM; R^2 and
    the ratio are this suite's.

    Values, in [0, 1]: `r2_linear` and `r2_single`, means over the factors, and `r2_alignment`, which is absent where no
    factor reaches the floor. per_factor: `linear`, `single` and `alignment` (K,), nan where left out or not defined.
    Matrix: `r2` (D, K), of each code alone. Draws nothing from rng.

    A rotation of the codes leaves linear as it is. A constant factor is nan and left out, a constant code tells
    nothing.
    Raises MetricError for malformed codes, too few rows, a floor outside (0, 1], or if no factor that has an order
    varies.
    """
    positive(n_test=n_test)
    at_least("floor", floor, np.finfo(np.float64).tiny)
    if floor > 1:
        raise MetricError(f"floor is {floor}, expected at most 1")
    train, test = first_rows(sample, n_train, n_test, numbers=True)
    kinds = train.kinds or ("ordered",) * train.v.shape[1]
    factors = [k for k in np.flatnonzero(varying(train.v)).tolist() if kinds[k] != "unordered"]
    if not factors:
        raise MetricError("no factor that varies has values in an order")
    x, x_test = _standard(train.z, test.z)
    linear, single, alignment = np.full((3, len(kinds)), np.nan)
    alone = np.zeros((x.shape[1], len(kinds)))
    targets = {k: (_numbers(train.v[:, k], kinds[k]), _numbers(test.v[:, k], kinds[k])) for k in factors}
    for k, (y, y_test) in targets.items():
        linear[k] = _r2(x, y, x_test, y_test)
        alone[:, k] = [_r2(x[:, [j]], y, x_test[:, [j]], y_test) for j in range(x.shape[1])]
    codes = _assigned(alone, [k for k, (y, _) in targets.items() for _ in y.T])
    for k, (y, y_test) in targets.items():
        single[k] = _r2(x[:, codes[k]], y, x_test[:, codes[k]], y_test)
    known = np.flatnonzero(np.nan_to_num(linear) >= floor)
    alignment[known] = np.minimum(single[known] / linear[known], 1.0)
    values = {"r2_linear": float(np.nanmean(linear)), "r2_single": float(np.nanmean(single))}
    if len(known):
        values["r2_alignment"] = min(float(single[known].sum() / linear[known].sum()), 1.0)
    return Scores(values, {"linear": linear, "single": single, "alignment": alignment}, {"r2": alone})


def _numbers(v_k: Ints | Floats, kind: str) -> Floats:
    """What is predicted of a factor v_k (N,): itself, (N, 1), or the point on a circle that its angle is, (N, 2)."""
    if not kind.startswith("cyclic"):
        return v_k[:, None].astype(np.float64)
    angle = 2 * np.pi * v_k / float(kind.removeprefix("cyclic"))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _r2(x: Floats, y: Floats, x_test: Floats, y_test: Floats) -> float:
    """1 - sum |y - f(x)|^2 / sum |y - mean(y)|^2 on the test rows, not below 0; f the least squares of y on x and 1.

    x (N, D) is centred on the rows of the fit. 0 where the test rows are all alike.
    """
    mean = y.mean(axis=0)
    w = np.linalg.lstsq(x, y - mean, rcond=None)[0]
    spread = float(((y_test - y_test.mean(axis=0)) ** 2).sum())
    error = float(((y_test - mean - x_test @ w) ** 2).sum())
    return max(0.0, 1 - error / spread) if spread > 0 else 0.0


def _assigned(alone: Floats, wanted: list[int]) -> dict[int, list[int]]:
    """The codes of each factor in `wanted`, a place each time it comes up, so that the sum of alone (D, K) is largest.

    With fewer codes than places some factors go without.
    """
    rows, places = linear_sum_assignment(alone[:, wanted], maximize=True)
    codes: dict[int, list[int]] = {k: [] for k in wanted}
    for j, place in zip(rows.tolist(), places.tolist(), strict=True):
        codes[wanted[place]].append(j)
    return codes


def _standard(z: Floats, z_test: Floats) -> tuple[Floats, Floats]:
    """Codes centred and divided by the standard deviation of z; a constant one is 0."""
    mean, sd = z.mean(axis=0, dtype=np.float64), z.std(axis=0, dtype=np.float64)
    scale = np.where(z.min(axis=0) == z.max(axis=0), np.inf, sd)
    return (z - mean) / scale, (z_test - mean) / scale
