"""Where runs happen: each in a process of its own, asked for by a thread of this process or by a Dask worker.

A process that trains may die in any way without harm to anything else: a run that kills it, fills the memory or hangs
is then known for certain. It keeps its slot and its data set for the next job.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.environment import REPRODUCIBLE
from bench.errors import BenchError
from bench.execution.job import Job, Means, Result
from bench.spec import Record
from bench.store.files import Artefacts

GRACE = 10.0  # seconds that a process has to keep what it has when it is told to stop
STATISTICS = Path("/proc/vmstat")
SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS")


class Died(Exception):
    """A process ended before its job did; the message says why."""


class Rested(Exception):
    """A process ended for want of a job, just before one came."""


class Trainer:
    """A process that trains (bench.execution.process), from this side."""

    def __init__(self, means: Means) -> None:
        self.means = means
        code = f"import sys; sys.path[:] = {sys.path!r}; from bench.execution.process import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | dict.fromkeys(SINGLE, str(means.threads)) | (REPRODUCIBLE if means.reproducible else {}),
            start_new_session=True,  # Ctrl-C at the terminal is the parent's to answer
        )
        self.slot = ""
        self.overdue = False

    def result_of(self, job: Job) -> Result:
        """The result of a job. Died where the process ends before, or is ended for the time it takes; or Rested."""
        out_of_memory = _killed_for_memory()
        try:
            if not self.slot:
                self._send(self.means)
                self.slot = self._receive()  # waits for a slot to be free: no part of the run's time
            clock = threading.Timer(self.means.timeout, self._end_overdue) if self.means.timeout else None
            if clock:
                clock.start()
            try:
                self._send(job)
                result: Result = self._receive()
            finally:
                if clock:
                    clock.cancel()
        except (OSError, EOFError, pickle.UnpicklingError):
            if self.process.wait() == 0:
                raise Rested from None
            raise Died(self._reason(_killed_for_memory() > out_of_memory)) from None
        return replace(result, job=job)

    def stop(self) -> None:
        """Ask the process to keep what it has and end."""
        with contextlib.suppress(OSError):
            self.process.terminate()

    def close(self) -> None:
        """End an idle process, or one that was told to stop and has had its time."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]  # a pipe, as asked for
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()  # type: ignore[union-attr]

    def _end_overdue(self) -> None:
        self.overdue = True
        self.process.kill()

    def _send(self, what: object) -> None:
        pickle.dump(what, self.process.stdin, pickle.HIGHEST_PROTOCOL)  # type: ignore[arg-type]
        self.process.stdin.flush()  # type: ignore[union-attr]

    def _receive(self) -> Any:
        return pickle.load(self.process.stdout)  # type: ignore[arg-type]  # from our own child, not from a file

    def _reason(self, out_of_memory: bool) -> str:
        code = self.process.wait()
        if self.overdue:
            return f"timeout: not done after {self.means.timeout:g} s"
        if code >= 0:
            return f"its process ended with exit code {code}"
        if out_of_memory:
            return "out of memory: the kernel killed its process"
        return f"its process died by {signal.Signals(-code).name}"


class Crew:
    """The trainers of this process: idle ones wait for the next job, all can be told to stop."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.idle: list[Trainer] = []
        self.busy: set[Trainer] = set()
        self.stopping = False

    def take(self, means: Means) -> Trainer:
        """A trainer of these means, an idle one if there is one that lives."""
        with self.lock:
            while self.idle and (self.idle[-1].means != means or self.idle[-1].process.poll() is not None):
                self.idle.pop().close()
            trainer = self.idle.pop() if self.idle else Trainer(means)
            self.busy.add(trainer)
            if self.stopping:
                trainer.stop()
        return trainer

    def give_back(self, trainer: Trainer) -> None:
        """It is done with its job, or dead."""
        with self.lock:
            self.busy.discard(trainer)
            if trainer.process.poll() is None:
                self.idle.append(trainer)
                return
        trainer.close()

    def stop(self) -> None:
        """Tell all to keep what they have and end; those that take too long are killed."""
        self.stopping = True
        for trainer in [*self.busy]:
            trainer.stop()
            killer = threading.Timer(GRACE, trainer.process.kill)
            killer.daemon = True
            killer.start()

    def kill(self) -> None:
        """End all at once, whatever they do."""
        for trainer in [*self.busy, *self.idle]:
            trainer.process.kill()

    def dismiss(self) -> None:
        """End the idle ones."""
        with self.lock:
            idle, self.idle, self.stopping = self.idle, [], False
        for trainer in idle:
            trainer.close()


CREW = (
    Crew()
)  # of this process: a Dask worker calls a function, which has no other place to keep them between two calls


def result_of(job: Job, means: Means) -> Result:
    """The result of a job. A run whose process dies is tried again, then recorded as failed with the reason."""
    attempts, reason = 0, ""
    means = replace(means, reproducible=job.reproducible)
    while attempts <= means.retries:
        trainer = CREW.take(means)
        try:
            return trainer.result_of(job)
        except Rested:
            continue
        except Died as death:
            if CREW.stopping:
                return Result(job, None, Artefacts(), stopped=True)
            attempts += 1
            reason = str(death) + (f" (attempt {attempts})" if attempts > 1 else "")
        finally:
            CREW.give_back(trainer)
    environment = {**job.environment, "device": means.devices[0], "threads": job.threads}
    record = Record(key=job.spec.key, spec=job.spec, status="failed", error=reason, environment=environment)
    return Result(job, record, Artefacts())


def _killed_for_memory() -> int:
    """How many processes the kernel of this machine has killed for want of memory; 0 where it does not say."""
    try:
        lines = STATISTICS.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


@contextlib.contextmanager
def executor(processes: int, scheduler: str = "") -> Iterator[tuple[Executor, Callable[[], int]]]:
    """What jobs are submitted to, and how many may be in flight now.

    scheduler: the address of a Dask cluster; there `processes` 0 means as many as its workers have threads. BenchError
    where it does not answer.
    """
    if not scheduler:
        with ThreadPoolExecutor(processes) as threads:
            yield threads, lambda: processes
        return
    from distributed import Client  # an extra

    try:
        client = Client(scheduler)
    except (OSError, ValueError) as error:
        raise BenchError(f"scheduler={scheduler}: {error}") from None
    with client:
        yield client.get_executor(pure=False), lambda: processes or max(1, sum(client.nthreads().values()))
