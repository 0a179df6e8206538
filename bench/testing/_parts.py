"""What the checks are made of: plugins scaled down, and two updates of the training loop."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from bench import plugins
from bench.plugins import Params
from bench.spec import DataSpec, RunSpec
from bench.training.loop import Training, train
from methods._base import Backbone, Method
from methods._likelihood import LIKELIHOODS

# That a backbone may fit, the first of them that it does: images, a vector, a sequence.
SHAPES = ((1, 32, 32), (3, 32, 32), (1, 64, 64), (12,), (2, 12))


def expect(kept: object, name: str, found: str, expected: str) -> None:
    """AssertionError in one line unless `kept`."""
    if not kept:
        raise AssertionError(f"{name}: {found}; expected {expected}")


def narrow(kind: str, name: str) -> Params:
    """The arguments of a plugin by their defaults, but for a `width`, which is scaled down."""
    width = plugins.defaults(kind, name).get("width")
    return plugins.resolve(kind, name, {"width": 0.1 if width.annotation is float else 8} if width else {})


def backbone(name: str, shape: tuple[int, ...], z_dim: int, likelihood: str = "bernoulli") -> Backbone:
    """A backbone with initial weights that are always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made: Backbone = plugins.load("backbone", name)(
            shape, z_dim, LIKELIHOODS[likelihood], **narrow("backbone", name)
        )
        return made


def fitting(name: str) -> tuple[int, ...]:
    """A shape of observations that the backbone fits."""
    for shape in SHAPES:
        try:
            backbone(name, shape, 3)
        except ValueError:
            continue
        return shape
    raise AssertionError(f"{name}: fits none of {SHAPES}; expected one of them to be taken without a ValueError")


def method(name: str, body: Backbone, **params: Any) -> Method:
    """A method over a backbone, with initial weights that are always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made: Method = plugins.load("method", name)(body, **{**narrow("method", name), **params})
        return made


def on_vectors(name: str) -> Method:
    """A method over the smallest backbone, for observations of 12 numbers."""
    return method(name, backbone("mlp", (12,), 3))


def batch(shape: tuple[int, ...], n: int = 16) -> Tensor:
    """Observations that are uniform noise; (n, *shape)."""
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1))


def rng(seed: int = 0) -> torch.Generator:
    """A generator of the processor."""
    return torch.Generator().manual_seed(seed)


def two_updates(made: Method) -> Training:
    """Train on the same noise, twice."""
    shape = made.backbone.x_shape
    spec = RunSpec(
        dataset=DataSpec(name="noise", sha256=""), method="", params={}, backbone="", backbone_params={},
        likelihood="bernoulli", z_dim=made.backbone.z_dim, batch_size=8, steps=2, lr=1e-2, seed=0,
    )  # fmt: skip
    x = batch(shape, 8 * made.draws)
    return train(made, lambda step: x, spec, rng(2), 1)


def all_finite(values: Mapping[str, float]) -> bool:
    """Whether no value is infinite or nan."""
    return all(math.isfinite(value) for value in values.values())
