"""How much the test of `mann_whitney` can see: its power, the least difference it finds, the seeds that it takes.

All of it in the model of `mann_whitney.u_distribution`: exact up to 20 seeds against 20, by the normal
approximation beyond.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import optimize, special

from bench.report.stats.mann_whitney import EXACT_MODEL, LOG_ODDS, from_log_odds, improvement_variance, upper_tails

POWER = 0.8
MOST_SEEDS = 100_000  # beyond, a difference is for all purposes none


def power(theta: float, m: int, n: int, *, alpha: float) -> float:
    """How often m seeds against n give p <= alpha and A the higher, where P(A>B) is theta, 0 < theta < 1."""
    critical = _critical(m, n, alpha)
    if critical is None:
        return 0.0
    if m * n <= EXACT_MODEL:
        return float(np.interp(float(special.logit(theta)), LOG_ODDS, upper_tails(m, n)[:, critical]))
    distance = theta - (critical - 0.5) / (m * n)
    return float(special.ndtr(distance / math.sqrt(improvement_variance(theta, m, n))))


@lru_cache(2**12)
def detectable(m: int, n: int, *, alpha: float) -> float:
    """The least P(A>B) above 1/2 that m seeds against n find with 80 % power; nan where no U has a p of alpha."""
    critical = _critical(m, n, alpha)
    if critical is None:
        return math.nan
    if m * n <= EXACT_MODEL:
        return from_log_odds(float(np.interp(POWER, upper_tails(m, n)[:, critical], LOG_ODDS)))
    return float(optimize.brentq(lambda theta: power(theta, m, n, alpha=alpha) - POWER, 0.5, 1 - 1e-9))


def seeds_to_differ(theta: float, *, alpha: float) -> int:
    """Seeds of each of two settings that find a P(A>B) of theta with 80 % power; `MOST_SEEDS` if more."""
    beyond = min(max(theta, 1 - theta), 1 - 1e-9)
    return _first(lambda n: power(beyond, n, n, alpha=alpha) >= POWER)


def seeds_to_be_equivalent(theta: float, *, alpha: float, margin: float) -> int:
    """Seeds of each that bring the interval of level 1 - alpha within 1/2 and the margin with 80 % power, likewise.

    Reckoned by the normal approximation: it takes dozens.
    """
    if abs(theta - 0.5) >= margin:
        return MOST_SEEDS
    z = -float(special.ndtri(alpha / 2))

    def within(n: int) -> float:
        """How often P(A>B) is found so near to 1/2 that neither 1/2 + margin nor 1/2 - margin is in the interval."""
        room = margin - z * math.sqrt(improvement_variance(0.5 + margin, n, n))
        spread = math.sqrt(improvement_variance(theta, n, n))
        return float(special.ndtr((0.5 + room - theta) / spread) - special.ndtr((0.5 - room - theta) / spread))

    return _first(lambda n: within(n) >= POWER)


def _critical(m: int, n: int, alpha: float) -> int | None:
    """The least U above its mean of which p is at most alpha; None where the greatest U has a greater p."""
    if m * n <= EXACT_MODEL:
        null = upper_tails(m, n)[LOG_ODDS.size // 2]
        reached = np.flatnonzero(2 * null <= alpha * (1 + 1e-9))
        return int(reached[0]) if reached.size else None
    spread = math.sqrt(m * n * (m + n + 1) / 12)
    u = math.ceil(m * n / 2 + 0.5 - spread * float(special.ndtri(alpha / 2)))
    return u if u <= m * n else None


def _first(holds: Callable[[int], bool]) -> int:
    """The least number of seeds, of which it holds for all greater ones; `MOST_SEEDS` if that is more."""
    low, high = 0, 1
    while not holds(high):
        low, high = high, 2 * high
        if low >= MOST_SEEDS:
            return MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
