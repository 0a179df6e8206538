"""The training loop, the same for every method."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bench.spec import RunSpec
from bench.training.update import Log, Update
from methods._base import Method

History = list[dict[str, float]]


@dataclass
class Training:
    """What a training leaves behind, beside the weights.

    history: a row every so many updates, with the mean of each term since the last row and each player's gradient
        norm at that update, and whatever `on_log` adds to it. last: the last row without that.
    diverged_at: the first update with a loss that is not finite.
    """

    history: History
    last: dict[str, float]
    diverged_at: int | None = None


@dataclass
class State:
    """All that a training has changed by some update: with it, it goes on as if it had never stopped.

    gathered: files by name, that `on_log` has made.
    """

    method: Method
    optimisers: list[torch.optim.Adam]
    rng: torch.Generator
    log: Log
    gathered: dict[str, bytes] = field(default_factory=dict)


class Watch:
    """What goes on beside a training: nothing, or what a subclass does.

    resumed: at which update the training went on (0: it began). earlier: seconds that it had taken by then.
    errors: why an extra of the training is not there, by its name.
    """

    def __init__(self) -> None:
        self.resumed, self.earlier = 0, 0.0
        self.errors: dict[str, str] = {}

    def begin(self, state: State) -> int:
        """How many updates are done already, the state being put where they led."""
        return 0

    def after(self, step: int, state: State) -> None:
        """After each update, `step` being done."""

    def logged(self, row: dict[str, float]) -> None:
        """After each row of the history."""

    def ended(self, step: int, state: State) -> None:
        """After the last update."""


def train(
    method: Method,
    batches: Callable[[int], Tensor],
    spec: RunSpec,
    rng: torch.Generator,
    log_every: int,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
    watch: Watch | None = None,
    gathered: dict[str, bytes] | None = None,
) -> Training:
    """`spec.steps` updates, with a row of the history every `log_every` of them. Stops at divergence."""
    log, watch = Log(method.players), watch or Watch()
    update = Update(method, spec, rng, log)
    state = State(method, update.optimisers, rng, log, {} if gathered is None else gathered)
    for step in range(watch.begin(state), spec.steps):
        logged = (step + 1) % log_every == 0 or step + 1 == spec.steps
        norms = update(batches(step), step, logged)
        if logged:
            row = log.row(step + 1, norms)
            on_log(row)
            watch.logged(row)
            if log.diverged_at is not None:
                break
        watch.after(step + 1, state)
    watch.ended(int(log.rows[-1]["step"]), state)
    return Training(log.rows, log.last, log.diverged_at)
