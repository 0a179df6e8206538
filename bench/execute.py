"""Where and when runs happen: joblib carries jobs to processes and results back as they finish."""

from collections.abc import Generator, Sequence

from joblib import Parallel, delayed

from bench.trial import Job, Result, trial


def execute(jobs: Sequence[Job], processes: int = 1) -> Generator[Result, None, None]:
    """Results of all jobs, as they finish. A run that fails is a record with its traceback; the others go on.

    A process takes the next job when it is free (batches of one): runs last seconds to hours, unequally.
    """
    pool = Parallel(n_jobs=processes, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
    yield from pool(delayed(trial)(job) for job in jobs)
