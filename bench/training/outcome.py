"""How a training ended, as a record."""

import numpy as np

from bench.spec import Record, RunSpec
from bench.training.loop import Training
from methods._base import Method


def outcome(spec: RunSpec, method: Method, training: Training) -> Record:
    """How a training ended: done with its last terms, or diverged with the update and what was not finite."""
    last = {name: value for name, value in training.last.items() if name != "step"}
    odd = [name for name, value in last.items() if not np.isfinite(value)]
    diverged = training.diverged_at is not None or bool(odd)
    error = "a loss that is not finite" if training.diverged_at is not None else f"not finite: {', '.join(odd)}"
    return Record(
        key=spec.key,
        spec=spec,
        status="diverged" if diverged else "done",
        strength=method.strength,
        error=error if diverged else None,
        step=(training.diverged_at or int(training.last["step"])) if diverged else None,
        definitions=dict(method.definitions),
        terms={} if diverged else last,
    )
