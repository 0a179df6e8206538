"""DCI-ES. Eastwood et al., DCI-ES: An Extended Disentanglement Framework..., ICLR 2023, sec. 4."""

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

from metrics._about import About
from metrics._boosting import chosen, prior, stages_of_trees
from metrics._checks import at_least, positive
from metrics._codes import Codes, Floats, Ints, MetricError, Scores
from metrics._rows import first_rows, varying
from metrics.dci import completeness, concentration, disentanglement

__all__ = ["dci_es"]

ABOUT = About(
    meaning="DCI, and how small a probe already predicts the factors as well as the largest (explicitness)",
    range="0 to 1, higher is better; explicitness from -1",
    chance="0.001 for disentanglement and completeness; informativeness 0.125; explicitness is not defined",
    ceiling="1",
)

RATE = 0.1  # of the boosted trees of dci: each stage takes a tenth of the step that it finds

# A probe that grows, fitted to a factor y (N,) of two values or more and codes x (N, D): growing(x, y, x_test, rng,
# stages=T) yields after each stage the scores of each row of x_test by class, (C, M), or (1, M) of two classes, and the
# importance of each code, (D,), which is right after the last.
Growing = Callable[..., Iterator[tuple[Floats, Floats]]]


def dci_es(
    sample: Codes,
    rng: np.random.Generator,
    *,
    n_train: int = 10_000,
    n_test: int = 5_000,
    probe: str = "trees",
    stages: int = 100,
    floor: float = 0.05,
) -> Scores:
    """Disentanglement, completeness and informativeness as `dci` has them, and explicitness: how soon a probe learns.

        E = mean_k E_k,   E_k = 1 - AULCC_k / Z_k,   Z_k = (kappa_T - kappa_1) b_k / 2
        AULCC_k = sum_t ((l_t-1 + l_t) / 2 - l_T) (kappa_t - kappa_t-1)

    l_t is the loss of a probe of capacity kappa_t, or of a smaller one if that does better; b_k is the loss of a
    constant prediction. AULCC is the area between this loss-capacity curve and its lowest loss, and Z that of a loss
    which falls in a straight line from b_k to 0. So E_k is 1 where the smallest probe does as well as the largest, 0
    for that straight line, and -1 where only the largest learns anything.

    The family of probes is gradient boosting with trees of depth 3, whose capacity is the logarithm of its stages, 1,
    2, 4, ... below `stages` and `stages` itself; the loss is the share of test rows whose value is not predicted. One
    fit to the first `n_train` rows gives all capacities, tested on the next `n_test`, and takes as long as `dci`: after
    t stages the trees' part of a score is divided by 1 - 0.9^t, since shrinkage would pass for want of capacity. The
    paper takes random forests by depth, perceptrons and random Fourier features by their weights, the losses 1 - R^2
    and 1 - accuracy, and b_k = 1 - 1 / n_k, which it is here where values are equally frequent.

    D, C and I are those of the whole probe: with 100 stages, and the same `probe` and rng, those of `dci`.
    Probes: "trees", and "reference", the same by scikit-learn, 50 times slower.

    Values: "dci_es_disentanglement", "dci_es_completeness" and "dci_es_informativeness", in [0, 1], and
    "dci_es_explicitness", in [-1, 1], the mean over factors whose lowest loss is below b_k by a share of at least
    `floor`; absent where there is none. per_factor: "completeness", "informativeness", "explicitness", and the curve:
    "loss_1", "loss_2", ..., and "loss_constant", b_k; (K,). Matrix: "importance" (D, K), columns in shares.

    Pitfalls: explicitness does not say how much is learnt. A curve that never falls is explicit by the paper's formula,
    which `floor` 0 gives back: noise then scores about 1. So it does where test rows are so few (hundreds) that chance
    alone passes the floor. Of two codes the better may be the less explicit: read it beside informativeness. The family
    decides what is easy: trees ask one code at a time, so that a rotation takes capacity, which costs a linear probe
    nothing (r2).

    A factor that is constant in the training rows is nan and left out; for the rest see `dci`. Raises MetricError if
    all factors are constant, `sample` has too few rows, the probe is unknown or an argument out of range.
    """
    positive(n_test=n_test)
    at_least("stages", stages, 2)
    at_least("floor", floor, 0)
    if probe not in GROWING:
        raise MetricError(f"probe is {probe!r}; expected one of {', '.join(GROWING)}")
    train, test = first_rows(sample, n_train, n_test)
    K, sizes = train.v.shape[1], capacities(stages)
    factors = np.flatnonzero(varying(train.v))
    R, accuracy = np.zeros((train.z.shape[1], K)), np.full((len(sizes), K), np.nan)
    constant, complete, explicit = np.full((3, K), np.nan)
    for k in factors:
        y, y_test = train.v[:, k], test.v[:, k]
        growth = GROWING[probe](train.z, y, test.z, rng, stages=stages)
        accuracy[:, k], R[:, k] = accuracy_curve(growth, sizes, y, y_test)
        constant[k] = np.mean(y_test != np.bincount(y).argmax())
        explicit[k] = explicitness(1 - accuracy[:, k], np.log(sizes), constant[k], floor)
    complete[factors] = concentration(R[:, factors].T)
    values = {
        "dci_es_disentanglement": disentanglement(R[:, factors]),
        "dci_es_completeness": completeness(R[:, factors]),
        "dci_es_informativeness": float(accuracy[-1, factors].mean()),
    }
    if not np.isnan(explicit).all():
        values["dci_es_explicitness"] = float(np.nanmean(explicit))
    per_factor = {"completeness": complete, "informativeness": accuracy[-1], "explicitness": explicit}
    curve = {f"loss_{t}": 1 - of_size for t, of_size in zip(sizes, accuracy, strict=True)}
    return Scores(values, per_factor | curve | {"loss_constant": constant}, {"importance": R})


def capacities(stages: int) -> list[int]:
    """1, 2, 4, ... below stages, and stages."""
    return [2**e for e in range(stages.bit_length()) if 2**e < stages] + [stages]


def explicitness(loss: Floats, capacity: Floats, constant: float, floor: float) -> float:
    """E of losses by ascending capacity, (T,) both, and of the loss of a constant prediction.

    nan where the lowest loss is not below that by a share of at least `floor`, and where that is 0.
    """
    best = np.minimum.accumulate(np.minimum(loss, constant))
    if constant == 0 or constant - best[-1] < floor * constant:
        return float("nan")
    return float(1 - 2 * np.trapezoid(best - best[-1], capacity) / ((capacity[-1] - capacity[0]) * constant))


def accuracy_curve(
    growth: Iterator[tuple[Floats, Floats]], sizes: list[int], y: Ints, y_test: Ints
) -> tuple[Floats, Floats]:
    """The share of test rows that a growing probe of y predicts at each of the sizes, (T,), and its importances (D,).

    The last size is that of the whole probe.
    """
    (classes, label), right = np.unique(y, return_inverse=True), []
    start = prior(label)[:, None]
    importance: Floats = np.zeros(0)
    for t, (score, gain) in enumerate(growth, start=1):
        if t in sizes:
            grown = start + (score - start) / (1 - (1 - RATE) ** t) if t < sizes[-1] else score
            right.append(np.mean(classes[chosen(grown)] == y_test))
            importance = gain
    return np.array(right), importance / max(importance.sum(), np.finfo(np.float64).tiny)


def scikit_learn_stages(
    x: Floats, y: Ints, x_test: Floats, rng: np.random.Generator, *, stages: int
) -> Iterator[tuple[Floats, Floats]]:
    """A growing probe: scikit-learn's own gradient boosting, with its defaults but the stages."""
    model = GradientBoostingClassifier(n_estimators=stages, random_state=int(rng.integers(2**31))).fit(x, y)
    for score in model.staged_decision_function(x_test):
        yield score.T, model.feature_importances_


GROWING: dict[str, Growing] = {"trees": stages_of_trees, "reference": scikit_learn_stages}
