"""Rows for comparison: codes that no method of the study learnt, scored like a run's by the same protocols and rows.

A baseline is stored as a run of the study's spec with its own name in place of a method: it shares data set, z_dim and
seed with the runs it stands beside, and a report needs to know nothing more. None has made an update but `supervised`.
"""

import re
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA, FastICA
from sklearn.exceptions import ConvergenceWarning

from bench import plugins
from bench.data._base import FactorDataset
from bench.datasets import load_dataset
from bench.environment import environment, pinned
from bench.errors import BenchError
from bench.plugins import Params
from bench.quantities import BASELINES
from bench.scoring.evaluate import evaluation_rows, scores_of
from bench.scoring.protocol import CODES, Facts, Protocol
from bench.scoring.supervised import explained, taught, too_few
from bench.seeds import SEARCH_SEEDS, stream, word
from bench.spec import Record, RunSpec, ScoreFile, shared_spec
from bench.store.files import Artefacts, Damaged
from bench.store.store import Store
from bench.training.build import build
from bench.training.encode import Diagnostics, code_diagnostics, encode, part_diagnostics, reconstruction
from bench.training.loop import History
from metrics._analytic import scaled
from metrics._codes import Posterior

ROWS_FITTED = 10_000  # observations that PCA and ICA see, drawn from a stream of the seed
BLOCK = 4096  # observations in memory at once


@dataclass(frozen=True)
class Coded:
    """Codes of a whole data set (a row of `everything` each), and what is said of the code beside its scores.

    everything: None where a training did not end in any. ended, history: of a code that was trained.
    """

    everything: Posterior | None
    diagnostics: Diagnostics
    definitions: Params
    ended: Record | None = None
    history: History = field(default_factory=list)


@dataclass(frozen=True)
class Task:
    """A baseline to score, or the reason why it is refused. repeats: at most as often as the runs beside it are."""

    spec: RunSpec
    protocols: tuple[Protocol, ...]
    repeats: int
    device: str = "cpu"
    refused: str = ""


def tasks(store: Store, seeds: int, device: str = "cpu", only: Iterable[str] | None = None) -> list[Task]:
    """The baselines that are not in the store: for the first seeds of each group, by every protocol of its runs.

    only: which of MAKERS; None: all. BenchError for one that there is not.
    """
    chosen = list(MAKERS if only is None else only)
    for name in chosen:
        if name not in MAKERS:
            raise BenchError(plugins.unknown("baseline", name, list(MAKERS)))
    found = []
    for runs in _groups(store):
        for seed in sorted(runs.specs)[:seeds]:
            for name in chosen:
                spec = msgspec.structs.replace(runs.specs[seed], method=name, params={})
                if not _settled(store, spec, runs.protocols, runs.repeats):
                    refused = too_few(spec, runs.factors) if name == "supervised" else ""
                    found.append(Task(spec, runs.protocols, runs.repeats, device, refused))
    return found


@dataclass(frozen=True)
class _Runs:
    """Of the runs of a group: a spec of each seed, by what all are scored and how often, how many factors there are."""

    specs: dict[int, RunSpec]
    protocols: tuple[Protocol, ...]
    repeats: int
    factors: int


def _groups(store: Store) -> Iterator[_Runs]:
    protocols: dict[str, dict[str, tuple[ScoreFile, int]]] = defaultdict(dict)
    specs: dict[str, dict[int, RunSpec]] = defaultdict(dict)
    factors: dict[str, int] = {}
    evaluation: dict[str, Params] = {}
    for record in store:
        if record.status != "done" or record.spec.method in BASELINES or record.spec.seed >= SEARCH_SEEDS:
            continue
        group = shared_spec(record.spec).key
        try:
            for file in store.scores(record.key):
                if not any(repeat.skipped for repeat in file.repeats):
                    protocols[group].setdefault(file.protocol, (file, len(file.repeats)))
        except Damaged as error:
            store.damaged[record.key] = str(error)
            continue
        specs[group].setdefault(record.spec.seed, record.spec)
        factors[group] = len(record.factors)
        evaluation[group] = record.evaluation
    for group, by_seed in specs.items():
        wanted = tuple(
            p for file, _ in protocols[group].values() if (p := protocol_of(file, evaluation[group])) is not None
        )
        repeats = max((n for _, n in protocols[group].values()), default=1)
        yield _Runs(by_seed, wanted, repeats, factors[group])


def protocol_of(file: ScoreFile, evaluation: Params) -> Protocol | None:
    """The protocol that a score file is of, on a data set of which a record states this.

    None where this version of the metric gives it another name.
    """
    kinds = Facts.read(evaluation).of_factors
    words = ("", *re.findall(r"(?<=[:-])v(?:width|quantile)\d+", file.protocol))
    known = (Protocol(file.metric, file.params, kind, word, kinds=kinds) for kind in CODES for word in words)
    return next((p for p in known if p.id == file.protocol), None)


def carried_out(task: Task) -> tuple[Record, Artefacts]:
    """Make the code of a baseline and score it."""
    start = time.perf_counter()
    dataset = load_dataset(task.spec.dataset)
    coded = MAKERS[task.spec.method](task.spec, dataset, task.device)
    ended = coded.ended or Record(key=task.spec.key, spec=task.spec, status="done", cost={"updates": 0.0})
    scores = [] if coded.everything is None else score(task, dataset, coded.everything)
    training = float(ended.cost.get("seconds_training", 0.0))
    record = msgspec.structs.replace(
        ended,
        definitions=coded.definitions,
        diagnostics=coded.diagnostics,
        factors=list(dataset.names),
        evaluation=Facts.of(dataset).stated,
        cost={
            "finished": datetime.now(UTC).date().isoformat(),
            **ended.cost,
            "seconds_scoring": time.perf_counter() - start - training,
        },
        environment={**environment(), **pinned(), **ended.environment, "device": task.device},
    )
    return record, Artefacts(coded.history, scores=scores)


def score(task: Task, dataset: FactorDataset, everything: Posterior) -> list[ScoreFile]:
    """Every protocol on every repeat, on the rows and with the random numbers of a run of this seed."""

    def posterior(p: Protocol, repeat: int) -> Posterior:
        rows = dataset.to_score if p.on_table else evaluation_rows(task.spec, dataset, repeat)
        return everything.rows(rows)

    return scores_of(task.protocols, task.repeats, task.spec.seed, posterior)


def untrained(spec: RunSpec, dataset: FactorDataset, device: str) -> Coded:
    """The encoder at the initial weights of this seed, which every method starts from."""
    method = build(msgspec.structs.replace(spec, method="vae", params={}), dataset.shape).to(device)
    where = torch.device(device)
    rows = encode(method.backbone, dataset, evaluation_rows(spec, dataset, 0), where)
    told = reconstruction(method.backbone, dataset, rows, spec.seed, where)
    told |= part_diagnostics(method.backbone, dataset, spec.seed, where)
    told |= code_diagnostics(rows, stream(spec.seed, "diagnostics"))
    del told["collapsed"]  # which is said of a training
    return Coded(encode(method.backbone, dataset, np.arange(len(dataset)), where), told, {})


def linear(spec: RunSpec, dataset: FactorDataset, device: str, *, independent: bool) -> Coded:
    """The first z_dim principal components of the observations or, rotated and scaled, independent components of these.

    Hyvarinen & Oja 2000 (FastICA, log cosh). mse: squared error per element of the observations put together again.
    """
    rng = stream(spec.seed, "baseline rows")
    fitted = dataset.x(_rows_fitted(dataset, rng))
    flat = fitted.reshape(len(fitted), -1)
    state = word(spec.seed, "baseline", "components") % 2**32
    pca = PCA(min(spec.z_dim, flat.shape[1]), svd_solver="randomized", random_state=state).fit(flat)
    definitions: Params = {"rows": len(flat)}
    turn = None
    if independent:
        turn = FastICA(whiten="unit-variance", max_iter=1000, tol=1e-3, random_state=state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            turn.fit(pca.transform(flat))
        definitions["converged"] = bool(turn.n_iter_ < 1000)
    parts, errors = [], []
    for at in range(0, len(dataset), BLOCK):
        x = dataset.x(np.arange(at, min(at + BLOCK, len(dataset)))).reshape(-1, flat.shape[1])
        z = pca.transform(x)
        errors.append(np.square(pca.inverse_transform(z) - x).mean(axis=1))
        parts.append(z if turn is None else turn.transform(z))
    # Of a rotation of the components the observations put together again are the same.
    mse = float(np.concatenate(errors)[evaluation_rows(spec, dataset, 0)].mean())
    return Coded(_certain(np.concatenate(parts), dataset), {"mse": mse}, definitions)


def chance(spec: RunSpec, dataset: FactorDataset, device: str) -> Coded:
    """z_dim dimensions of normal noise that know nothing."""
    noise = stream(spec.seed, "baseline", "chance").standard_normal((len(dataset), spec.z_dim))
    return Coded(_certain(noise, dataset), {}, {})


def ceiling(spec: RunSpec, dataset: FactorDataset, device: str) -> Coded:
    """The factors themselves, each in a dimension of its own: the code that `bench calibrate` calls perfect."""
    z = scaled(dataset.v, dataset.sizes)
    for name, values in dataset.numbers.items():
        z[:, dataset.names.index(name)] = (values - np.nanmean(values)) / np.nanstd(values)
    return Coded(_certain(z, dataset), {}, {})


def supervised(spec: RunSpec, dataset: FactorDataset, device: str) -> Coded:
    """The encoder trained on the factors, dimension k on factor k; the dimensions beyond them are set to 0.

    Left free they would know of every factor, as the layers below them do, and cost the gap that MIG measures.
    r2_per_factor: share of each factor's variance that its dimension explains, on the evaluation rows.
    """
    found = taught(spec, dataset, device)
    if found.codes is None:
        return Coded(None, {}, found.record.definitions, found.record, found.history)
    rows = evaluation_rows(spec, dataset, 0)
    codes = np.pad(found.codes, ((0, 0), (0, spec.z_dim - found.codes.shape[1])))
    told: Diagnostics = {"r2_per_factor": explained(found.codes[rows], found.y[rows])}
    return Coded(_certain(codes, dataset), told, found.record.definitions, found.record, found.history)


MAKERS: dict[str, Callable[[RunSpec, FactorDataset, str], Coded]] = {
    "chance": chance,
    "untrained": untrained,
    "pca": partial(linear, independent=False),
    "ica": partial(linear, independent=True),
    "supervised": supervised,
    "ceiling": ceiling,
}


def _certain(z: NDArray[np.floating], dataset: FactorDataset) -> Posterior:
    """Codes without uncertainty: a sample of them is their mean."""
    mu = z.astype(np.float32)
    every = np.arange(len(dataset))
    return Posterior(mu, np.full_like(mu, -np.inf), dataset.v, every, dataset.numbers_at(every))


def _rows_fitted(dataset: FactorDataset, rng: np.random.Generator) -> NDArray[np.integer]:
    """Rows without replacement; where training draws some more often than others, as training draws them."""
    n = min(ROWS_FITTED, len(dataset))
    rows = rng.choice(len(dataset), n, replace=False) if dataset.weights is None else dataset.drawn(rng, (n,))
    return np.sort(rows)


def _settled(store: Store, spec: RunSpec, protocols: Iterable[Protocol], repeats: int) -> bool:
    """Whether it is scored by all of these so many times, or its training diverged."""
    try:
        if spec not in store:
            return False
        times = store.scored(spec.key)
        return all(times.get(p.id, 0) >= repeats for p in protocols) or store.record(spec.key).status == "diverged"
    except Damaged:
        return False
