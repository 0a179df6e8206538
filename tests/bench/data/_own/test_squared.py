"""Images of any two sides, made square."""

import numpy as np
import pytest
from PIL import Image

from bench.data._own.squared import check, side_of, squared
from bench.errors import BenchError

WIDE = np.arange(2 * 4 * 7, dtype=np.uint8).reshape(2, 4, 7)


def test_a_crop_is_the_middle():
    np.testing.assert_array_equal(squared(WIDE, 4, "crop"), WIDE[:, :, 1:5])
    np.testing.assert_array_equal(squared(np.swapaxes(WIDE, 1, 2), 4, "crop"), np.swapaxes(WIDE, 1, 2)[:, 1:5])


def test_a_pad_is_the_whole_on_black():
    padded = squared(WIDE, 7, "pad")
    np.testing.assert_array_equal(padded[:, 1:5], WIDE)
    assert padded.shape == (2, 7, 7)
    assert padded.sum() == WIDE.sum()
    assert squared(WIDE / np.float32(255), 7, "pad").dtype == np.float32


@pytest.mark.parametrize(("fit", "of"), [("", slice(None)), ("resize", slice(None)), ("crop", slice(20, 198))])
def test_all_are_resampled_by_lanczos(fit, of):
    image = np.random.default_rng(0).integers(256, size=(3, 218, 178), dtype=np.uint8)
    found = squared(image, 64, fit)
    whole = Image.fromarray(np.ascontiguousarray(np.moveaxis(image[:, of], 0, 2)))
    expected = np.asarray(whole.resize((64, 64), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(found, np.moveaxis(expected, 2, 0))


def test_an_image_of_the_right_size_is_as_it_was():
    for fit in ("", "crop", "resize", "pad"):
        np.testing.assert_array_equal(squared(WIDE[:, :, :4], 4, fit), WIDE[:, :, :4])


@pytest.mark.parametrize(
    ("height", "width", "size", "fit", "side"),
    [
        (32, 32, 0, "", 32),
        (64, 64, 32, "", 32),
        (218, 178, 64, "crop", 64),
        (218, 178, 64, "resize", 64),
        (32, 64, 0, "crop", 32),
        (32, 64, 0, "pad", 64),
        (32, 64, 0, "resize", 64),
        (1, 3, 32, "pad", 32),
    ],
)
def test_the_side_is_one_that_backbones_take(height, width, size, fit, side):
    assert side_of("npz", (3, height, width), size, fit) == side


@pytest.mark.parametrize(
    ("height", "width", "size", "fit", "message"),
    [
        (218, 178, 0, "", "a square image, or npz.fit=crop, fit=resize or fit=pad to make it square, with npz.size=32"),
        (218, 178, 64, "", "a square image, or npz.fit=crop, fit=resize or fit=pad to make it square"),
        (218, 178, 0, "crop", "32 x 32 or 64 x 64, or npz.size=32 or size=64 to resample"),
        (100, 100, 0, "", "32 x 32 or 64 x 64, or npz.size=32 or size=64 to resample"),
    ],
)
def test_what_is_wrong_names_the_argument(height, width, size, fit, message):
    assert str(side_of("npz", (3, height, width), size, fit)).startswith(f"is {width} x {height}: expected {message}")


def test_arguments_out_of_range():
    with pytest.raises(BenchError, match=r"npz.size=48: expected 32 or 64, or 0 to take images as they are"):
        check("npz", 48, "")
    with pytest.raises(BenchError, match=r"npz.fit=stretch: expected crop, resize, pad, or nothing"):
        check("npz", 32, "stretch")
