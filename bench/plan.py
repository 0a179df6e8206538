"""What is left to do of a study, given what its results folder holds."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.environment import environment
from bench.protocol import Protocol
from bench.spec import RunSpec
from bench.store import Damaged, Store
from bench.trial import Job


@dataclass(frozen=True)
class Plan:
    """jobs: runs to train, or to score further. done: how many runs need neither."""

    jobs: list[Job]
    done: int

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
) -> Plan:
    """Jobs for the runs that are not in the store, and for those whose scores are not all there."""
    jobs = []
    for spec in specs:
        job = Job(spec, protocols, repeats, device, threads, environment())
        if spec in store:
            try:
                further = scoring(job, store)
            except Damaged:
                further = job  # to train again
            if further is None:
                continue
            job = further
        jobs.append(job)
    return Plan(jobs, len(specs) - len(jobs))


def scoring(job: Job, store: Store) -> Job | None:
    """The job with what is stored of its run, for the protocols that it lacks; None if there are none.

    Raises Damaged where what they need cannot be trusted.
    """
    key = job.spec.key
    lacking = tuple(_lacking(job.spec, job.protocols, store, job.repeats))
    if not lacking:
        return None
    encodes = job.repeats > 1 or any(p.on_table for p in lacking)
    weights = store.weights(key) if encodes else None
    return dataclasses.replace(job, protocols=lacking, weights=weights, posterior=store.posterior(key))


def _lacking(spec: RunSpec, protocols: Iterable[Protocol], store: Store, repeats: int) -> list[Protocol]:
    """Protocols by which a run is not scored as often as asked; none for a run that diverged."""
    try:
        if store.record(spec.key).status != "done":
            return []
        scored = {scores.protocol: len(scores.repeats) for scores in store.scores(spec.key)}
    except Damaged:
        scored = {}
    return [p for p in protocols if scored.get(p.id, 0) < repeats]
