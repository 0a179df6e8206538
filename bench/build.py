"""From a spec to the things it names: data set, backbone, method."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from bench import plugins
from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.seeds import word
from bench.spec import DataSpec, Params, RunSpec, Value, Wrapper
from methods._base import Method, MethodError
from methods._likelihood import LIKELIHOODS

_Args = tuple[tuple[str, Value], ...]
_Wrap = tuple[tuple[str, _Args], ...]


def data_spec(
    name: str, given: Params, source: str = "", wrap: Iterable[tuple[str, Mapping[str, Value]]] = ()
) -> DataSpec:
    """The spec of a data set, which is made or read for that, and wrapped by these in this order.

    BenchError for bad arguments or a bad file, or where a wrapper refuses the data set.
    """
    args = plugins.resolve("dataset", name, given)
    if source and not plugins.takes_source("dataset", name):
        raise BenchError(f"{name}.source={source}: {name} is made, not read from a file")
    wrappers = tuple(Wrapper(name=w, args=plugins.resolve("wrapper", w, given)) for w, given in wrap)
    dataset = _dataset(name, tuple(args.items()), source, _hashable(wrappers))
    return DataSpec(name=name, args=args, sha256=dataset.sha256, source=source, wrap=wrappers or msgspec.UNSET)


def load_dataset(spec: DataSpec) -> FactorDataset:
    """The data set of a spec, wrapped, kept for the life of the process. BenchError where it is not the one stated."""
    dataset = _dataset(spec.name, tuple(spec.args.items()), spec.source, _hashable(spec.wrappers))
    if dataset.sha256 != spec.sha256:
        raise BenchError(f"{spec.name}: sha256 {dataset.sha256[:12]}..., the run was made with {spec.sha256[:12]}...")
    return dataset


def build(spec: RunSpec, x_shape: tuple[int, ...]) -> Method:
    """The method of a spec over its backbone, with initial weights from the seed: the same backbone for each method.

    torch's modules draw their initial weights from the global generator, a third party's too; so it is seeded for
    their sake in a fork and put back as it was. BenchError for a likelihood that there is not.
    """
    if spec.likelihood not in LIKELIHOODS:
        raise BenchError(f"{spec.dataset.name}: {plugins.unknown('likelihood', spec.likelihood, list(LIKELIHOODS))}")
    make_backbone, make_method = plugins.load("backbone", spec.backbone), plugins.load("method", spec.method)
    likelihood = LIKELIHOODS[spec.likelihood]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(word(spec.seed, "initialisation", "backbone"))
        backbone = make_backbone(x_shape, spec.z_dim, likelihood, **spec.backbone_params)
        torch.manual_seed(word(spec.seed, "initialisation", "method"))
        method: Method = make_method(backbone, **spec.params)
    nn.Module.to(method, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    return method


def check(spec: RunSpec, x_shape: tuple[int, ...]) -> None:
    """Build the run without memory for its weights, to refuse what its method or backbone refuses. BenchError."""
    try:
        with torch.device("meta"):
            build(spec, x_shape)
    except MethodError as error:
        raise BenchError(f"{spec.method} on {spec.backbone}: {error}") from None
    except (OverflowError, RuntimeError, TypeError) as error:
        if "overflow" not in f"{type(error)} {error}".lower():
            raise
        raise BenchError(f"{spec.method} on {spec.backbone}: its layers are too large to count their weights") from None


def _hashable(wrappers: Iterable[Wrapper]) -> _Wrap:
    return tuple((wrapper.name, tuple(wrapper.args.items())) for wrapper in wrappers)


@cache
def _dataset(name: str, args: _Args, source: str, wrap: _Wrap) -> FactorDataset:
    if wrap:
        *inner, (wrapper, settings) = wrap
        wrapped: FactorDataset = plugins.load("wrapper", wrapper)(
            _dataset(name, args, source, tuple(inner)), **dict(settings)
        )
        return wrapped
    given: dict[str, Any] = dict(args) | ({"source": Path(source)} if source else {})
    dataset: FactorDataset = plugins.load("dataset", name)(**given)
    return dataset
