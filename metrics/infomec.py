"""InfoMEC. Hsu et al., Disentanglement via Latent Quantization, NeurIPS 2023, sec. 5."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from metrics import _logistic
from metrics._about import About
from metrics._checks import at_least, columns, positive
from metrics._codes import Codes, Floats, Ints, Scores
from metrics._information import entropy
from metrics._rows import first_rows, varying

__all__ = ["infomec"]

ABOUT = About(
    meaning="whether each dimension tells of one factor (infom), each factor sits in one dimension (infoc), and a "
    "linear classifier reads it (infoe)",
    range="0 to 1, higher is better (infoe a little below 0 at worst)",
    chance="infom 0.559 and infoc 0.264, shares of estimation noise; infoe 0.003: read them beside infoe",
    ceiling="0.999 for infom and infoc, 1 for infoe",
)

SAME = 1e-9  # standard deviations: distances that differ by less are equal, but for rounding


def infomec(
    sample: Codes,
    rng: np.random.Generator,
    *,
    n_train: int = 10_000,
    neighbours: int = 10,
    active: float = 0.05,
    max_iter: int = 100,
) -> Scores:
    """Modularity, compactness and explicitness in units of information, on the first n_train rows.

        NMI_jk = I(z_j; v_k) / H(v_k)
        InfoM  = (mean_j max_k NMI_jk / sum_k NMI_jk - 1/K) / (1 - 1/K)        over active dimensions j
        InfoC  = (mean_k max_j NMI_jk / sum_j NMI_jk - 1/D') / (1 - 1/D')      over the D' active dimensions
        InfoE  = mean_k (1 - H_linear(v_k | z) / H_linear(v_k))

    Estimators, as in the authors' code for continuous codes: I(z_j; v_k) by `neighbours` nearest neighbours of codes
    of mean 0 and variance 1 (Ross, Mutual Information between Discrete and Continuous Data Sets, 2014), negative
    estimates as 0; a dimension is active if its range exceeds `active` times the largest range; H_linear(v_k | z) is
    the mean log-loss of an unpenalised logistic regression with balanced classes on all dimensions, at most `max_iter`
    iterations, on the rows that it was fitted to; H_linear(v_k) is that of its intercept alone, which balance makes
    ln n_k.

    Values: `infom`, `infoc`, from 0 to 1, and `infoe`, at most 1 (a little below 0 is possible with unequal classes).
    matrices: `nmi` (D, K), nan for a constant factor, and `active` (D, 1). per_factor: `infoe` (K,). Draws nothing from
    rng: the authors tell equal codes apart by small noise, which makes the estimate one of chance. Here equal codes are
    counted as what they are (Gao et al., Estimating Mutual Information for Discrete-Continuous Mixtures, NeurIPS 2017),
    so that of a code of few values it is the plug-in estimate without its bias.

    Chance: InfoE is near 0 ((n_k - 1)(D + 1) / 2 n_train nats too high, for it is not tested on other rows). InfoM and
    InfoC of codes that know nothing are shares of estimation noise, 0.3 to 0.6: read them beside InfoE.

    Pitfalls: "active" depends on the scale of the codes, and a note tells where a dimension is left out that knows a
    tenth of a factor; a noisy dimension of full range counts fully in InfoM.
    InfoE is linear. NMI of a factor with few rows per value is biased; values seen once are ignored.

    Defined here: a dimension or factor without information is spread evenly (it adds 0); with one active dimension
    InfoC is 1 if it tells anything; collapsed codes score 0 throughout; constant factors are left out.

    Raises MetricError for malformed codes, too few rows or fewer than two factors that vary.
    """
    positive(neighbours=neighbours, max_iter=max_iter)
    at_least("active", active, 0)
    train, _ = first_rows(sample, n_train)
    vary = varying(train.v)
    columns("v", train.v[:, vary], 2, "infomec compares factors that vary")
    z = train.z.astype(np.float64)
    reach = np.ptp(z, axis=0)
    used = (reach > 0) & (reach > active * reach.max())

    nmi, infoe = np.zeros((z.shape[1], len(vary))), np.where(vary, 0.0, np.nan)
    nmi[:, ~vary] = np.nan
    for j in np.flatnonzero(reach > 0):
        told = [_information(_standard(z[:, j]), v_k, neighbours) for v_k in train.v[:, vary].T]
        nmi[j, vary] = told / entropy(train.v[:, vary])
    if used.any():
        infoe[vary] = [_predictive_information(z[:, reach > 0], v_k, max_iter) for v_k in train.v[:, vary].T]
    shares = nmi[np.ix_(used, vary)]
    values = {"infom": _concentration(shares), "infoc": _concentration(shares.T), "infoe": float(np.nanmean(infoe))}
    matrices = {"nmi": nmi, "active": used[:, None].astype(np.float64)}
    return Scores(values, {"infoe": infoe}, matrices, _inactive_but_telling(nmi[:, vary].max(axis=1), used, active))


def _inactive_but_telling(nmi: Floats, used: NDArray[np.bool_], active: float) -> tuple[str, ...]:
    """A note where dimensions that do not count have a tenth of some factor's information; nmi (D,) is the most."""
    told = ~used & (nmi >= 0.1)
    if not told.any():
        return ()
    return (
        f"{np.sum(~used)} of {len(used)} dimensions do not count in InfoM and InfoC, as their range is at most "
        f"{active:g} of the largest; {told.sum()} of them tell of a factor (NMI up to {nmi[told].max():.2f}): if that "
        "is a matter of units, divide each dimension by its standard deviation",
    )


def _concentration(nmi: Floats) -> float:
    """(mean over rows of max / sum - 1/n) / (1 - 1/n) for n columns; a row without information is spread evenly."""
    if nmi.size == 0:
        return 0.0
    n, total = nmi.shape[1], nmi.sum(axis=1)
    if n == 1:
        return float(np.mean(total > 0))
    share = np.where(total > 0, nmi.max(axis=1) / np.where(total > 0, total, 1.0), 1 / n)
    return float((share.mean() - 1 / n) / (1 - 1 / n))


def _information(x: Floats, y: Ints, neighbours: int) -> float:
    """I(x; y) in nats of a continuous or discrete x (N,) and a discrete y (N,), by nearest neighbours, at least 0.

        psi(N) - <psi(N_y)> + <psi(k_n)> - <psi(m_n)>

    k_n counts the rows of the same y that are nearer to x_n than its `neighbours`-th neighbour among them (its last,
    where they are fewer), m_n all rows that are; both count x_n itself. Without ties k_n is `neighbours`, and this
    Ross's estimator. Where that neighbour equals x_n they count the rows that equal x_n. So of an x of few values this
    is psi(N) - <psi(N_y)> + <psi(N_xy)> - <psi(N_x)>, the plug-in estimate less its bias to first order.
    """
    order = np.lexsort([x, y])
    x, y = x[order], y[order]
    groups = [g for g in np.split(x, np.flatnonzero(np.diff(y)) + 1) if len(g) > 1]
    if not groups:
        return 0.0
    seen = np.sort(np.concatenate(groups))
    total = 0.0
    for own in groups:
        nearer = np.maximum(_reach(own, min(neighbours, len(own) - 1)) - SAME, SAME)
        k, m = (_within(among, own, nearer) for among in (own, seen))
        total += np.sum(digamma(k) - digamma(len(own)) - digamma(m))
    return max(0.0, float(digamma(len(seen)) + total / len(seen)))


def _reach(x: Floats, k: int) -> Floats:
    """The distance of each of x (n,), sorted, to its k-th nearest neighbour, (n,): it and they are k + 1 in a row."""
    each = np.arange(len(x))
    first = np.clip(each[:, None] - np.arange(k + 1), 0, len(x) - 1 - k)
    return np.asarray(np.maximum(x[:, None] - x[first], x[first + k] - x[:, None]).min(axis=1))


def _within(among: Floats, x: Floats, reach: Floats) -> Ints:
    """How many of `among`, sorted, lie within `reach` of each x; (n,)."""
    below, upto = np.searchsorted(among, x - reach, side="left"), np.searchsorted(among, x + reach, side="right")
    return upto - below


def _standard(x: Floats) -> Floats:
    """Less its mean and over its deviation, as the authors do: digits that a large mean takes up tell nothing."""
    return np.asarray((x - x.mean(axis=0)) / x.std(axis=0))


def _predictive_information(z: Floats, v_k: Ints, max_iter: int) -> float:
    """1 - log-loss / ln n_k of an unpenalised, class-balanced logistic regression of v_k on scaled z, in sample."""
    classes, label, count = np.unique(v_k, return_inverse=True, return_counts=True)
    balanced = (len(label) / (len(classes) * count))[label]
    z = _standard(z)
    probe = _logistic.fit(z, label, penalty=0.0, weight=balanced, max_iter=max_iter)
    log_loss = -probe.log_probability(z)[label, np.arange(len(label))].mean()
    return float(1 - log_loss / np.log(len(classes)))
