"""A study: a grid of runs, as a TOML file states it and the command line alters it."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import torch

from bench import plugins
from bench.data._base import FactorDataset
from bench.datasets import data_spec, load_dataset
from bench.environment import at_home
from bench.errors import BenchError
from bench.plugins import Value
from bench.scoring.protocol import Facts, Grid, Protocol, grid, protocols_of
from bench.seeds import SEARCH_SEEDS
from bench.spec import DataSpec, RunSpec
from bench.training.build import check
from methods._likelihood import LIKELIHOODS

CHECKED = 1000  # observations that a likelihood other than the data set's is held against
MOST_SEEDS = 1000  # that a study counts off; more are a slip of the keyboard

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a study file holds; a list where one value would do multiplies the grid.

    wrap: what changes the data set, one after another: ["split", "noise"] splits it, then adds noise.
    codes: what metrics score, posterior means (mean), one sample of each posterior (sample), or both.
    seeds: how many (0, 1, ...), or which. likelihood: by default the data set's.
    set: arguments of plugins by name: `[set.factorvae] gamma = [10, 40]`; a method's default sweep holds for the
        hyperparameters that are not set here.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    description: str = ""
    dataset: str = "sprites32"
    wrap: list[str] = []
    backbone: str = "small"
    likelihood: str | None = None
    methods: list[str]
    metrics: list[str]
    codes: list[str] = msgspec.field(default_factory=lambda: ["mean"])
    seeds: Positive | list[int] = 5
    steps: Positive
    batch_size: Annotated[int, msgspec.Meta(ge=2)] = 64
    lr: Annotated[float, msgspec.Meta(gt=0)] = 1e-4
    z_dim: Positive | Annotated[list[Positive], msgspec.Meta(min_length=1)] = 10
    warmup: Annotated[int, msgspec.Meta(ge=0)] = 0
    grad_clip: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    precision: Literal["fp32", "bf16"] = "fp32"
    set: dict[str, Grid] = {}


def shipped() -> list[str]:
    """Names of the studies that come with the suite."""
    return sorted(f.name.removesuffix(".toml") for f in files("bench.study").joinpath("studies").iterdir())


def read(study: str) -> dict[str, Any]:
    """The content of a study by name, or of the user's file. BenchError where there is none or it is not TOML."""
    if study in shipped():
        return tomllib.loads(files("bench.study").joinpath("studies", f"{study}.toml").read_text())
    path = at_home(study)
    if not path.suffix == ".toml" and not path.exists():
        raise BenchError(plugins.unknown("study", study, shipped()) + ", or name a .toml file")
    try:
        return tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BenchError(f"study {study}: {error}") from None
    except RecursionError:
        raise BenchError(f"study {study}: is nested too deeply to be read") from None


def parse(content: Mapping[str, Any], where: str) -> Study:
    """A checked study. BenchError names the key, what was given and what is allowed."""
    study = _convert(content, where)
    for argument, value in {"lr": study.lr, "grad_clip": study.grad_clip}.items():
        if not math.isfinite(value):
            raise BenchError(f"{argument}={value}: expected a finite number")
    if study.likelihood is not None and study.likelihood not in LIKELIHOODS:
        raise BenchError(plugins.unknown("likelihood", study.likelihood, list(LIKELIHOODS)))
    if isinstance(study.seeds, int) and study.seeds > MOST_SEEDS:
        raise BenchError(f"seeds={study.seeds}: expected at most {MOST_SEEDS}, or a list of seeds such as 3,7,11")
    seeds = seeds_of(study)
    if not seeds or min(seeds) < 0 or max(seeds) >= SEARCH_SEEDS or len(set(seeds)) < len(seeds):
        raise BenchError(
            f"seeds={study.seeds}: expected distinct seeds from 0 to {SEARCH_SEEDS - 1} (beyond: searches)"
        )
    for kind, chosen in {"method": study.methods, "metric": study.metrics, "wrapper": study.wrap}.items():
        for name in chosen:
            plugins.load(kind, name)
        if len(set(chosen)) < len(chosen) or not (chosen or kind == "wrapper"):
            key, least = ("wrap", "") if kind == "wrapper" else (f"{kind}s", "at least one, ")
            raise BenchError(f"{key}={','.join(chosen)}: expected {least}each once")
    _check_set(study)
    return study


def seeds_of(study: Study) -> list[int]:
    """The seeds of a study."""
    return list(range(study.seeds)) if isinstance(study.seeds, int) else study.seeds


def protocols(study: Study) -> tuple[Protocol, ...]:
    """How every run is scored. BenchError for arguments that a metric refuses, or more rows than there are."""
    return protocols_of(study.metrics, study.set, study.codes, facts(study))


def facts(study: Study) -> Facts:
    """What of the study's data set bears on scoring."""
    return Facts.of(dataset_of(study)[1])


def dataset_of(study: Study) -> tuple[DataSpec, FactorDataset]:
    """The data set of a study, wrapped; what can be rendered is not yet. BenchError for bad arguments or a bad file."""
    arguments = _single(study, study.dataset)
    source = str(arguments.pop("source", ""))
    spec = data_spec(study.dataset, arguments, source, [(name, _single(study, name)) for name in study.wrap])
    return spec, load_dataset(spec, write=False)


def expand(study: Study) -> list[RunSpec]:
    """Every run of the study, all settings of a seed before the next seed: half a study has comparable cells.

    Every setting is built once without memory for its weights, so that a value out of range is refused here.
    """
    dataset, data = dataset_of(study)
    likelihood = likelihood_of(study, data)
    z_dims = study.z_dim if isinstance(study.z_dim, list) else [study.z_dim]
    settings = [
        RunSpec(
            dataset=dataset,
            method=method,
            params=plugins.resolve("method", method, params),
            backbone=study.backbone,
            backbone_params=plugins.resolve("backbone", study.backbone, backbone_params),
            likelihood=likelihood,
            z_dim=z_dim,
            batch_size=study.batch_size,
            steps=study.steps,
            lr=study.lr,
            warmup=study.warmup,
            grad_clip=study.grad_clip,
            seed=0,
            precision=msgspec.UNSET if study.precision == "fp32" else study.precision,
        )
        for backbone_params in grid(study.set.get(study.backbone, {}))
        for z_dim in z_dims
        for method in study.methods
        for params in grid({**sweep(method), **study.set.get(method, {})})
    ]
    for spec in settings:
        check(spec, data.shape)
    specs = [msgspec.structs.replace(spec, seed=seed) for seed in seeds_of(study) for spec in settings]
    return list({spec.key: spec for spec in specs}.values())


def _convert(content: Mapping[str, Any], where: str) -> Study:
    """The study of the right keys and types. BenchError names the key, what was given and what is allowed."""
    known = Study.__struct_fields__
    for key in content:
        if key not in known:
            raise BenchError(f"{where}: {plugins.unknown('key', key, known)}")
    try:
        return msgspec.convert(content, Study)
    except msgspec.ValidationError as error:
        rule, _, path = str(error).partition(" - at `$.")
        name = path.partition("[")[0].rstrip("`")
        given = f"{name}={content[name]}: " if name in content else ""
        raise BenchError(f"{where}: {given}{rule[0].lower()}{rule[1:]}") from None


def likelihood_of(study: Study, data: FactorDataset) -> str:
    """The study's likelihood, or the data set's. BenchError where the study's does not hold the observations."""
    name = study.likelihood or data.likelihood
    if name != data.likelihood:
        some = torch.from_numpy(data.x(np.arange(0, len(data), -(-len(data) // CHECKED))))
        if not LIKELIHOODS[name].holds(some):
            raise BenchError(
                f"likelihood={name}: the observations of {study.dataset} are not {LIKELIHOODS[name].support}; "
                f"expected {data.likelihood}, or another that holds them"
            )
    return name


def sweep(method: str) -> Grid:
    """The values that a method runs over unless told otherwise, by hyperparameter."""
    return {name: list(values) for name, values in plugins.load("method", method).sweep.items()}


def _single(study: Study, name: str) -> dict[str, Value]:
    """The arguments of the data set or of a wrapper: a study has one data set. A list of words is one text."""
    single: dict[str, Value] = {}
    for argument, value in study.set.get(name, {}).items():
        if isinstance(value, list):
            if not _is_text(name, argument):
                raise BenchError(f"{name}.{argument}={value}: a study has one data set, so one value")
            single[argument] = ",".join(map(str, value))
        else:
            single[argument] = value
    return single


def _is_text(name: str, argument: str) -> bool:
    kind = "wrapper" if name in plugins.names("wrapper") else "dataset"
    parameter = plugins.defaults(kind, name).get(argument)
    return parameter is not None and plugins.type_of(parameter) is str


def _check_set(study: Study) -> None:
    """Arguments are set of plugins that exist; those of plugins outside this study wait for another choice."""
    plugins.load("dataset", study.dataset), plugins.load("backbone", study.backbone)
    known = {name: kind for kind in plugins.FOLDERS for name in plugins.names(kind)}
    for name, arguments in study.set.items():
        if name not in known:
            raise BenchError(plugins.unknown("plugin in set", name, sorted(known)))
        for argument, values in arguments.items():
            if values == []:
                raise BenchError(f"{name}.{argument}=[]: expected at least one value")
        file = {"source"} if plugins.takes_source(known[name], name) else set()
        for params in grid({argument: values for argument, values in arguments.items() if argument not in file}):
            plugins.resolve(known[name], name, params)


def ordered(specs: Sequence[RunSpec]) -> list[RunSpec]:
    """All settings of a seed before the next seed's, so that half a study has comparable cells; long runs first.

    A seed's rank is where it first comes up; the last runs of a study are then short ones, which end together.
    """
    rank = {seed: i for i, seed in enumerate(dict.fromkeys(spec.seed for spec in specs))}
    return sorted(specs, key=lambda spec: (rank[spec.seed], -observations(spec)))


def observations(spec: RunSpec) -> int:
    """Observations that a run encodes: what its time is about proportional to."""
    draws: int = plugins.load("method", spec.method).draws
    return spec.steps * spec.batch_size * draws


def shard(specs: Sequence[RunSpec], which: int, of: int) -> list[RunSpec]:
    """Every `of`-th run, from the `which`-th (1 is the first): shards are disjoint and alike."""
    return list(specs[which - 1 :: of])
