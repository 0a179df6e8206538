"""The process that trains: takes a slot, then carries out one job after another until its parent lets go of it.

It imports nothing heavy before it has its slot, so that torch sees one device.
"""

import os
import pickle
import select
import signal
import threading
import time
from dataclasses import replace
from typing import BinaryIO

from bench.execution import slots
from bench.execution.job import ExecutionConfig, Job, Result

POLL = 0.5  # seconds between two looks whether the parent lives


def main() -> None:
    """Serve the parent at the other end of standard input and output. Ends when there has been no job for a while.

    Whatever a plugin prints goes to standard error instead. Pickles pass between this process and its parent alone;
    none is ever read from a file.
    """
    inward, outward = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    config: ExecutionConfig = pickle.load(inward)
    slot = slots.take(slots.places(config.devices, config.runs_per_device), slots.folder(config.slots))
    os.environ.update(slot.environment)
    _send(slot.name, outward)
    while select.select([inward], [], [], config.idle)[0]:
        try:
            job: Job = pickle.load(inward)
        except EOFError:
            return
        _send(_result_of(job, config, slot), outward)


def _result_of(job: Job, config: ExecutionConfig, slot: slots.Slot) -> Result:
    # These import torch, which sees the devices of the environment that the slot has set by now.
    from bench.execution.checkpointer import Checkpointer
    from bench.execution.trial import trial

    checkpointer = Checkpointer(job, config)
    signal.signal(signal.SIGTERM, lambda *_: checkpointer.stop())
    result = trial(replace(job, device=slot.device), checkpointer)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # what came with the job is not sent back
    return replace(result, job=replace(job, weights=None, posterior=None), slot=slot.name)


def _send(what: object, to: BinaryIO) -> None:
    try:
        pickle.dump(what, to, pickle.HIGHEST_PROTOCOL)
        to.flush()
    except BrokenPipeError:  # the parent is gone
        os._exit(1)


def _follow(parent: int) -> None:
    """End with the parent: whoever gave the job is no longer there to take its result."""
    while os.getppid() == parent:
        time.sleep(POLL)
    os._exit(1)
