"""The wrappers that alter observations."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm

from bench.errors import BenchError
from bench.training.batches import Table
from bench.wrappers.colour import colour
from bench.wrappers.noise import noise
from bench.wrappers.noisy_background import noisy_background

EVERY = np.arange(120)


@pytest.fixture
def floats(grid):
    """2,000 vectors of 12 numbers, Gaussian."""
    x = np.random.default_rng(3).standard_normal((2000, 12)).astype(np.float32)
    v = grid.v[np.arange(2000) % 120]
    return replace(
        grid, observations=x, v=v, shape=(12,), packed=False, kind="vector", likelihood="gaussian"
    )  # fmt: skip


@pytest.mark.parametrize("wrapper", [noise, colour, noisy_background])
def test_an_observation_is_a_function_of_seed_and_row(grid, wrapper):
    wrapped = wrapper(grid)
    x = wrapped.x(EVERY)
    assert x.dtype == np.float32
    assert x.shape == (120, *wrapped.shape)
    assert np.array_equal(wrapped.x(EVERY), x)
    assert np.array_equal(wrapped.x(np.array([7, 3, 7])), x[[7, 3, 7]])
    assert not np.array_equal(wrapper(grid, seed=1).x(EVERY), x)
    assert x.min() >= 0
    assert x.max() <= 1
    assert wrapped.sha256 == grid.sha256


def test_a_device_holds_no_table_of_observations_that_are_made(grid):
    assert Table.of(grid, torch.device("cpu")) is not None
    assert Table.of(colour(grid), torch.device("cpu")) is None


def test_binary_observations_flip_with_the_stated_probability(grid):
    wrapped = noise(grid, level=0.2)
    flipped = wrapped.x(EVERY) != grid.x(EVERY)
    n = flipped.size
    assert set(np.unique(wrapped.x(EVERY))) == {0, 1}
    assert abs(flipped.mean() - 0.2) < 4 * np.sqrt(0.2 * 0.8 / n)
    other = noise(grid, level=0.2, seed=1).x(EVERY) != grid.x(EVERY)
    assert abs((flipped & other).mean() - 0.04) < 4 * np.sqrt(0.04 * 0.96 / n)  # seeds are independent


def test_other_observations_have_normal_noise_of_the_stated_standard_deviation(floats):
    e = noise(floats, level=0.3).x(np.arange(2000)) - floats.x(np.arange(2000))
    assert abs(e.var() / 0.09 - 1) < 4 * np.sqrt(2 / e.size)
    assert kstest(e.ravel() / 0.3, norm.cdf).pvalue > 1e-3
    assert abs(np.corrcoef(e[:-1].ravel(), e[1:].ravel())[0, 1]) < 4 / np.sqrt(e.size)  # rows are independent


def test_greys_that_a_bernoulli_fits_stay_in_range(grid):
    grey = replace(grid, observations=np.full((120, 8, 8), 250, np.uint8), packed=False)
    x = noise(grey, level=0.5).x(EVERY)
    assert x.min() == 0
    assert x.max() == 1


def test_each_image_is_multiplied_with_a_colour_of_its_own(grid):
    """x_c = x rgb_c, rgb uniform on [0.5, 1]^3: what is dark stays dark, what is lit has one colour."""
    wrapped = colour(grid)
    x, base = wrapped.x(EVERY), grid.x(EVERY)
    rgb = x.reshape(120, 3, -1).max(axis=2)
    np.testing.assert_array_equal(x, base * rgb[:, :, None, None])
    assert kstest(rgb.ravel(), "uniform", args=(0.5, 0.5)).pvalue > 1e-3
    assert len(np.unique(rgb)) == 360


def test_noise_is_where_the_object_is_not(grid):
    """min(x + u, 1): lit pixels stay 1, dark ones are uniform, each colour for itself."""
    x, base = noisy_background(grid).x(EVERY), np.broadcast_to(grid.x(EVERY), (120, 3, 8, 8))
    assert (x[base == 1] == 1).all()
    assert kstest(x[base == 0], "uniform").pvalue > 1e-3


def test_they_compose_in_the_order_given(grid):
    both = noisy_background(colour(grid))
    coloured, noisy = (wrapped.x(EVERY) for wrapped in (colour(grid), noisy_background(grid)))
    background = np.where(grid.x(EVERY) == 0, noisy, 0)
    lit = np.broadcast_to(grid.x(EVERY) == 1, noisy.shape)
    np.testing.assert_array_equal(np.where(lit, 0, both.x(EVERY)), np.where(lit, 0, background))
    assert (both.x(EVERY)[lit] >= coloured[lit]).all()


@pytest.mark.parametrize(
    ("wrapper", "given", "told"),
    [
        (noise, {"level": 0.0}, "noise.level=0.0: expected a probability above 0 and up to 0.5"),
        (noise, {"level": 0.6}, "noise.level=0.6"),
        (noise, {"seed": -1}, "noise.seed=-1: expected a whole number of at least 0"),
        (colour, {"low": 1.5}, "colour.low=1.5: expected a number from 0 to 1"),
        (noisy_background, {"seed": -2}, "noisy_background.seed=-2"),
    ],
)
def test_arguments_out_of_range_are_refused(grid, wrapper, given, told):
    with pytest.raises(BenchError) as error:
        wrapper(grid, **given)
    assert told in str(error.value)


def test_colour_wants_images_without_colour(grid, floats):
    for wrong, found in ((colour(grid), "images of 3 x 8 x 8"), (floats, "vectors of 12")):
        with pytest.raises(BenchError, match=f"colour: expected images of 1 channel, given {found}"):
            colour(wrong)
    with pytest.raises(BenchError, match="noisy_background: expected images of 1 or 3 channel"):
        noisy_background(floats)


def test_categories_have_no_such_noise(grid):
    with pytest.raises(BenchError, match="categories"):
        noise(replace(grid, likelihood="categorical"))
