"""Arrays of a user's own that may be read in more than one way, and images of any two sides."""

from pathlib import Path

import numpy as np
import pytest
from own import refused

from bench.data._own.squared import squared
from bench.data.npz import npz

RNG = np.random.default_rng(0)
V = np.stack(np.unravel_index(np.arange(24), (4, 3, 2)), axis=1)
EVERY = np.arange(24)
CASES = Path(__file__).parents[3] / "data/own"


pytestmark = pytest.mark.usefixtures("cache")


@pytest.mark.parametrize("fit", ["crop", "resize", "pad"])
@pytest.mark.parametrize("scale", [1, 255])
def test_images_of_any_two_sides(saved, fit, scale):
    x = RNG.integers(256, size=(24, 40, 70), dtype=np.uint8)
    held = x if scale == 1 else x / scale
    for given in (held, held[:, None], held[..., None]):
        data = npz(source=saved(x=given), size=32, fit=fit)
        assert (data.kind, data.shape) == ("image", (1, 32, 32))
        expected = squared(held[:1] if scale == 1 else held[:1].astype(np.float32), 32, fit) * (scale / 255)
        np.testing.assert_allclose(data.x(EVERY)[0], expected, atol=1e-6)


def test_rows_that_may_be_images_or_sequences_are_asked_about(saved):
    question = "images of 64 x 32 or sequences of 32 channels: expected npz.kind=image or npz.kind=sequence"
    with np.load(CASES / "non-square.npz") as case:
        bytes_ = case["x"][:24]
    for x in (bytes_, bytes_ > 100, bytes_ / 255):
        path = saved(x=x)
        assert refused(npz, path).endswith(question)
        assert npz(source=path, kind="sequence").kind == "sequence"
        assert "holds images, of which each is 64 x 32: expected a square image, or npz.fit=crop" in refused(
            npz, path, kind="image"
        )
        assert npz(source=path, fit="crop").shape == (1, 32, 32)
        assert npz(source=path, fit="pad", kind="image").shape == (1, 64, 64)
    assert question in refused(npz, CASES / "non-square.npz")
    for x in (RNG.normal(size=(24, 32, 64)), bytes_[:, :4], bytes_ / 255 + 1):
        assert npz(source=saved(x=x)).kind == "sequence"
    said = {"x": bytes_ / 255, "likelihood": np.array("gaussian")}
    assert npz(source=saved(**said)).kind == "sequence"


def test_texts_in_v_are_read_as_those_of_a_table(saved):
    v = np.column_stack([V[:, 0].astype(str), np.array(["True", "False"])[V[:, 2]]])
    v[7, 0] = "n/a"
    data = npz(source=saved(v=v))
    assert (data.sizes, data.v[7, 0], data.unordered) == ((4, 2), -1, ())
    assert data.notes == ("column 'factor1': 'n/a' (1 row) read as missing",)
    v[7, 0] = "1.O"
    line = refused(npz, saved(v=v))
    assert "column 'factor1', row 7 (the first is 0) is '1.O', with letters among its digits: expected a finite" in line
