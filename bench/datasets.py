"""From the spec of a data set to the data set."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from bench import plugins
from bench.data._base import FactorDataset
from bench.data._files.cache import Unmade
from bench.environment import at_home
from bench.errors import BenchError
from bench.plugins import Params, Value
from bench.spec import DataSpec, Wrapper

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


def load_dataset(spec: DataSpec, *, write: bool = True) -> FactorDataset:
    """The data set of a spec, wrapped, kept for the life of the process. BenchError where it is not the one stated.

    write: put observations that can be rendered one by one into the cache, if they are not there.
    """
    rows = unmade(spec)
    if write and rows is not None:
        rows.make()
        _dataset.cache_clear()
    dataset = _dataset(spec.name, tuple(spec.args.items()), spec.source, _hashable(spec.wrappers))
    if dataset.sha256 != spec.sha256:
        raise BenchError(f"{spec.name}: sha256 {dataset.sha256[:12]}..., the run was made with {spec.sha256[:12]}...")
    return dataset


def unmade(spec: DataSpec) -> Unmade | None:
    """The observations of a data set, before it is wrapped, if the cache lacks them: each is rendered as asked for."""
    rows = _dataset(spec.name, tuple(spec.args.items()), spec.source, ()).observations
    return rows if isinstance(rows, Unmade) else None


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
    given: dict[str, Any] = dict(args) | ({"source": at_home(source)} if source else {})
    dataset: FactorDataset = plugins.load("dataset", name)(**given)
    return dataset
