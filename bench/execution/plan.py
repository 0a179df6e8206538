"""What is left to do of a study, given what its results folder holds."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.environment import environment, is_reproducible
from bench.execution.job import Job
from bench.quantities import BASELINES
from bench.scoring.protocol import Protocol
from bench.spec import RunSpec
from bench.store.files import Damaged
from bench.store.store import Store


@dataclass(frozen=True)
class Plan:
    """jobs: runs to train, or to score further. done: how many runs need neither.

    damaged: of the runs to train, those that are there but cannot be trusted, with the reason, by key.
    """

    jobs: list[Job]
    done: int
    damaged: dict[str, str] = field(default_factory=dict)

    @property
    def rescored(self) -> int:
        """How many of the jobs score a run that is trained already."""
        return sum(job.done for job in self.jobs)


def plan(
    specs: Sequence[RunSpec],
    protocols: tuple[Protocol, ...],
    store: Store,
    repeats: int = 1,
    device: str = "cpu",
    threads: int = 1,
    score_every: int = 0,
    reproducible: bool = False,
) -> Plan:
    """Jobs for the runs that are not in the store, and for those whose scores are not all there."""
    jobs, damaged = [], {}
    for spec in specs:
        job = Job(
            *(spec, protocols, repeats, device, threads, environment()),
            score_every=score_every,
            reproducible=reproducible,
        )
        try:
            left = remaining(job, store)
        except Damaged as error:
            damaged[spec.key] = str(error)
            left = job
        jobs += [left] if left is not None else []
    return Plan(jobs, len(specs) - len(jobs), damaged)


def remaining(job: Job, store: Store) -> Job | None:
    """The job, if its run is not trained; else for the protocols that the run lacks; None if it lacks none.

    Reads no more than the run's manifest. Raises Damaged where the run cannot be trusted.
    """
    state = store.state(job.spec.key)
    if state is None or state.status == "failed":
        return job
    if state.status == "diverged":
        return None
    lacking = _lacking(job, state.scored)
    kept = job.spec.method not in BASELINES  # of which neither codes nor weights are: they are made again
    return dataclasses.replace(job, protocols=lacking, further=kept) if lacking else None


def scoring(job: Job, store: Store) -> Job | None:
    """The job with what is stored of its run, for the protocols that it lacks; None if there are none.

    Raises Damaged where what they need cannot be trusted.
    """
    key = job.spec.key
    record = store.record(key)
    if record.status != "done":
        return None
    lacking = _lacking(job, store.scored(key))
    if not lacking:
        return None
    encodes = job.repeats > 1 or any(p.on_table for p in lacking)
    weights = store.weights(key) if encodes else None
    stored = dataclasses.replace(job, protocols=lacking, weights=weights, posterior=store.posterior(key))
    return dataclasses.replace(stored, reproducible=is_reproducible(record.environment))


def _lacking(job: Job, scored: Mapping[str, int]) -> tuple[Protocol, ...]:
    """The job's protocols by which a run is scored less often than asked; `scored`: how often it is, by protocol."""
    return tuple(p for p in job.protocols if scored.get(p.id, 0) < job.repeats)
