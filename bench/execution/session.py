"""One command on a results folder: takes runs, has them carried out, stores them; shares the folder with others."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from bench.errors import BenchError
from bench.execution import leases, pool
from bench.execution.job import Job, Means, Progress, Result
from bench.execution.leases import Leases
from bench.execution.plan import remaining, scoring
from bench.execution.pool import CREW, LOCAL
from bench.scoring.protocol import Protocol
from bench.store import atomic
from bench.store.files import Damaged
from bench.store.store import FINAL, Store
from bench.training import checkpoint

LOOK = 2.0  # seconds between two looks at what other processes have under way
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Session:
    """The work of one process on the runs of a store.

    protocols: by which a run is scored that has to be trained again. say: takes a line for the user.
    interrupted: the signal that ended it early, or 0.
    """

    def __init__(
        self, store: Store, means: Means, protocols: tuple[Protocol, ...] = (), say: Callable[[str], None] = print
    ) -> None:
        root = store.root.resolve()
        self.store, self.protocols, self.say = store, protocols, say
        checkpoints = str(atomic.unlinked(root, checkpoint.FOLDER)) if means.every else ""
        self.means = replace(means, checkpoints=checkpoints, progress=str(root / leases.FOLDER))
        self.leases = Leases(store.root)
        self.interrupted = 0
        self.ended = threading.Event()
        self.elsewhere: list[Job] = []
        self.trouble: Exception | None = None

    def results(self, jobs: Sequence[Job], processes: int, engine: Mapping[str, str] = LOCAL) -> Iterator[Result]:
        """Results as they are stored. Ends when every job is done, here or by another process, or on a signal.

        BenchError where a result cannot be stored.
        """
        left, told = list(jobs), False
        with self.opened():
            while left and not self.interrupted:
                self.elsewhere = []
                for result in pool.execute(left, processes, self.means, engine, ready=self._ready):
                    if self.keep(result):
                        yield result
                if self.trouble is not None:
                    raise self.trouble
                left = self.elsewhere
                if left and not told:
                    told = True
                    self.say(f"{len(left)} runs are under way in other processes; waiting for them")
                if left:
                    self.ended.wait(LOOK)

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Within it runs are taken and stored; signals end it in good order; what dead processes left is cleared."""
        self._sweep()
        with self._signals(), self.leases:
            self.leases.sweep(self._finished)
            yield
            self.leases.sweep(self._finished)

    def claim(self, job: Job) -> Job | None:
        """The job, with what it needs, ours to carry out; None where it is done, or under way in another process."""
        mine = self._ready(job)
        if self.trouble is not None:
            raise self.trouble
        return mine

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

    def _ready(self, job: Job) -> Job | None:
        """The job under a lease, with what it needs; None if it is not ours to do. Called from joblib's threads."""
        if self.interrupted or self.trouble is not None:
            return None
        try:
            return self._leased(job)
        except Exception as error:  # raised where the results are asked for, not in a thread of joblib's
            self.trouble = error
            return None

    def _leased(self, job: Job) -> Job | None:
        key = job.spec.key
        if not self.leases.take(key):
            self.elsewhere.append(job)
            return None
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
                self.store.put(result.record, result.artefacts)
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

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """The first signal ends the session in good order, the second at once. The main thread's to hear."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        known = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
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
