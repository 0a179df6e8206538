"""What the KL of a VAE is made of. Chen et al., Isolating Sources of Disentanglement in VAEs, NeurIPS 2018, eq. 2."""

import math
from typing import NamedTuple

import numpy as np

from metrics._checks import at_least, positive, real
from metrics._codes import Floats, Ints, MetricError, Scores
from metrics._gaussian import kl_per_dimension

LOG_2PI = float(np.log(2 * np.pi))


def kl_decomposition(
    mu: Floats,
    logvar: Floats,
    rng: np.random.Generator,
    *,
    population: float,
    n_samples: int = 1_000,
    n_marginal: int = 10_000,
    block: int = 4_000_000,
) -> Scores:
    """E_x KL(q(z|x) || p(z)) = I(x; z) + KL(q(z) || prod_j q(z_j)) + sum_j KL(q(z_j) || p(z_j)), in nats, p = N(0, 1).

    mu, logvar (N, D): diagonal Gaussian posteriors of N observations. `population` is the number of observations that
    these were drawn from at random, without replacement: N if they are the whole data set, inf for a distribution.

    The left side is known in closed form, kl = sum_j kl_j. The right side follows from informations alone,

        TC = sum_j I(x; z_j) - I(x; z),     dimension_kl_j = kl_j - I(x; z_j),

    and these from the aggregate posterior q(z) = E_x q(z|x), a mixture of one component per observation, at n_samples
    z that are drawn from it, each from a row of its own where there are enough:

        I(x; z) = E log q(z|x) / q(z) = 1/2 (ln det Cov z - E ln det Cov z|x) - E log q(z) / r(z),

    r the Gaussian of q's mean and covariance. Of the two forms the one with less noise is taken: the first where
    posteriors hardly overlap, the second where q is nearly Gaussian, which it is exactly if the codes are collapsed.

    With the whole data set in the mixture I is exact but for that noise, and at most ln N because x is one of N. Fewer
    observations than the population miss log q(z) from one side or the other:
    - with z's own component among the N, its weight 1/N is too large: q is too high, and I reads at most ln N,
      however large it is. This is a lower bound. Nothing that is one for every distribution does better from N
      observations (McAllester & Stratos, Formal Limitations on the Measurement of Mutual Information, 2020).
    - with its own component at its true weight, 1 / population, and the others for the rest, the estimate of q(z) is
      unbiased (the stratified weights of Chen et al., appendix C), its logarithm is low on average (Jensen), and I
      reads high. This is an upper bound, loose once I exceeds ln N by some nats.
    Three other upper bounds need no joint density: I <= sum_j I(x; z_j) (TC is not negative; one dimension holds few
    nats, so that its density is well estimated), I <= 1/2 (ln det Cov z - E ln det Cov z|x) (a Gaussian has the largest
    entropy of its covariance), and I <= ln population. The lowest of all counts.

    Values, in nats: `kl`, `mutual_information`, `total_correlation`, `dimension_kl` (the sum over j), which add up, and
    `_lower` and `_upper` of the middle two. For a whole data set these are equal. Else the truth lies between, up to
    the sampling error `mutual_information_se` and the bias of the marginals (about exp(I(x; z_j)) / 2 n_marginal
    each), and the value is the upper bound of I with the lower one of TC: exact where q(z) is Gaussian, to be read as
    an interval where it is not. matrices: `dimension_kl` and `mutual_information`, (D, 1), of each dimension alone.
    Noise can take TC and dimension_kl below 0 by a few standard errors. Not a score: nothing here is better if higher.

    Marginals use n_marginal rows of the mixture. Cost: n_samples (N + D n_marginal) exponentials and twice n_samples N
    D multiplications: 1 s for N = 15,000, some 10 s for 737,280. Memory: some 6 D numbers per row, and `block` of them.

    Raises MetricError for malformed arrays, fewer than two rows or a population below N.
    """
    q = _checked(mu, logvar)
    N, D = q.mu.shape
    positive(n_samples=n_samples, n_marginal=n_marginal, block=block)
    at_least("population", population, N)
    weight = 1 / population
    own = rng.choice(N, n_samples, replace=n_samples > N)
    z = q.mu[own] + np.exp(0.5 * q.logvar[own]) * rng.standard_normal((n_samples, D))
    some = rng.choice(N, min(n_marginal, N), replace=False)

    kl_j = kl_per_dimension(q.mu, q.logvar)
    marginals = [q.only(j) for j in range(D)]
    I_j = np.array([_information(q_j, z[:, [j]], own, some, weight, block)[0] for j, q_j in enumerate(marginals)])
    every = np.arange(N)
    upper, se = _information(q, z, own, every, weight, block)
    lower = upper
    if weight < 1 / N:
        lower = min(_information(q, z, own, every, 1 / N, block)[0], math.log(N))
        upper = max(lower, min(upper, float(I_j.sum()), q.gaussian_information(), -_log(weight)))
    return _scores(kl_j, I_j, lower, upper, se)


def _scores(kl_j: Floats, I_j: Floats, lower: float, upper: float, se: float) -> Scores:
    """All terms from kl_j and I(x; z_j), both (D,), and the bounds of I(x; z)."""
    kl, separate = float(kl_j.sum()), float(I_j.sum())
    values = {
        "kl": kl,
        "mutual_information": upper,
        "total_correlation": separate - upper,
        "dimension_kl": kl - separate,
        "mutual_information_lower": lower,
        "mutual_information_upper": upper,
        "total_correlation_lower": separate - upper,
        "total_correlation_upper": separate - lower,
        "mutual_information_se": se,
    }
    return Scores(values, matrices={"dimension_kl": (kl_j - I_j)[:, None], "mutual_information": I_j[:, None]})


class _Mixture(NamedTuple):
    """q(z) = mean_n N(mu_n, diag exp(logvar_n)), both (N, D)."""

    mu: Floats
    logvar: Floats

    def only(self, j: int) -> "_Mixture":
        """Its marginal of dimension j."""
        return _Mixture(self.mu[:, [j]], self.logvar[:, [j]])

    def covariance(self) -> Floats:
        """Cov z = Cov mu + E Cov z|x; (D, D)."""
        between = np.atleast_2d(np.cov(self.mu, rowvar=False, ddof=0))
        return np.asarray(between + np.diag(np.exp(self.logvar).mean(axis=0)))

    def gaussian_information(self) -> float:
        """1/2 (ln det Cov z - E ln det Cov z|x): I(x; z) if q(z) were Gaussian, and no less than it is."""
        variance, _ = self.principal()
        return float(0.5 * (np.log(variance).sum() - self.logvar.sum(axis=1).mean()))

    def log_gaussian(self, z: Floats) -> Floats:
        """The log-density at z (S, D) of the Gaussian of its mean and covariance; (S,)."""
        variance, axes = self.principal()
        squares = np.sum(((z - self.mu.mean(axis=0)) @ axes) ** 2 / variance, axis=1)
        return np.asarray(-0.5 * (squares + z.shape[1] * LOG_2PI + np.log(variance).sum()))

    def principal(self) -> tuple[Floats, Floats]:
        """Variances (D,) and directions (D, D), in columns, of the principal axes of Cov z.

        Codes that repeat each other with next to no noise have axes whose variance is lost in rounding: it counts as
        the least that can be told from 0.
        """
        variance, axes = np.linalg.eigh(self.covariance())
        return np.maximum(variance, variance[-1] * len(variance) * np.finfo(np.float64).eps), axes

    def log_component(self, z: Floats, n: Ints) -> Floats:
        """log q(z|x_n) of each z (S, D) under a component n (S,) of its own; (S,)."""
        logvar = self.logvar[n]
        return np.asarray(-0.5 * np.sum((z - self.mu[n]) ** 2 / np.exp(logvar) + logvar + LOG_2PI, axis=1))


def _information(q: _Mixture, z: Floats, own: Ints, rows: Ints, weight: float, block: int) -> tuple[float, float]:
    """I(x; z) and its standard error, by the form with less noise."""
    log_q, log_own = _log_mixture(q, z, own, rows, weight, block), q.log_component(z, own)
    forms = [log_own - log_q, q.gaussian_information() - (log_q - q.log_gaussian(z))]
    best = min(forms, key=np.std)
    return float(best.mean()), float(best.std() / np.sqrt(len(z)))


def _log_mixture(q: _Mixture, z: Floats, own: Ints, rows: Ints, weight: float, block: int) -> Floats:
    """log [w q(z|own) + (1 - w) mean_{n in rows, n != own} q(z|n)] with w the weight of own, of each z (S, D); (S,)."""
    mu, variance, place = q.mu[rows], np.exp(q.logvar[rows]), np.full(len(q.mu), -1)
    place[rows] = np.arange(len(rows))
    # -1/2 sum_j (z_j - mu_j)^2 / var_j as one matrix product of (z^2, z) with (S, 2D) @ (2D, M)
    form = np.concatenate([-0.5 / variance, mu / variance], axis=1).T
    constant = -0.5 * np.sum(mu**2 / variance + q.logvar[rows] + LOG_2PI, axis=1)
    log_rest = np.empty(len(z))
    for s in np.array_split(np.arange(len(z)), min(len(z), len(z) * len(rows) // block + 1)):
        log_q = np.concatenate([z[s] ** 2, z[s]], axis=1) @ form
        log_q += constant
        among = place[own[s]] >= 0
        log_q[among, place[own[s[among]]]] = -np.inf
        largest = log_q.max(axis=1, keepdims=True)
        np.exp(np.subtract(log_q, largest, out=log_q), out=log_q)
        log_rest[s] = largest[:, 0] + np.log(log_q.sum(axis=1) / (len(rows) - among))
    return np.asarray(np.logaddexp(_log(weight) + q.log_component(z, own), np.log1p(-weight) + log_rest))


def _log(weight: float) -> float:
    return math.log(weight) if weight > 0 else -math.inf


def _checked(mu: Floats, logvar: Floats) -> _Mixture:
    mu, logvar = real("mu", mu).astype(np.float64), real("logvar", logvar).astype(np.float64)
    if mu.shape != logvar.shape:
        raise MetricError(f"mu has shape {mu.shape} and logvar {logvar.shape}: both must be (N, D)")
    if len(mu) < 2:
        raise MetricError("mu has 1 row, expected at least 2: a mixture of one component holds no information")
    return _Mixture(mu, logvar)
