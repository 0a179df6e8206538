"""What scores make of factors that depend on each other: the table of docs/wrappers.md."""

import inspect
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from metrics import _registry
from metrics._codes import Codes

FEW = {"n_train": 2000, "n_test": 1000, "votes": 2000, "eval_votes": 1000, "n_variance": 2000, "batch": 32, "draws": 1}
ASSUMING = ("mig", "dci", "dci_es", "infomec", "sap", "modularity")
NOT = ("dci_informativeness", "dci_es_informativeness", "dci_es_explicitness", "infoe")  # theirs that do not assume it


@pytest.fixture(scope="module")
def table():
    """By score, its four cells."""
    text = (Path(__file__).parents[2] / "docs" / "wrappers.md").read_text(encoding="utf-8").splitlines()
    head = next(n for n, line in enumerate(text) if line.startswith("| score | as it is, independent |"))
    lines = text[head + 2 : next(n for n in range(head, len(text)) if not text[n].startswith("|"))]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    return {name: [float(cell) for cell in cells] for name, *cells in rows}


@cache
def drawn(dependent):
    """Three factors of eight values, the first two independent or as `correlated` draws them with sigma 0.2."""
    a, b = np.divmod(np.arange(64), 8)
    p = np.exp(-(((a - b) / 8) ** 2) / (2 * 0.2**2)) if dependent else np.ones(64)
    rng = np.random.default_rng(0)
    pair = rng.choice(64, size=3000, p=p / p.sum())
    return np.stack([a[pair], b[pair], rng.integers(8, size=3000)], axis=1)


@cache
def scores(name, noise, dependent):
    v = drawn(dependent)
    z = (v - 3.5) / 2.29 + noise * np.random.default_rng(1).standard_normal(v.shape)
    metric = _registry.load(name)
    known = inspect.signature(metric).parameters
    return metric(Codes(z, v), np.random.default_rng(0), **{n: x for n, x in FEW.items() if n in known}).values


@pytest.mark.parametrize("name", [n for n in _registry.own() if n != "downstream"])
def test_what_takes_dependence_for_entanglement(name):
    for value in scores(name, 0.0, dependent=False):
        falls = [scores(name, noise, False)[value] - scores(name, noise, True)[value] for noise in (0.0, 0.5)]
        if name in ASSUMING and value not in NOT:
            assert max(falls) > 0.025, value
        else:
            assert np.abs(falls).max() < 0.045, value


def test_the_table_says_what_is_measured(table):
    owners = {
        value: name
        for name in ("mig", "dci", "infomec", "sap", "modularity", "r2", "mcc", "factorvae_score")
        for value in scores(name, 0.0, dependent=False)
    }
    assert {"mig", "dci_disentanglement", "r2_linear"} <= set(table)
    for value, cells in table.items():
        name = owners[value]
        found = [scores(name, noise, dependent)[value] for noise in (0.0, 0.5) for dependent in (False, True)]
        assert cells == pytest.approx(found, abs=0.011), value


def test_the_correlation_is_the_stated_one():
    assert np.corrcoef(drawn(True)[:, 0], drawn(True)[:, 1])[0, 1] == pytest.approx(0.78, abs=0.03)
