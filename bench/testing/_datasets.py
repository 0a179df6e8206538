"""What is asked of a data set."""

import re
from unittest import SkipTest

import numpy as np
import torch

from bench import plugins
from bench.data._base import FactorDataset
from bench.errors import FileNeeded
from bench.testing._parts import all_finite, backbone, expect, method, rng
from bench.training.batches import to_device
from methods._base import MethodError
from methods._likelihood import LIKELIHOODS

ROWS = 200


def it_is_a_grid_of_factors(name: str) -> None:
    """Each combination of factor values is one observation; of a sample, that its rows are of such combinations."""
    data = _made(name)
    expect(isinstance(data, FactorDataset), name, f"makes {type(data)}", "a bench.data._base.FactorDataset")
    rows = len(data), len(data.v), int(np.prod(data.sizes))
    as_many = rows[0] == rows[1] and (data.sampled or rows[1] == rows[2])
    expect(as_many, name, f"has {rows} observations, rows of v, combinations of sizes", "as many of each")
    K = data.v.shape[1]
    named = len(data.names) == len(data.sizes) == K
    expect(named, name, f"has names {data.names} and sizes {data.sizes} of {K} factors", "one of each for each factor")
    if data.sampled:
        _it_is_a_sample(name, data)
        return
    bounds = data.v.min(axis=0).tolist(), data.v.max(axis=0).tolist()
    all_there = bounds == ([0] * K, [size - 1 for size in data.sizes])
    expect(all_there, name, f"v goes from {bounds[0]} to {bounds[1]}", f"0 to {data.sizes}, less 1")
    different = len(np.unique(data.v, axis=0))
    expect(different == len(data), name, f"{different} of {len(data)} rows of v differ", "all of them")


def its_observations_fit_its_likelihood(name: str) -> None:
    """They are of the stated shape, finite, not all alike and in the support of the likelihood."""
    data = _made(name)
    expect(data.likelihood in LIKELIHOODS, name, f"likelihood is {data.likelihood!r}", f"one of {list(LIKELIHOODS)}")
    x = data.x(_some(data))
    found = x.shape, x.dtype
    expect(
        found == ((ROWS, *data.shape), np.dtype("float32")), name, f"x is {found}", f"{(ROWS, *data.shape)}, float32"
    )
    expect(np.isfinite(x).all(), name, "x holds numbers that are not finite", "finite numbers")
    expect(x.std() > 0, name, "x is the same everywhere", "observations that differ")
    held = LIKELIHOODS[data.likelihood]
    found_x = f"x, from {x.min()} to {x.max()}, is not what {data.likelihood} holds"
    expect(held.holds(torch.from_numpy(x)), name, found_x, held.support)


def it_is_the_same_each_time(name: str) -> None:
    """Made twice, it has the same sha256, which is part of each run's key, and the same observations."""
    a, b = _made(name), _made(name)
    for data in (a, b):
        expect(re.fullmatch("[0-9a-f]{64}", data.sha256), name, f"sha256 is {data.sha256!r}", "64 hex digits")
    same = a.sha256 == b.sha256 and np.array_equal(a.x(_some(a)), b.x(_some(b))) and np.array_equal(a.v, b.v)
    expect(same, name, "is another when made a second time", "the same, bit for bit")


def a_backbone_fits_it(name: str) -> None:
    """A VAE over some known backbone has finite terms on it."""
    data = _made(name)
    x, fits = to_device(data.x(_some(data)[:8]), rng().device), []
    for body in plugins.names("backbone"):
        try:
            made = method("vae", backbone(body, data.shape, 3, data.likelihood))
        except MethodError:
            continue
        fits.append(body)
        terms = {term: value.item() for term, value in made.terms(x, 0, rng()).items()}
        expect(all_finite(terms), name, f"a VAE over {body} has terms {terms}", "finite numbers")
    known = ", ".join(plugins.names("backbone"))
    expect(fits, name, f"no backbone fits observations of {data.shape}", f"one of {known}, or one that comes with it")


CHECKS = (
    it_is_a_grid_of_factors,
    its_observations_fit_its_likelihood,
    it_is_the_same_each_time,
    a_backbone_fits_it,
)


def _it_is_a_sample(name: str, data: FactorDataset) -> None:
    """Values are known or -1; true values of continuous factors are known where their bins are, and stay in order."""
    lowest, highest = data.v.min(axis=0), data.v.max(axis=0)
    inside = (lowest >= -1).all() and (highest < np.array(data.sizes)).all()
    expect(inside, name, f"v goes from {lowest} to {highest}", f"-1 (not known) or 0 to {data.sizes}, less 1")
    said = bool(data.numbers), bool(re.fullmatch(r"v(width|quantile)\d+", data.binned))
    expect(len(set(said)) == 1, name, f"binned is {data.binned!r}", "vwidthN or vquantileN with continuous factors")
    for factor, values in data.numbers.items():
        bins = data.v[:, data.names.index(factor)]
        same = np.array_equal(np.isfinite(values), bins >= 0)
        expect(same, name, f"{factor} has true values in other rows than bins", "nan just where v is -1")
        ascending = (np.diff(bins[np.argsort(values)][: int((bins >= 0).sum())]) >= 0).all()
        expect(ascending, name, f"bins of {factor} are not in the order of its values", "bins that ascend with them")


def _made(name: str) -> FactorDataset:
    try:
        made: FactorDataset = plugins.load("dataset", name)()
    except FileNeeded as error:
        raise SkipTest(str(error)) from None
    return made


def _some(data: FactorDataset) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng(0).integers(len(data), size=ROWS)
