"""A study with nothing left open: every default and sweep written out, as TOML and as arguments of the command line."""

from typing import Any

import msgspec
import tomli_w

from bench import plugins
from bench.plugins import Params, Value
from bench.scoring.protocol import Grid, protocols_of
from bench.spec import DataSpec, RunSpec
from bench.study.study import Study, dataset_of, facts, likelihood_of, seeds_of, sweep


def resolved(study: Study) -> Study:
    """The same study with its seeds listed, its likelihood named, and all arguments of its plugins given.

    Arguments of plugins outside the study are left out. A metric's numbers of rows are those that fit the data set.
    """
    dataset, data = dataset_of(study)
    given: dict[str, Grid] = {
        method: _all("method", method, {**sweep(method), **study.set.get(method, {})}) for method in study.methods
    }
    given[study.backbone] = _all("backbone", study.backbone, study.set.get(study.backbone, {}))
    for metric in study.metrics:
        given[metric] = _all("metric", metric, _protocol(study, metric))
    given |= {name: dict(params) for name, params in arguments(dataset).items()}
    return msgspec.structs.replace(
        study,
        seeds=seeds_of(study),
        likelihood=likelihood_of(study, data),
        set={name: grid for name, grid in given.items() if grid},
    )


def toml(study: Study) -> str:
    """The resolved study as the TOML that `read` and `parse` take."""
    content = {name: value for name, value in msgspec.to_builtins(resolved(study)).items() if value is not None}
    return tomli_w.dumps(content)


def arguments(dataset: DataSpec) -> dict[str, Params]:
    """The arguments of a data set and of its wrappers, by the name of each."""
    source: Params = {"source": dataset.source} if dataset.source else {}
    return {dataset.name: dataset.args | source} | {wrapper.name: dict(wrapper.args) for wrapper in dataset.wrappers}


def options_of(spec: RunSpec) -> list[str]:
    """Options of `bench run` that make this run, whatever the study they alter holds besides its metrics."""
    wrap = [wrapper.name for wrapper in spec.dataset.wrappers]
    stated: dict[str, Any] = {
        "methods": spec.method,
        "seed": spec.seed,
        "dataset": spec.dataset.name,
        **({"wrap": ",".join(wrap)} if wrap else {}),
        "backbone": spec.backbone,
        "likelihood": spec.likelihood,
        **{name: getattr(spec, name) for name in ("z_dim", "batch_size", "steps", "lr", "warmup", "grad_clip")},
        "precision": spec.precision or "fp32",
    }
    options = [word for name, value in stated.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    given = {spec.method: spec.params, spec.backbone: spec.backbone_params, **arguments(spec.dataset)}
    for plugin, params in given.items():
        for argument, value in params.items():
            if value != "":  # an empty text is the default of each argument that may be one
                options += ["--set", f"{plugin}.{argument}={value}"]
    return options


def _protocol(study: Study, metric: str) -> Grid:
    """A metric's arguments as the study sets them, and those that it has in each of its protocols."""
    given = study.set.get(metric, {})
    params = [p.params for p in protocols_of([metric], {metric: given}, study.codes, facts(study))]
    same = {name: value for name, value in params[0].items() if all(p[name] == value for p in params)}
    return {**same, **given}


def _all(kind: str, name: str, given: Grid) -> Grid:
    """All arguments of a plugin: what was given, of its annotated types, and the defaults of the rest."""
    known = plugins.defaults(kind, name)

    def typed(argument: str, value: Value) -> Value:
        return plugins.cast(f"{name}.{argument}", value, plugins.type_of(known[argument]))

    values: Grid = {
        argument: [typed(argument, one) for one in value] if isinstance(value, list) else typed(argument, value)
        for argument, value in given.items()
    }
    return {**plugins.resolve(kind, name, {}), **values}
