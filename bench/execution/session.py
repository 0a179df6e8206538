"""One command on a results folder: takes runs, has them carried out, stores them; shares the folder with others."""

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import FrameType

from bench.errors import BenchError
from bench.execution import leases, pool
from bench.execution.job import Job, Means, Progress, Result
from bench.execution.leases import Leases
from bench.execution.plan import remaining, scoring
from bench.execution.pool import CREW
from bench.scoring.protocol import Protocol
from bench.spec import Record
from bench.store import atomic
from bench.store.files import Artefacts, Damaged
from bench.store.store import FINAL, Store
from bench.training import checkpoint

LOOK = 2.0  # seconds between two looks at what other processes have under way
RETRIED = 3  # times in a row that a job is submitted again where the engine breaks down
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Session:
    """The work of one process on the runs of a store: each is claimed, submitted, waited for and kept.

    protocols: by which a run is scored that has to be trained again. say: takes a line for the user.
    interrupted: the signal that ended it early, or 0.
    """

    def __init__(
        self,
        store: Store,
        means: Means,
        protocols: tuple[Protocol, ...] = (),
        say: Callable[[str], None] = print,
    ) -> None:
        root = store.root.resolve()
        self.store, self.protocols, self.say = store, protocols, say
        checkpoints = str(atomic.unlinked(root, checkpoint.FOLDER)) if means.every else ""
        self.means = replace(means, checkpoints=checkpoints, progress=str(root / leases.FOLDER))
        self.leases = Leases(store.root)
        self.in_flight: dict[Future[Result], Job] = {}
        self.interrupted = self.broken = 0
        self.ended = threading.Event()

    def results(self, jobs: Iterable[Job]) -> Iterator[Result]:
        """Results as they are stored. Ends when every job is done, here or by another process, or on a signal.

        A process takes the next job when it is free: runs last seconds to hours, unequally. BenchError where a result
        cannot be stored.
        """
        waiting, said = deque(jobs), False
        with self.opened():
            while waiting and not self.interrupted:
                leased: list[Job] = []
                while self._fill(waiting, leased):
                    yield from self.wait()
                waiting = deque(leased)
                if waiting and not said:
                    said = True
                    self.say(f"{len(waiting)} runs are under way in other processes; waiting for them")
                if waiting:
                    self.ended.wait(LOOK)

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Within it jobs are submitted and stored; signals end it in good order; what dead processes left is cleared.

        Left before its time, it ends what is in flight.
        """
        self._sweep()
        with (
            self._signals(),
            self.leases,
            pool.executor(self.means.processes, self.means.scheduler) as (self.executor, self.room),
        ):
            self.leases.sweep(self._finished)
            try:
                yield
            finally:
                if self.in_flight:
                    self.stop(self.interrupted)
            self.leases.sweep(self._finished)

    @property
    def free(self) -> bool:
        """Whether another job may be submitted."""
        return not self.interrupted and len(self.in_flight) < self.room()

    def left(self, job: Job) -> Job | None:
        """What is left to do of a job whose lease is held, with what it needs.

        None where nothing is; the lease is then given back.
        """
        key = job.spec.key
        if job.weights is not None or job.posterior is not None:
            return job
        try:
            left = remaining(replace(job, further=False), self.store)
            left = scoring(left, self.store) if left is not None and left.further else left
        except Damaged as damage:
            where = self.store.set_aside(key)
            self.say(f"damaged: {damage}; moved to {where.name}, to be run again")
            left = replace(job, protocols=self.protocols or job.protocols, further=False)
        if left is None:
            self.leases.release(key)
        return left

    def submit(self, job: Job) -> None:
        """Have a job carried out whose lease is held."""
        self.in_flight[self.executor.submit(pool.result_of, job, self.means)] = job

    def wait(self, timeout: float | None = None) -> Iterator[Result]:
        """Store and give what has come back; waits for something, but no longer than so many seconds."""
        if not self.in_flight:
            self.ended.wait(timeout)
            return
        done, _ = futures.wait(self.in_flight, timeout, futures.FIRST_COMPLETED)
        for future in done:
            job = self.in_flight.pop(future)
            try:
                result = future.result()
                self.broken = 0
            except Exception:  # the engine's own; a run's is in its record
                self.broken += 1
                if self.broken > RETRIED or self.interrupted:
                    raise
                self.submit(job)
                continue
            if self.keep(result):
                yield result

    def running(self) -> Iterator[tuple[str, Progress | None]]:
        """Key and progress of every run that this session has under way."""
        for key in list(self.leases.held):
            yield key, leases.progress(self.leases.folder, key)

    def stop(self, by: int) -> None:
        """Begin no further run; have those under way keep what they have and end."""
        self.interrupted = by
        self.ended.set()
        CREW.stop()

    def _sweep(self) -> None:
        """Remove what dead processes left half written."""
        atomic.sweep(self.store.root)
        if self.means.checkpoints:
            Path(self.means.checkpoints).mkdir(exist_ok=True)
            atomic.sweep(Path(self.means.checkpoints))

    def _fill(self, waiting: deque[Job], leased: list[Job]) -> bool:
        """Submit jobs while there is room, those put by that others have a lease of; whether any is in flight."""
        while waiting and self.free:
            job = waiting.popleft()
            if not self.leases.take(job.spec.key):
                leased.append(job)
            elif (left := self.left(job)) is not None:
                self.submit(left)
        return bool(self.in_flight)

    def _finished(self, key: str) -> bool:
        """Whether a run is done for good; what was kept of its training then goes."""
        with contextlib.suppress(Damaged):
            state = self.store.state(key)
            if state is not None and state.status in FINAL:
                self._forget(key)
                return True
        return False

    def _forget(self, key: str) -> None:
        if self.means.checkpoints:
            checkpoint.checkpoint_file(Path(self.means.checkpoints), key).unlink(missing_ok=True)

    def keep(self, result: Result) -> bool:
        """Store a result and let go of its run. False where there is nothing to store."""
        key = result.job.spec.key
        try:
            if result.stopped:
                return False
            if result.record is None:
                self.store.add_scores(key, result.artefacts.scores)
            elif not result.job.done:  # else a run that is done, of which a metric failed, stays as it is
                self._put(result.record, result.artefacts)
            if result.record is not None and result.record.status in FINAL:
                self._forget(key)
        except Damaged as damage:
            self.say(f"damaged: {damage}; its new scores are not kept")
            return False
        except OSError as error:
            self.stop(0)
            reason = error.strerror or str(error)
            raise BenchError(
                f"{self.store.root}: {reason}: run {key} could not be stored, and nothing of it is left half written; "
                "when that is put right, the same command goes on"
            ) from None
        finally:
            self.leases.release(key)
        return True

    def _put(self, record: Record, artefacts: Artefacts) -> None:
        """Store a run; of one that is done already, as a baseline to score further is, the scores that it lacks."""
        if not self.store.put(record, artefacts):
            there = self.store.scored(record.key)
            lacking = [file for file in artefacts.scores if len(file.repeats) > there.get(file.protocol, 0)]
            self.store.add_scores(record.key, lacking)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """The first signal ends the session in good order, the second at once. The main thread's to hear."""
        main = threading.current_thread() is threading.main_thread()
        known = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name) and main]
        before = {number: signal.signal(number, self._heard) for number in known}
        try:
            yield
        finally:
            CREW.dismiss()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            CREW.kill()
            os._exit(128 + number)
        self.stop(number)
