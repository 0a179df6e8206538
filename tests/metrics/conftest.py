"""The stored reference values (tests/data/oracle/README.md) as fixtures."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from metrics._codes import Codes

FOLDER = Path(__file__).parents[1] / "data" / "oracle"
INDEX = json.loads((FOLDER / "index.json").read_text())["cases"]


class Case(NamedTuple):
    """One case: its entry in the index and its arrays."""

    name: str
    about: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def expected(self) -> dict[str, Any]:
        return self.about["metrics"]

    @property
    def train(self) -> Codes:
        return Codes(self.arrays["mus_train"], self.arrays["ys_train"])

    @property
    def test(self) -> Codes:
        return Codes(self.arrays["mus_test"], self.arrays["ys_test"])

    @property
    def sample(self) -> Codes:
        """The training rows followed by the test rows."""
        return Codes(*(np.concatenate(pair) for pair in zip(self.train[:2], self.test[:2], strict=True)))

    @property
    def sizes(self) -> dict[str, int]:
        """The keyword arguments that split `sample` as the reference did."""
        return {"n_train": self.about["n_train"], "n_test": self.about["n_test"]}

    @property
    def table(self) -> Codes:
        """The codes of the whole grid, where they are stored."""
        sizes = self.about["factor_sizes"]
        return Codes(self.arrays["grid_mus"], np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1))


def load(name: str) -> Case:
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return Case(name, INDEX[name], dict(arrays))


@pytest.fixture(params=INDEX)
def case(request: pytest.FixtureRequest) -> Case:
    """Every stored case in turn."""
    return load(request.param)


@pytest.fixture(params=[name for name, about in INDEX.items() if "factor_vae" in about["metrics"]])
def grid_case(request: pytest.FixtureRequest) -> Case:
    """Every case with the codes of its whole grid and the values of the sampled metrics."""
    return load(request.param)


@pytest.fixture
def oracle():
    """The loader itself, for a case by name."""
    return load


def agree(ours: list[float], reference: dict[str, Any]) -> bool:
    """Whether our values over several seeds agree with the reference's mean and sd over its 10."""
    spread = np.sqrt(reference["sd"] ** 2 / 10 + np.var(ours, ddof=1) / len(ours))
    return abs(np.mean(ours) - reference["mean"]) <= 4 * spread + 2e-3


@pytest.fixture(name="agree")
def _agree():
    """The rule for sampled metrics: agree(our values over seeds, the reference's entry)."""
    return agree


@pytest.fixture
def v():
    """600 rows of three factors."""
    return np.random.default_rng(0).integers(0, (3, 4, 2), (600, 3))


@pytest.fixture
def entangled(v):
    """Four codes, each of all three factors."""
    rng = np.random.default_rng(1)
    return v @ rng.standard_normal((3, 4)) + 0.1 * rng.standard_normal((600, 4))
