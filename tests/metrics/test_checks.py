import numpy as np
import pytest

from metrics import _checks
from metrics._codes import Codes, MetricError

Z, V = np.zeros((4, 2), np.float32), np.zeros((4, 3), int)


def with_value(array, row, column, value):
    out = array.copy()
    out[row, column] = value
    return out


@pytest.mark.parametrize(
    ("z", "v", "message"),
    [
        (Z[:3], V, "z has 3 rows and v has 4"),
        (with_value(Z, 2, 1, np.nan), V, r"z column 1 holds nan in row 2"),
        (with_value(Z, 0, 0, np.inf), V, r"z column 0 holds inf in row 0"),
        (Z.astype(object), V, "z has dtype object"),
        (Z.astype(complex), V, "z has dtype complex128"),
        (Z[:, 0], V, r"z has shape \(4,\)"),
        (Z[:0], V[:0], r"z has shape \(0, 2\)"),
        (Z, V[:, :0], r"v has shape \(4, 0\)"),
        (Z, V.astype(float), "v has dtype float64, expected integers"),
        (Z, V.astype(object), "v has dtype object"),
        (Z, with_value(V, 3, 2, -1), "v column 2 holds -1 in row 3"),
    ],
)
def test_malformed_codes_are_named_in_one_line(z, v, message):
    with pytest.raises(MetricError, match=message) as error:
        _checks.check(Codes(z, v))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, int, bool])
def test_real_codes_become_float64(dtype):
    assert _checks.check(Codes(Z.astype(dtype), V)).z.dtype == np.float64


def test_float32_codes_and_small_indices_are_kept_as_they_are():
    codes = Codes(Z, V.astype(np.uint8))
    checked = _checks.check(codes)
    assert checked.z is codes.z
    assert checked.v is codes.v


def test_plain_pairs_and_lists_are_codes():
    z, v, kinds = _checks.check(([[1.0], [2.0]], [[True], [False]]))
    assert z.shape == v.shape == (2, 1)
    assert v.dtype.kind == "u"
    assert kinds == ()


@pytest.mark.parametrize("bits", [-1000, -60, -50, 0, 50, 60, 1000])
def test_codes_beyond_2_to_50_are_brought_to_it_by_a_power_of_2(bits):
    z = np.array([[0.75, 0.0, -0.5], [-0.625, 0.0, 0.25]])
    bounded = _checks.check((z * 2.0**bits, [[0], [1]])).z
    assert np.array_equal(bounded, z * 2.0 ** (0 if bits < -50 else min(bits, 50)))


def test_single_dimensions_are_brought_to_it_after_all_together():
    z = np.array([[0.75, 2.0**-100], [0.5, 2.0**-101]])
    assert np.array_equal(_checks.check((z, [[0], [1]])).z, [[0.75, 2.0**-51], [0.5, 2.0**-52]])
    assert np.array_equal(
        _checks.check((z * 2.0**90, [[0], [1]])).z, [[0.75 * 2**50, 2.0**-50], [0.5 * 2**50, 2.0**-51]]
    )


def test_more_bins_than_rows_or_fewer_than_two():
    _checks.bins(4, 4)
    with pytest.raises(MetricError, match="bins is 5, more than the 4 rows"):
        _checks.bins(5, 4)
    with pytest.raises(MetricError, match="bins is 1, expected at least 2"):
        _checks.bins(1, 4)


def test_arguments_out_of_range():
    _checks.positive(n_train=1)
    with pytest.raises(MetricError, match="n_test is 0, expected at least 1"):
        _checks.positive(n_train=1, n_test=0)
    with pytest.raises(MetricError, match="penalty is nan"):
        _checks.at_least("penalty", float("nan"), 0)
    with pytest.raises(MetricError, match=r"z has 1 column\(s\), expected at least 2: why"):
        _checks.columns("z", Z[:, :1], 2, "why")
