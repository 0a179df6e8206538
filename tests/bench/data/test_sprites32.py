"""sprites32 as it is recorded, and the symmetries that its grid has."""

import numpy as np
import pytest

from bench.data.sprites32 import SCENE, sprites32

SHA256 = "e37ba84a6192413b551efedd5221e0438798fdf97afec57e89a38ce2c9e28946"
SQUARE, ELLIPSE = 0, 1


def images(shape, turn):
    factors = np.stack(np.meshgrid([shape], range(4), [turn], range(16), range(16), indexing="ij"), -1)
    return SCENE.packed(factors.reshape(-1, 5))


def test_the_data_set_is_that_of_record():
    data = sprites32()
    assert data.sha256 == SHA256
    assert len(data) == 61_440
    assert data.observations.shape == (61_440, 128)
    assert int(np.bitwise_count(data.observations).sum()) == 2_699_284
    assert data.names == ("shape", "scale", "orientation", "posX", "posY")
    assert data.sizes == (3, 4, 20, 16, 16)
    assert (data.shape, data.kind, data.likelihood, data.packed) == ((1, 32, 32), "image", "bernoulli", True)


def test_factors_belong_to_their_images():
    data = sprites32()
    index = np.random.default_rng(0).integers(0, len(data), 100)
    assert data.v.shape == (61_440, 5)
    assert data.v.dtype == np.uint8
    np.testing.assert_array_equal(data.x(index)[:, 0], SCENE.render(data.v[index]))
    assert set(np.unique(data.x(index))) == {0, 1}


def test_a_small_square_by_hand():
    expected = np.zeros((32, 32))
    expected[6:10, 6:10] = 1  # half side 2.4 about (8, 8)
    np.testing.assert_array_equal(sprites32().x(np.array([0]))[0, 0], expected)


@pytest.mark.parametrize("turn", range(5))
def test_a_square_repeats_each_quarter_turn(turn):
    for quarter in (5, 10, 15):
        np.testing.assert_array_equal(images(SQUARE, turn), images(SQUARE, turn + quarter))


@pytest.mark.parametrize("turn", range(10))
def test_an_ellipse_repeats_each_half_turn(turn):
    np.testing.assert_array_equal(images(ELLIPSE, turn), images(ELLIPSE, turn + 10))


def test_orientations_leave_out_the_full_turn():
    hearts = [images(2, turn).tobytes() for turn in range(20)]
    assert len(set(hearts)) == 20
