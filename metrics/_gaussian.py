"""What Gaussian posteriors tell without labels: how dependent the codes are, and how much each of them holds."""

import numpy as np
from numpy.typing import NDArray

from metrics._codes import Floats, MetricError


def gaussian_tc(z: Floats, floor: float = 1e-10) -> float:
    """1/2 (sum_i log Cov_ii - log det Cov), in nats: the total correlation of a Gaussian with the covariance of z.

    z is (N, D). That is -1/2 log det of the correlation matrix, as it is computed here. Dimensions that are constant
    are independent of the others and dropped. Eigenvalues of the correlation matrix below `floor` are raised to it, so
    that a dimension that others determine counts -1/2 log(floor) = 11.5 nats, not infinitely many. Reported by
    Locatello et al., Challenging Common Assumptions..., ICML 2019, section 5.1.
    """
    z = z[:, np.ptp(z, axis=0) > 0].astype(np.float64)
    if z.shape[1] < 2:
        return 0.0
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(z, rowvar=False))
    return max(0.0, float(-0.5 * np.log(np.maximum(eigenvalues, floor)).sum()))


def active_units(mu: Floats, threshold: float = 0.01) -> NDArray[np.bool_]:
    """Var_x(mu_i(x)) > threshold, for mu (N, D); (D,). Burda et al., Importance Weighted Autoencoders, 2016, sec. 5."""
    return np.asarray(np.var(mu, axis=0, dtype=np.float64) > threshold)


def kl_per_dimension(mu: Floats, logvar: Floats) -> Floats:
    """E_x KL(q(z_i|x) || N(0, 1)) = E_x 1/2 (mu^2 + exp(logvar) - 1 - logvar), in nats, of mu and logvar (N, D); (D,).

    Raises MetricError if their shapes differ.
    """
    if mu.shape != logvar.shape:
        raise MetricError(f"logvar has shape {logvar.shape}; expected that of mu, {mu.shape}")
    return np.asarray(np.mean(0.5 * (mu**2 + np.exp(logvar) - 1 - logvar), axis=0, dtype=np.float64))
