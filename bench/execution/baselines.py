"""Which baselines a results folder lacks: for the first seeds of each group, by every protocol of its runs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from bench import plugins
from bench.environment import environment
from bench.errors import BenchError
from bench.execution.job import Job
from bench.execution.plan import remaining
from bench.plugins import Params
from bench.quantities import BASELINES
from bench.scoring.protocol import Protocol, protocol_of
from bench.scoring.supervised import too_few
from bench.seeds import SEARCH_SEEDS
from bench.spec import RunSpec, ScoreFile, shared_spec
from bench.store.files import Damaged
from bench.store.store import Store


@dataclass(frozen=True)
class BaselinePlan:
    """jobs: the baselines to make and score. refused: why others cannot be made, a line each."""

    jobs: list[Job]
    refused: list[str]


def plan_baselines(
    store: Store, seeds: int, only: Iterable[str] | None = None, threads: int = 1, reproducible: bool = False
) -> BaselinePlan:
    """The baselines that are not in the store, each scored as often as the runs beside it at most are.

    only: which of BASELINES; None: all. BenchError for one that there is not.
    """
    chosen = list(BASELINES if only is None else only)
    for name in chosen:
        if name not in BASELINES:
            raise BenchError(plugins.unknown("baseline", name, list(BASELINES)))
    jobs, refused = [], dict[str, None]()
    for runs in _groups(store):
        for seed in sorted(runs.specs)[:seeds]:
            for name in chosen:
                spec = msgspec.structs.replace(runs.specs[seed], method=name, params={})
                job = Job(
                    *(spec, runs.protocols, runs.repeats),
                    threads=threads,
                    environment=environment(),
                    reproducible=reproducible,
                )
                left = _left(job, store)
                reason = too_few(spec, runs.factors) if left is not None and name == "supervised" else ""
                if reason:
                    refused[reason] = None
                elif left is not None:
                    jobs.append(left)
    return BaselinePlan(jobs, list(refused))


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


def _left(job: Job, store: Store) -> Job | None:
    """What is left to do of a baseline; all of it where what is there cannot be trusted."""
    try:
        return remaining(job, store)
    except Damaged:
        return job
