"""FactorVAE score. Kim & Mnih, Disentangling by Factorising, ICML 2018, section 4."""

import numpy as np

from metrics._about import About
from metrics._checks import at_least, check, positive
from metrics._codes import Codes, Floats, Ints, Scores
from metrics._groups import Group
from metrics._rows import some_vary, varying

__all__ = ["factorvae_score"]

ABOUT = About(
    meaning="whether the dimension that moves least tells which factor was held fixed",
    range="0 to 1, higher is better",
    chance="0.200, 1 / number of factors; 0 for collapsed codes",
    ceiling="1, also for codes blurred by noise of 1 standard deviation (0.991)",
)

BLOCK = 1_000  # votes drawn at a time: bounds the memory, changes no value


def factorvae_score(
    table: Codes,
    rng: np.random.Generator,
    *,
    votes: int = 10_000,
    eval_votes: int = 5_000,
    batch: int = 64,
    n_variance: int = 10_000,
    prune_std: float = 0.05,
) -> Scores:
    """Accuracy of the majority vote from "the code that varies least" to "the factor that was held fixed".

    One vote: draw a factor k and a row; draw `batch` rows that share its value of v_k; the code with the least
    variance over them, relative to its variance over `n_variance` rows of the table, votes for k. The majority of
    `votes` votes assigns a factor to each code, and the value is the share of `eval_votes` further votes that agree.
    Codes with a standard deviation below `prune_std` are left out, so that a dead one cannot win; with none left the
    score is 0. All rows are drawn with replacement, each as likely as the other; a factor's value is drawn with a row,
    so that a table without some combinations of factors can be scored too.

    Values: "factorvae_score", in [0, 1], about 1/K by chance. per_factor: "factorvae_score" (K,), the share of the
    factor's own evaluation votes. Matrix: "votes" (D, K), those that made the majority. A factor that is constant over
    the table is not drawn: nan. A note tells of codes that are left out only because all of them are small: a share of
    `prune_std` of the largest deviation would keep them. Raises MetricError if all factors are constant, or for
    arguments out of range.
    """
    positive(votes=votes, eval_votes=eval_votes)
    at_least("n_variance", n_variance, 2)
    at_least("batch", batch, 2)
    z, v, _ = check(table)
    some_vary(v)
    z_variance = z[rng.integers(len(z), size=n_variance)].var(axis=0, ddof=1)
    active = np.flatnonzero(np.sqrt(z_variance) >= prune_std)
    factors = np.flatnonzero(varying(v))
    train, test = np.zeros((2, z.shape[1], v.shape[1]), dtype=np.int64)
    if len(active) > 0:
        groups = [Group.of(v[:, k]) for k in factors]
        for tally, n in ((train, votes), (test, eval_votes)):
            tally[:, factors] = draw_votes(z, groups, z_variance, active, n, batch, rng)
    per_factor = np.full(v.shape[1], np.nan)
    per_factor[factors] = agreement(train, test)[factors] / np.maximum(test.sum(axis=0), 1)[factors]
    score = float(agreement(train, test).sum() / eval_votes)
    notes = pruned_by_scale(np.sqrt(z_variance), prune_std)
    return Scores(
        {"factorvae_score": score}, {"factorvae_score": per_factor}, {"votes": train.astype(np.float64)}, notes
    )


def pruned_by_scale(deviation: Floats, prune_std: float) -> tuple[str, ...]:
    """A note where codes of these deviations (D,) are left out that would stay if the largest deviation were 1."""
    left_out, largest = deviation < prune_std, deviation.max()
    if not (left_out & (deviation > 0) & (deviation >= prune_std * largest)).any():
        return ()
    return (
        f"{left_out.sum()} of {len(deviation)} dimensions are left out, as their standard deviation is below prune_std "
        f"{prune_std:g}; the largest is {largest:.2g}: divide the codes by it",
    )


def draw_votes(
    z: Floats,
    groups: list[Group],
    z_variance: Floats,
    active: Ints,
    votes: int,
    batch: int,
    rng: np.random.Generator,
) -> Ints:
    """How often each code of z (N, D) varied least with each factor fixed, one group a factor; (D, K)."""
    tally = np.zeros((z.shape[1], len(groups)), dtype=np.int64)
    for k, n in enumerate(rng.multinomial(votes, np.full(len(groups), 1 / len(groups)))):
        for done in range(0, n, BLOCK):
            some = min(BLOCK, n - done)
            fixed = rng.integers(len(z), size=(some, 1))
            rows = groups[k].sharing(fixed, rng, (some, batch))
            tally[:, k] += np.bincount(least_varying(z[rows], z_variance, active), minlength=z.shape[1])
    return tally


def least_varying(z: Floats, z_variance: Floats, active: Ints) -> Ints:
    """argmin_j Var(z_j) / z_variance_j over the rows of each batch in z (n, batch, D), among the active j; (n,)."""
    return np.asarray(active[np.argmin(z.var(axis=1, ddof=1)[:, active] / z_variance[active], axis=1)])


def agreement(train: Ints, test: Ints) -> Ints:
    """How many votes of `test` (D, K) for each factor come from a code whose majority in `train` it is; (K,)."""
    majority = train.argmax(axis=1)
    return np.asarray(np.where(majority[:, None] == np.arange(train.shape[1]), test, 0).sum(axis=0))
