import io

import numpy as np
import pytest
import torch
from PIL import Image

from bench.training.build import build
from bench.training.traversals import SPAN, STEPS, png, traversal


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_of_images_with_grey_lines_between(channels):
    grid = np.linspace(-0.2, 1.2, 2 * 3 * channels * 4 * 5, dtype=np.float32).reshape(2, 3, channels, 4, 5)
    found = pixels(png(grid)).reshape(9, 17, channels)
    assert (found[4] == 128).all()
    assert (found[:, [5, 11]] == 128).all()
    for i, j in np.ndindex(2, 3):
        image = found[5 * i : 5 * i + 4, 6 * j : 6 * j + 5]
        expected = np.round(255 * grid[i, j].clip(0, 1)).transpose(1, 2, 0)
        np.testing.assert_array_equal(image, expected)


def test_a_traversal_moves_one_latent_a_row_and_leaves_the_others(toy, spec_of):
    backbone = build(spec_of(), toy.shape).backbone
    x = torch.from_numpy(toy.x(np.array([5])))
    mu, _ = backbone.encode(x)
    moved = mu.clone()
    moved[0, 1] = SPAN
    with torch.no_grad():
        expected = backbone.decode(moved).sigmoid()[0, 0].numpy()
    found = pixels(traversal(backbone, x))
    assert found.shape == (3 * 9 - 1, STEPS * 9 - 1)
    np.testing.assert_allclose(found[9:17, -8:], 255 * expected, atol=0.51)


def test_what_is_not_a_number_is_black():
    grid = np.full((1, 2, 1, 4, 4), np.nan, np.float32)
    grid[0, 1] = 1
    found = pixels(png(grid))
    assert (found[:, :4] == 0).all()
    assert (found[:, 5:] == 255).all()
