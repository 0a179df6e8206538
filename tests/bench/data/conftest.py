"""Makes `originals` importable by the tests beside it, whatever else pytest collects; an empty cache for them."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache directory, which is not there yet."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def saved(tmp_path):
    """saved(x=..., v=...): the path of an .npz file with these arrays; without them of 24 rows on a grid."""

    def save(**arrays):
        path = tmp_path / f"mine{len(list(tmp_path.glob('mine*')))}.npz"
        v = np.stack(np.unravel_index(np.arange(24), (4, 3, 2)), axis=1)
        x = np.random.default_rng(0).integers(256, size=(24, 32, 32), dtype=np.uint8)
        np.savez_compressed(path, **{"x": x, "v": v} | arrays)
        return path

    return save
