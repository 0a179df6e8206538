import numpy as np
import pytest

from bench.seeds import stream, word


def test_streams_are_those_of_record():
    """A change here changes every number of every run: it needs a new REVISION."""
    assert word(0, "noise") == 273846489309904870
    assert stream(7, "batches", 3).integers(1000, size=4).tolist() == [186, 926, 348, 956]


@pytest.mark.parametrize("other", [(1, "a", 0), (0, "b", 0), (0, "a", 1), (0, "a"), (0, "a", "0", "x")])
def test_streams_are_apart(other):
    assert word(0, "a", 0) != word(*other)
    draws = stream(0, "a", 0).standard_normal(4_000), stream(*other).standard_normal(4_000)
    assert abs(np.corrcoef(*draws)[0, 1]) < 0.06  # 3.8 standard errors


def test_words_fit_a_signed_64_bit_seed():
    assert all(0 <= word(seed, "noise") < 2**63 for seed in range(200))
