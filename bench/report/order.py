"""What specs share, and in what order they stand in a report."""

from collections.abc import Iterable

import msgspec

from bench.report.names import value_order
from bench.spec import Params, RunSpec


def shared_spec(spec: RunSpec) -> RunSpec:
    """What the specs of a group have in common: all but seed, method and its parameters."""
    return msgspec.structs.replace(spec, seed=0, method="", params={})


def setting_id(spec: RunSpec) -> str:
    """The name of a spec without its seed; -1, which no run has, keeps it apart from the key of any run."""
    return msgspec.structs.replace(spec, seed=-1).key


def run_order(spec: RunSpec) -> tuple[object, ...]:
    """Sort key: data set, backbone, budget, method, parameters."""
    params = tuple((k, value_order(v)) for k, v in sorted(spec.params.items()))
    shared = shared_spec(spec)
    return spec.dataset.label, spec.backbone, spec.steps, shared.key, spec.method, params


def common(several: Iterable[Params]) -> Params:
    """The items that all of several dictionaries agree on."""
    every = list(several)
    if not every:
        return {}
    return {k: v for k, v in every[0].items() if all(k in other and other[k] == v for other in every)}
