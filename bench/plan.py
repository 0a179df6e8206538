"""What is left to do of a study, given what its results folder holds."""

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
        return sum(job.weights is not None for job in self.jobs)


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
        lacking, weights = protocols, None
        if spec in store:
            lacking = tuple(_lacking(spec, protocols, store, repeats))
            if not lacking:
                continue
            try:
                weights = store.weights(spec.key)
            except Damaged:
                lacking = protocols
        jobs.append(Job(spec, lacking, repeats, device, threads, environment(), weights))
    return Plan(jobs, len(specs) - len(jobs))


def _lacking(spec: RunSpec, protocols: Iterable[Protocol], store: Store, repeats: int) -> list[Protocol]:
    """Protocols by which a run is not scored as often as asked; none for a run that diverged."""
    try:
        if store.record(spec.key).status != "done":
            return []
        scored = {scores.protocol: len(scores.repeats) for scores in store.scores(spec.key)}
    except Damaged:
        scored = {}
    return [p for p in protocols if scored.get(p.id, 0) < repeats]
