"""A run as a value: everything that determines a training, and its name."""

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

REVISION = 1  # raised when a change of the code alters the numbers that a spec gives
Status = Literal["done", "diverged", "failed"]

# What a file may state, whoever wrote it: bounds far beyond any study, within which every number can be worked with.
Name = Annotated[str, Meta(max_length=1000)]
Text = Annotated[str, Meta(max_length=10_000)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Number = Annotated[float, Meta(ge=-1e100, le=1e100)]
Row = list[float | None]
Arguments = dict[Name, bool | Whole | Number | Text]


class Wrapper(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes a data set: the name of a plugin and its arguments."""

    name: Name
    args: Arguments = {}

    @property
    def label(self) -> str:
        """For example `correlated(pairs=scale:posX,sigma=0.2)`; an empty text is left out."""
        stated = [f"{name}={value}" for name, value in self.args.items() if value != ""]
        return f"{self.name}({','.join(stated)})"


class DataSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A data set: its name, the arguments that make it and the sha256 of its observations, before any wrapper.

    `source` says where a file of the user's lies; it is no part of the key, since sha256 says what is in it.
    `wrap` are its wrappers, the innermost first. Without any it is UNSET, which JSON leaves out: a run on the data set
    as it is has the key that it had before there were wrappers.
    """

    name: Name
    args: Arguments = {}
    sha256: Name
    source: Text = ""
    wrap: tuple[Wrapper, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def wrappers(self) -> tuple[Wrapper, ...]:
        """The wrappers, the innermost first."""
        return self.wrap or ()

    @property
    def called(self) -> str:
        """The name; with what the user calls it, where that is an argument: `image_folder:faces`."""
        return ":".join(filter(None, (self.name, str(self.args.get("name", "")))))

    @property
    def arguments(self) -> dict[str, Arguments]:
        """The arguments of the data set, its source among them, and of its wrappers, by the name of each."""
        source: Arguments = {"source": self.source} if self.source else {}
        return {self.name: self.args | source} | {wrapper.name: wrapper.args for wrapper in self.wrappers}

    @property
    def label(self) -> str:
        """What a report calls it: its name and its wrappers, for example `sprites32+noise(level=0.1,seed=0)`."""
        return "+".join([self.called, *(wrapper.label for wrapper in self.wrappers)])

    @property
    def short(self) -> str:
        """The names alone, for example `sprites32+noise`."""
        return "+".join([self.called, *(wrapper.name for wrapper in self.wrappers)])


class RunSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that determines a training. Parameters are resolved (defaults filled in) and of their annotated types.

    lr is the backbone's learning rate; warmup counts updates; grad_clip bounds each player's gradient norm (0: none).
    precision: what encoder and decoder are trained in. fp32 is UNSET, which JSON leaves out: the key of such a run is
    the one that it had before there was another.
    """

    dataset: DataSpec
    method: Name
    params: Arguments
    backbone: Name
    backbone_params: Arguments
    likelihood: Name
    z_dim: Annotated[int, Meta(ge=0, le=2**16)]
    batch_size: Count
    steps: Count
    lr: Number
    warmup: Count = 0
    grad_clip: Number = 0.0
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    revision: Count = REVISION
    precision: Literal["bf16"] | msgspec.UnsetType = msgspec.UNSET

    @property
    def key(self) -> str:
        """The first 16 hex digits of the sha256 of the canonical JSON: the run's folder name."""
        what = msgspec.structs.replace(self, dataset=msgspec.structs.replace(self.dataset, source=""))
        return hashlib.sha256(msgspec.json.encode(what, order="deterministic")).hexdigest()[:16]


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of a run, as `run.json` holds it. Losses in nats per observation.

    strength: the name of the parameter on the axes of figures (beta, gamma, lambda_), or None.
    error, step: of a run that is not done, why and at which update.
    definitions: what the method fixes beside its parameters (for example the MMD's kernel and bandwidth).
    terms: the means of the loss terms over the last logged stretch of training.
    diagnostics: on the evaluation rows (reconstruction, ELBO, KL per dimension, active units, ...).
    factors: the names of the data set's factors, in the order of per-factor scores and of the columns of matrices.
    evaluation: what of the data set bears on its scoring (bench.scoring.protocol.Facts), where it is not as usual.
    cost, environment: what the run took and where it ran; no part of what a spec reproduces bit for bit.
    """

    key: str
    spec: RunSpec
    status: Status
    strength: Name | None = None
    error: str | None = None
    step: Count | None = None
    definitions: Arguments = {}
    terms: dict[Name, Number] = {}
    diagnostics: dict[Name, Number | list[Number] | bool] = {}
    factors: list[Name] = []
    evaluation: Arguments = {}
    cost: dict[Name, Number | Text] = {}
    environment: dict[Name, Text | Whole | bool] = {}


class Repeat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One evaluation of one metric: repeat r draws its own evaluation rows and its own random numbers.

    per_factor: (K,) by name; matrices: by name, rows of one length.
    skipped: why there are no values, where the metric asks for what data set or codes do not have. notes: what decides
    a value beside what the codes hold, and what to do about it (metrics.Scores); absent from the file where empty.
    """

    repeat: Count
    values: dict[Name, float]
    per_factor: dict[Name, Row] = {}
    matrices: dict[Name, list[Row]] = {}
    seconds: Number = 0.0
    skipped: Text = ""
    notes: list[Text] | msgspec.UnsetType = msgspec.UNSET


class ScoreFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The scores of a run by one protocol, for example `mig:bins20-mean-n10000`; `scores/<protocol>.json`."""

    protocol: Name
    metric: Name
    params: Arguments
    repeats: Annotated[list[Repeat], Meta(min_length=1)]


def shared_spec(spec: RunSpec) -> RunSpec:
    """What the specs of a group have in common: all but seed, method and its parameters."""
    return msgspec.structs.replace(spec, seed=0, method="", params={})


def setting_id(spec: RunSpec) -> str:
    """The name of a spec without its seed; -1, which no run has, keeps it apart from the key of any run."""
    return msgspec.structs.replace(spec, seed=-1).key
