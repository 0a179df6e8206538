import numpy as np
import pytest

from metrics._codes import Codes, MetricError
from metrics.irs import irs


def test_reference(case):
    ours = irs(case.sample, np.random.default_rng(0), n_train=case.about["n_train"])
    assert ours.values["irs"] == pytest.approx(case.expected["irs"]["value_float64"], abs=1e-6)
    if case.about["kind"] != "collapsed":  # the reference keeps constant dimensions there, by rounding
        active = case.arrays["irs_active"]
        np.testing.assert_allclose(ours.matrices["irs"][active], case.arrays["irs_matrix"], atol=1e-5)
        np.testing.assert_allclose(
            ours.matrices["max_deviation"][active, 0], case.arrays["irs_max_deviations"], rtol=1e-5
        )


def grid():
    v = np.stack(np.unravel_index(np.arange(16), (4, 4)), axis=1)
    return Codes(v.astype(float), v)


def test_by_hand():
    # Held by v_0, z = v_0 + v_1 / 2 departs from its mean by at most 0.75; over all rows by 2.25.
    _, v, _ = grid()
    ours = irs(Codes(v[:, :1] + v[:, 1:] / 2, v), np.random.default_rng(0), n_train=16, bins=4, percentile=1.0)
    np.testing.assert_allclose(ours.matrices["irs"], [[1 - 0.75 / 2.25, 1 - 1.5 / 2.25]])
    assert ours.values["irs"] == pytest.approx(1 - 0.75 / 2.25)


def test_dimensions_are_weighted_by_their_reach():
    z, v, _ = grid()
    mixed = np.stack([3 * z[:, 0], z.sum(axis=1)], axis=1)
    ours = irs(Codes(mixed, v), np.random.default_rng(0), n_train=16, bins=4, percentile=1.0)
    np.testing.assert_allclose(ours.matrices["max_deviation"][:, 0], [4.5, 3])
    assert ours.values["irs"] == pytest.approx((4.5 * 1 + 3 * 0.5) / 7.5)


def test_collapsed_codes_score_0_and_dead_dimensions_weigh_nothing():
    z, v, _ = grid()
    collapsed = Codes(np.full((16, 3), 0.1, np.float32), v)
    assert irs(collapsed, np.random.default_rng(0), n_train=16, bins=4).values["irs"] == 0
    ours = irs(Codes(np.insert(z, 1, -2, axis=1), v), np.random.default_rng(0), n_train=16, bins=4)
    assert ours.values["irs"] == 1
    assert ours.matrices["irs"][1].tolist() == [0, 0]


def test_a_constant_factor_explains_nothing():
    z, v, _ = grid()
    ours = irs(Codes(z, np.insert(v, 0, 3, axis=1)), np.random.default_rng(0), n_train=16, bins=4)
    assert ours.values["irs"] == 1
    assert np.isnan(ours.matrices["irs"][:, 0]).all()


@pytest.mark.parametrize("percentile", [-0.1, 1.5, float("nan")])
def test_percentile_is_a_fraction(percentile):
    with pytest.raises(MetricError, match="percentile is"):
        irs(grid(), np.random.default_rng(0), n_train=16, bins=4, percentile=percentile)
