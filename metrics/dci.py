"""DCI. Eastwood & Williams, A Framework for the Quantitative Evaluation of Disentangled Representations, ICLR 2018."""

from collections.abc import Callable

import numpy as np
from scipy.special import entr
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from metrics._about import About
from metrics._boosting import boosted_trees
from metrics._checks import positive
from metrics._codes import Codes, Floats, Ints, MetricError, Scores
from metrics._rows import first_rows, varying

__all__ = ["dci"]

ABOUT = About(
    meaning="whether each dimension serves one factor (disentanglement) and each factor one dimension (completeness), "
    "and how well factors are predicted (informativeness)",
    range="0 to 1, higher is better",
    chance="0.001 for the first two; informativeness 0.124, the share of right guesses",
    ceiling="1",
)

# A probe fits a factor y (N,) of two values or more to codes x (N, D): probe(x, y, x_test, rng) returns its prediction
# for each row of x_test and the importance of each code, (D,), not negative.
Probe = Callable[[Floats, Ints, Floats, np.random.Generator], tuple[Ints, Floats]]


def dci(
    sample: Codes, rng: np.random.Generator, *, n_train: int = 10_000, n_test: int = 5_000, probe: str = "trees"
) -> Scores:
    """Disentanglement, completeness and informativeness, from the importances R (D, K) of a probe for each factor.

    Fitted to the first `n_train` rows, tested on the next `n_test`. Probes: "trees", boosted trees as Locatello et al.
    (Challenging Common Assumptions..., ICML 2019) use them; "reference", the same by scikit-learn, 50 times slower;
    "linear", logistic regression on standardised codes, whose importances are mean |weights|. `rng` breaks ties
    between splits.

    Values, all in [0, 1]: "dci_disentanglement" (eq. 2), "dci_completeness", and "dci_informativeness", which here is
    the mean accuracy on the test rows (the paper has an error). per_factor: "completeness" and "informativeness" (K,).
    Matrix: "importance" (D, K), columns in shares.

    A value that a factor never takes in the training rows is never predicted: its test rows count as errors. A factor
    that is constant there has nan per factor, zeros in R, and no part in the scores. Codes of which nothing can be
    learnt have importance 0; if all are such, disentanglement and completeness are 0. Raises MetricError if all factors
    are constant, `sample` has too few rows or the probe is unknown.
    """
    positive(n_test=n_test)
    if probe not in PROBES:
        raise MetricError(f"probe is {probe!r}; expected one of {', '.join(PROBES)}")
    train, test = first_rows(sample, n_train, n_test)
    factors = np.flatnonzero(varying(train.v))
    R = np.zeros((train.z.shape[1], train.v.shape[1]))
    complete, accuracy = np.full((2, train.v.shape[1]), np.nan)
    for k in factors:
        predicted, R[:, k] = PROBES[probe](train.z, train.v[:, k], test.z, rng)
        accuracy[k] = np.mean(predicted == test.v[:, k])
    complete[factors] = concentration(R[:, factors].T)
    values = {
        "dci_disentanglement": disentanglement(R[:, factors]),
        "dci_completeness": completeness(R[:, factors]),
        "dci_informativeness": float(accuracy[factors].mean()),
    }
    return Scores(values, {"completeness": complete, "informativeness": accuracy}, {"importance": R})


def disentanglement(R: Floats) -> float:
    """sum_i rho_i D_i, with D_i = 1 - H_K(P_i), P_ik = R_ik / sum_k R_ik and rho_i = sum_k R_ik / sum_ik R_ik.

    Of importances R (D, K). A code of no importance weighs nothing; 0 if none has any.
    """
    rho = R.sum(axis=1)
    return float(np.average(concentration(R), weights=rho)) if rho.any() else 0.0


def completeness(R: Floats) -> float:
    """sum_k rho_k C_k, with C_k = 1 - H_D(P_k), P_ik = R_ik / sum_i R_ik and rho_k = sum_i R_ik / sum_ik R_ik."""
    return disentanglement(R.T)


def concentration(R: Floats) -> Floats:
    """1 - H_n(P_i) of each row of R (m, n), P_i the row in shares and H_n the entropy to base n; (m,).

    1 where one column has it all (and where there is only one column), 0 where all are alike or the row is zero.
    """
    total = R.sum(axis=1, keepdims=True)
    P = np.divide(R, total, out=np.full(R.shape, 1 / R.shape[1]), where=total > 0)
    return 1 - entr(P).sum(axis=1) / np.log(R.shape[1]) if R.shape[1] > 1 else np.ones(len(R))


def scikit_learn_trees(x: Floats, y: Ints, x_test: Floats, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """A probe: scikit-learn's own gradient boosting, with its defaults."""
    model = GradientBoostingClassifier(random_state=int(rng.integers(2**31))).fit(x, y)
    return model.predict(x_test), model.feature_importances_


def logistic(x: Floats, y: Ints, x_test: Floats, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """A probe: multinomial logistic regression on codes of variance 1; a code matters by its mean |weight|."""
    mean, sd = x.mean(axis=0), x.std(axis=0)
    scale = np.where(sd > 0, sd, 1)
    model = LogisticRegression(C=1.0, solver="lbfgs", tol=1e-4, max_iter=10_000).fit((x - mean) / scale, y)
    weight = np.abs(model.coef_).mean(axis=0)
    return model.predict((x_test - mean) / scale), weight / max(weight.sum(), np.finfo(np.float64).tiny)


PROBES: dict[str, Probe] = {"trees": boosted_trees, "reference": scikit_learn_trees, "linear": logistic}
