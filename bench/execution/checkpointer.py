"""What goes on beside a training: it is kept every so often, says how far it is, and ends when it is told to."""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bench.errors import optional
from bench.execution import leases
from bench.execution.job import ExecutionConfig, Job, Progress
from bench.store import atomic
from bench.training import checkpoint
from bench.training.loop import State, Watch

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

STOPPED = 75  # exit code of a process that was told to stop and did (sysexits.h: try again later)
TELL = 1.0  # seconds between two words on how far it is
SHORT = 30.0  # seconds: a training that took longer is kept before it is scored


class Checkpointer(Watch):
    """The watch over one job in a process of its own."""

    def __init__(self, job: Job, config: ExecutionConfig) -> None:
        super().__init__()
        self.job, self.key, self.every = job, job.spec.key, config.every
        self.path = _if_there(config.checkpoints, checkpoint.checkpoint_file, self.key)
        self.progress = _if_there(config.progress, leases.progress_file, self.key)
        events = f"{config.tensorboard}/{self.key}" if config.tensorboard else ""
        self.events = "" if os.path.islink(events) else events
        self.writer: SummaryWriter | None = None
        self.stopping = self.training = False
        self.start = self.kept = self.told = time.monotonic()

    def begin(self, state: State) -> int:
        """Go on where the training was kept."""
        if self.path is not None:
            self.resumed, self.earlier = self._resume(self.path, state)
        self.start = self.kept = time.monotonic()
        self.training = True
        return self.resumed

    def after(self, step: int, state: State) -> None:
        """Every update ends here; what costs time is done every so often."""
        now = time.monotonic()
        if now - self.told >= TELL:
            self.told = now
            self._tell(step, state)
        if self.stopping or (now - self.kept >= self.every):
            self._keep(step, state)
            if self.stopping:
                os._exit(STOPPED)

    def logged(self, row: dict[str, float]) -> None:
        """To TensorBoard's event files, if asked."""
        if self.events:
            with optional("tensorboard_error", self.errors):
                self._add_event(row)

    def ended(self, step: int, state: State) -> None:
        """The training is done; its scoring begins."""
        self.training = False
        if self.writer is not None:
            with optional("tensorboard_error", self.errors):
                self.writer.close()
        whole = step == self.job.spec.steps and state.log.diverged_at is None
        if whole and step > self.resumed and time.monotonic() - self.start >= min(self.every, SHORT):
            self._keep(step, state)
        self._write(Progress("scoring", step, self.job.spec.steps))
        if self.stopping:
            os._exit(STOPPED)

    @property
    def seconds(self) -> float:
        """Seconds of work on this training up to now."""
        return self.earlier + time.monotonic() - self.start

    def stop(self) -> None:
        """End soon: after this update where a training is kept, else at once."""
        if self.training and self.path is not None and not self.stopping:
            self.stopping = True
        else:
            os._exit(STOPPED)

    def _add_event(self, row: dict[str, float]) -> None:
        from torch.utils.tensorboard import SummaryWriter  # an extra, and slow to import

        if self.writer is None:
            self.writer = SummaryWriter(self.events)
        for name, value in row.items():
            if name != "step":
                self.writer.add_scalar(name, value, int(row["step"]))
        self.writer.flush()

    def _resume(self, path: Path, state: State) -> tuple[int, float]:
        """A checkpoint that does not fit is set aside, with a line, and the training begins anew."""
        try:
            return checkpoint.resume(path, self.key, state)
        except checkpoint.Unfit as error:
            with contextlib.suppress(OSError):
                where = checkpoint.set_aside(path)
                print(f"checkpoint of {self.key}: {error}; moved to {where}, to be trained anew", file=sys.stderr)
            return 0, 0.0

    def _keep(self, step: int, state: State) -> None:
        """A full disk costs the checkpoint, not the training."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                checkpoint.keep(self.path, self.key, step, self.seconds, state)
        self.kept = time.monotonic()

    def _tell(self, step: int, state: State) -> None:
        spec = self.job.spec
        each = (time.monotonic() - self.start) / (step - self.resumed)  # seconds an update
        loss = state.log.rows[-1]["loss"] if state.log.rows else None
        left = each * (spec.steps - step)
        rate = spec.batch_size / each
        self._write(Progress("training", step, spec.steps, rate, loss, left))

    def _write(self, progress: Progress) -> None:
        if self.progress is None:
            return
        with contextlib.suppress(OSError), atomic.replacing(self.progress) as new:
            new.write_bytes(msgspec.json.encode(progress))


def _if_there(folder: str, name: Callable[[Path, str], Path], key: str) -> Path | None:
    """The key's file in a folder, where this machine has the folder."""
    return name(Path(folder), key) if folder and Path(folder).is_dir() else None
