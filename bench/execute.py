"""Where and when runs happen: joblib carries jobs to where they run, and results back as they finish.

Whatever joblib has a back end for can be the engine. Locally it is threads, each of which holds a process that trains
(bench.worker): a run that kills its process, fills the memory or hangs is then known for certain, and harms no other.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

from joblib import Parallel, delayed, parallel_config

from bench.job import Job, Means, Result
from bench.worker import CREW, carry_out

LOCAL = {"backend": "threading"}
REBUILT = 3  # times in a row that an engine is begun anew which breaks down without a result


def execute(
    jobs: Iterable[Job],
    processes: int = 1,
    means: Means | None = None,
    engine: Mapping[str, str] = LOCAL,
    ready: Callable[[Job], Job | None] = lambda job: job,
    dismiss: bool = True,
) -> Generator[Result, None, None]:
    """Results of all jobs, as they finish. A run that fails is a record with the reason; the others go on.

    A process takes the next job when it is free (batches of one): runs last seconds to hours, unequally. engine:
        arguments of `joblib.parallel_config`. ready: called when a job's turn comes; the job as it is to be done, or
        None to pass over it. dismiss: end the processes that train when all is done; else they wait for other jobs.
    """
    means = means or Means()
    waiting, flying = iter(jobs), dict[str, Job]()
    broken = 0
    try:
        while True:
            again, flying = list(flying.values()), {}
            with parallel_config(**engine):
                pool = Parallel(n_jobs=processes, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
            try:
                for result in pool(delayed(carry_out)(j, means) for j in _turns(again, waiting, ready, flying)):
                    flying.pop(result.job.spec.key, None)
                    broken = 0
                    yield result
                return
            except Exception:  # the engine's own; a run's is in its record
                broken += 1
                if broken > REBUILT:
                    raise
    finally:
        if dismiss:
            CREW.dismiss()


def _turns(
    again: list[Job], waiting: Iterator[Job], ready: Callable[[Job], Job | None], flying: dict[str, Job]
) -> Iterator[Job]:
    """Jobs as their turn comes: first those that were under way when the engine broke down."""
    for job in again:
        flying[job.spec.key] = job
        yield job
    for job in waiting:
        mine = ready(job)
        if mine is not None:
            flying[mine.spec.key] = mine
            yield mine
