"""The rasteriser, on its own and against images of dSprites."""

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bench.data._render.sprites import SUBPIXEL, fill
from bench.data.dsprites import SCENE
from bench.data.sprites32 import SCENE as SCENE32

EVIDENCE = Path(__file__).parents[3] / "data" / "dsprites_evidence.npz"


def lit_square(rows, columns):
    image = np.zeros((64, 64), np.uint8)
    image[rows, columns] = 1
    return image


def test_every_original_image_is_reproduced_pixel_for_pixel():
    with np.load(EVIDENCE, allow_pickle=False) as evidence:
        images, factors = evidence["imgs"], evidence["factors"]
    assert images.shape == (416, 64, 64)
    assert set(factors[:, 0]) == {0}  # colour, which has one value
    np.testing.assert_array_equal(SCENE.render(factors[:, 1:]), images)


@pytest.mark.parametrize(
    ("index", "lit", "sha256"),
    [
        (np.arange(1024), None, "bec9711607497a41ddb1173f4be931e163a01554d79581850576ed14c5394650"),
        (np.arange(0, 737_280, 997), 128_652, "234b863073463ddbb0e9963f7e2886db4a580ee8f744382af05e182fe51fad79"),
    ],
)
def test_images_are_those_of_record(index, lit, sha256):
    images = SCENE.render(SCENE.factors_of(index))
    assert hashlib.sha256(images.data).hexdigest() == sha256
    assert lit in (None, int(images.sum()))


def test_the_grid_is_the_original_one():
    assert SCENE.names == ("shape", "scale", "orientation", "posX", "posY")
    assert SCENE.sizes == (3, 6, 40, 32, 32)
    assert len(SCENE) == 737_280


def test_a_small_square_by_hand():
    first = SCENE.render([0, 0, 0, 0, 0])[0]
    np.testing.assert_array_equal(first, lit_square(slice(11, 21), slice(11, 21)))


@pytest.mark.parametrize(
    ("px", "py", "rows", "columns"),
    [
        (0, 0, slice(11, 21), slice(11, 21)),
        (31, 0, slice(11, 21), slice(43, 53)),
        (0, 31, slice(43, 53), slice(11, 21)),
        (31, 31, slice(43, 53), slice(43, 53)),
    ],
)
def test_x_goes_right_and_y_goes_down(px, py, rows, columns):
    np.testing.assert_array_equal(SCENE.render([0, 0, 0, px, py])[0], lit_square(rows, columns))


def test_no_sprite_reaches_the_border():
    # a tip lights a pixel of the outermost row only where it meets a centre, so every place along the border counts
    grid = np.stack(np.meshgrid(range(3), [5], range(40), range(32), [0, 31], indexing="ij"), -1).reshape(-1, 5)
    border = np.concatenate([grid, grid[:, [0, 1, 2, 4, 3]]])
    rows, columns = np.nonzero(np.unpackbits(np.bitwise_or.reduce(SCENE.packed(border))).reshape(64, 64))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 61, 2, 61)


def test_the_last_orientation_repeats_the_first():
    factors = np.stack(np.meshgrid(range(3), range(6), [0], [0, 13, 31], [0, 17, 31], indexing="ij"), -1).reshape(-1, 5)
    again = factors.copy()
    again[:, 2] = 39
    np.testing.assert_array_equal(SCENE.packed(factors), SCENE.packed(again))


def test_turns_are_anticlockwise_as_seen():
    ellipse = SCENE.render([1, 5, 5, 16, 16])[0]  # level at orientation 0, then turned by 46 degrees
    rows, columns = np.nonzero(ellipse)
    assert np.corrcoef(rows, columns)[0, 1] < -0.2  # higher up (smaller row) to the right


def test_images_are_in_row_major_order_of_their_factors():
    index = np.array([0, 1, 32, 1024, 40_960, 245_760, 737_279])
    factors = SCENE.factors_of(index)
    np.testing.assert_array_equal(np.nonzero(factors[1:6])[1], [4, 3, 2, 1, 0])
    np.testing.assert_array_equal(factors[-1], [2, 5, 39, 31, 31])
    np.testing.assert_array_equal(np.ravel_multi_index(tuple(factors.T), SCENE.sizes), index)


def test_packed_images_are_those_that_packbits_gives():
    factors = SCENE.factors_of(np.arange(0, 737_280, 7001))
    expected = np.packbits(SCENE.render(factors).reshape(len(factors), -1), axis=1)
    np.testing.assert_array_equal(SCENE.packed(factors), expected)


def test_blocks_do_not_depend_on_their_size():
    whole = np.concatenate(list(SCENE32.blocks()))
    uneven = np.concatenate(list(SCENE32.blocks(10_007)))
    assert whole.shape == (61_440, 128)
    np.testing.assert_array_equal(whole, uneven)


@pytest.mark.parametrize("scene", [SCENE, SCENE32], ids=["dsprites", "sprites32"])
def test_no_vertex_is_so_near_a_tie_that_rounding_depends_on_the_platform(scene):
    _, scales, turns, positions, _ = scene.sizes
    for shape in range(3):
        axes = np.meshgrid([shape], range(scales), range(turns), range(positions), [0], indexing="ij")
        factors = np.stack(axes, -1).reshape(-1, 5)
        factors[:, 4] = factors[:, 3]  # x depends on posX and y on posY only: the diagonal has every value of both
        for w in scene.vertices(factors):
            assert np.abs(w + 0.5 - np.rint(w + 0.5)).min() > 1e-8


def lit_by_definition(x, y, row, column):
    """Even-odd rule at one pixel, in exact fractions: the edges crossed on the way in from the left."""
    cx, cy = (SUBPIXEL * column + SUBPIXEL // 2), (SUBPIXEL * row + SUBPIXEL // 2)
    crossed = 0
    for x1, y1, x2, y2 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
        if min(y1, y2) < cy <= max(y1, y2):
            crossed += x1 + Fraction(int((cy - y1) * (x2 - x1)), int(y2 - y1)) <= cx
    return crossed % 2


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_fill_follows_the_definition(size):
    rng = np.random.default_rng(size)
    grid = rng.integers(0, 2 * size, (2, 6, 7))  # half pixels: many centres lie on edges and on vertices
    x, y = (grid * (SUBPIXEL // 2)).astype(np.int32)
    images = np.unpackbits(fill(x, y, size), axis=1).reshape(-1, size, size)
    for i, row, column in rng.integers(0, [6, size, size], (400, 3)):
        assert images[i, row, column] == lit_by_definition(x[i], y[i], row, column)


def test_a_polygon_that_crosses_no_row_is_dark():
    x, y = np.array([[0, 600, 600, 0]], np.int32), np.array([[130, 130, 140, 140]], np.int32)
    assert not fill(x, y, 8).any()
