"""Metrics put together from scikit-learn and SciPy as one would by hand, to time ours against and to compare values.

Each takes a sample and the sizes n_train and n_test, and returns the value that ours gives first.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score, roc_auc_score
from sklearn.svm import LinearSVC

from metrics._codes import Codes
from metrics.dci import dci as our_dci


def mig(sample: Codes, n_train: int, n_test: int) -> float:
    z, v = sample.z[:n_train], sample.v[:n_train]
    bins = [np.digitize(z_j, np.histogram(z_j, 20)[1][:-1]) for z_j in z.T]
    mi = np.array([[mutual_info_score(b, v_k) for v_k in v.T] for b in bins])
    top = np.sort(mi, axis=0)
    return float(np.mean((top[-1] - top[-2]) / [mutual_info_score(v_k, v_k) for v_k in v.T]))


def dci(sample: Codes, n_train: int, n_test: int) -> float:
    """GradientBoostingClassifier."""
    scores = our_dci(sample, np.random.default_rng(0), n_train=n_train, n_test=n_test, probe="reference")
    return scores.values["dci_disentanglement"]


def sap(sample: Codes, n_train: int, n_test: int) -> float:
    """LinearSVC on each dimension and factor."""
    (z, v), (z_test, v_test) = split(sample, n_train, n_test)
    S = np.zeros((z.shape[1], v.shape[1]))
    for j, k in np.ndindex(S.shape):
        machine = LinearSVC(C=0.01, class_weight="balanced", dual=False).fit(z[:, [j]], v[:, k])
        S[j, k] = machine.score(z_test[:, [j]], v_test[:, k])
    top = np.sort(S, axis=0)
    return float(np.mean(top[-1] - top[-2]))


def explicitness(sample: Codes, n_train: int, n_test: int) -> float:
    """LogisticRegression and roc_auc_score."""
    (z, v), (z_test, v_test) = split(sample, n_train, n_test)
    mean, sd = z.mean(axis=0), z.std(axis=0)
    aucs = []
    for v_k, v_k_test in zip(v.T, v_test.T, strict=True):
        p = LogisticRegression(max_iter=1000).fit((z - mean) / sd, v_k).predict_proba((z_test - mean) / sd)
        p = p[:, 1] if p.shape[1] == 2 else p
        aucs.append(roc_auc_score(v_k_test, p, multi_class="ovr"))
    return float(np.mean(aucs))


def mcc(sample: Codes, n_train: int, n_test: int) -> float:
    """By Pearson's correlation; by Spearman's too, whose time counts."""
    z, v = sample.z[:n_train], sample.v[:n_train]
    both = np.corrcoef(z, v, rowvar=False), spearmanr(z, v).statistic
    pearson, spearman = (np.abs(r[: z.shape[1], z.shape[1] :]) for r in both)
    linear_sum_assignment(spearman, maximize=True)
    return float(pearson[linear_sum_assignment(pearson, maximize=True)].mean())


def infomec(sample: Codes, n_train: int, n_test: int) -> float:
    """InfoM by mutual_info_classif; LogisticRegression for InfoE, whose time counts."""
    z, v = sample.z[:n_train].astype(np.float64), sample.v[:n_train]
    h = [mutual_info_score(v_k, v_k) for v_k in v.T]
    nmi = np.stack([mutual_info_classif(z, v_k, n_neighbors=10, random_state=0) for v_k in v.T], axis=1) / h
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    for v_k in v.T:
        LogisticRegression(C=np.inf, max_iter=100, tol=1e-2, class_weight="balanced").fit(z, v_k).predict_proba(z)
    share = nmi.max(axis=1) / nmi.sum(axis=1)
    return float((share.mean() - 1 / v.shape[1]) / (1 - 1 / v.shape[1]))


def split(sample: Codes, n_train: int, n_test: int) -> tuple[Codes, Codes]:
    parts = slice(n_train), slice(n_train, n_train + n_test)
    train, test = (Codes(sample.z[rows], sample.v[rows]) for rows in parts)
    return train, test


REFERENCES: dict[str, Callable[[Codes, int, int], float]] = {
    "dci": dci,
    "explicitness": explicitness,
    "infomec": infomec,
    "mcc": mcc,
    "mig": mig,
    "sap": sap,
}
