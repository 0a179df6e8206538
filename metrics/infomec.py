"""InfoMEC. Hsu et al., Disentanglement via Latent Quantization, NeurIPS 2023, sec. 5."""

import numpy as np
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
    chance="infom 0.488 and infoc 0.229, shares of estimation noise; infoe 0.003: read them beside infoe",
    ceiling="0.996 for infom and infoc, 1 for infoe",
)


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

    Estimators, as in the authors' code for continuous codes: I(z_j; v_k) by `neighbours` nearest neighbours (Ross,
    Mutual Information between Discrete and Continuous Data Sets, 2014), negative estimates as 0; a dimension is active
    if its range exceeds `active` times the largest range; H_linear(v_k | z) is the mean log-loss of an unpenalised
    logistic regression with balanced classes on all dimensions, at most `max_iter` iterations, on the rows that it
    was fitted to; H_linear(v_k) is that of its intercept alone, which balance makes ln n_k.

    Values: `infom`, `infoc`, from 0 to 1, and `infoe`, at most 1 (a little below 0 is possible with unequal classes).
    matrices: `nmi` (D, K), nan for a constant factor, and `active` (D, 1). per_factor: `infoe` (K,). rng breaks ties
    between equal codes only, by noise of 1e-10 of a standard deviation.

    Chance: InfoE is near 0 ((n_k - 1)(D + 1) / 2 n_train nats too high, for it is not tested on other rows). InfoM and
    InfoC of codes that know nothing are shares of estimation noise, 0.3 to 0.6: read them beside InfoE.

    Pitfalls: "active" depends on the scale of the codes; a noisy dimension of full range counts fully in InfoM.
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
        noisy = z[:, j] / z[:, j].std() + 1e-10 * rng.standard_normal(len(z))
        nmi[j, vary] = [_information(noisy, v_k, neighbours) for v_k in train.v[:, vary].T] / entropy(train.v[:, vary])
    if used.any():
        infoe[vary] = [_predictive_information(z[:, reach > 0], v_k, max_iter) for v_k in train.v[:, vary].T]
    shares = nmi[np.ix_(used, vary)]
    values = {"infom": _concentration(shares), "infoc": _concentration(shares.T), "infoe": float(np.nanmean(infoe))}
    return Scores(values, {"infoe": infoe}, {"nmi": nmi, "active": used[:, None].astype(np.float64)})


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
    """I(x; y) in nats of a continuous x (N,) without ties and a discrete y (N,), by Ross's estimator, at least 0.

        psi(N) - <psi(N_y)> + <psi(k)> - <psi(m)>

    m_n counts the x nearer to x_n than its k-th neighbour among those with the same y, x_n itself included.
    """
    order = np.lexsort([x, y])
    x, y = x[order], y[order]
    groups = [g for g in np.split(x, np.flatnonzero(np.diff(y)) + 1) if len(g) > 1]
    if not groups:
        return 0.0
    seen = np.sort(np.concatenate(groups))
    total = 0.0
    for group in groups:
        k = min(neighbours, len(group) - 1)
        low, high = _ball(group, k)
        m = np.searchsorted(seen, high, side="left") - np.searchsorted(seen, low, side="right")
        total += np.sum(digamma(k) - digamma(len(group)) - digamma(np.maximum(m, 1)))
    return max(0.0, float(digamma(len(seen)) + total / len(seen)))


def _ball(x: Floats, k: int) -> tuple[Floats, Floats]:
    """The ends of the open interval around each of x (n,), sorted, out to its k-th nearest neighbour; (n,) each.

    It and those k are k + 1 in a row. The neighbour's end is its own value, so that no rounding lets it in.
    """
    each, first = np.arange(len(x)), np.clip(np.arange(len(x))[:, None] - np.arange(k + 1), 0, len(x) - 1 - k)
    nearest = first[each, np.maximum(x[:, None] - x[first], x[first + k] - x[:, None]).argmin(axis=1)]
    below, above = x[nearest], x[nearest + k]
    left = x - below >= above - x
    return np.where(left, below, 2 * x - above), np.where(left, 2 * x - below, above)


def _predictive_information(z: Floats, v_k: Ints, max_iter: int) -> float:
    """1 - log-loss / ln n_k of an unpenalised, class-balanced logistic regression of v_k on scaled z, in sample."""
    classes, label, count = np.unique(v_k, return_inverse=True, return_counts=True)
    balanced = (len(label) / (len(classes) * count))[label]
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    probe = _logistic.fit(z, label, penalty=0.0, weight=balanced, max_iter=max_iter)
    log_loss = -probe.log_probability(z)[label, np.arange(len(label))].mean()
    return float(1 - log_loss / np.log(len(classes)))
