"""The training loop, the same for every method; several trainings in one process, in turns."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bench.environment import check_precision, is_reproducible, pinned
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


Updates = Generator[int, None, Training]  # gives the number of updates done after each, and returns the training


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
    """`spec.steps` updates, with a row of the history every `log_every` of them. Stops at divergence.

    BenchError for a precision that this machine is refused (bench.environment.check_precision).
    """
    (training,) = in_turns([updates(method, batches, spec, rng, log_every, on_log, watch, gathered)])
    if isinstance(training, Exception):
        raise training
    return training


def in_turns(members: Sequence[Updates]) -> list[Training | Exception]:
    """Trainings in one process, an update of each in turn; of each its end, in their order, or what it raised.

    A member has a method, batches, generator, log and watch of its own (`updates`), so that it ends with the bits of a
    training alone. One that diverges, ends or raises leaves the others as they are.
    """
    ends: dict[int, Training | Exception] = {}
    while len(ends) < len(members):
        for i, member in enumerate(members):
            if i not in ends:
                try:
                    next(member)
                except StopIteration as end:
                    ends[i] = end.value
                except Exception as error:
                    ends[i] = error
    return [ends[i] for i in range(len(members))]


def updates(
    method: Method,
    batches: Callable[[int], Tensor],
    spec: RunSpec,
    rng: torch.Generator,
    log_every: int,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
    watch: Watch | None = None,
    gathered: dict[str, bytes] | None = None,
) -> Updates:
    """The updates of `train`, each as it is asked for; nothing is done before the first."""
    check_precision(spec.precision, rng.device.type, is_reproducible(pinned()))
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
        yield step + 1
    watch.ended(int(log.rows[-1]["step"]), state)
    return Training(log.rows, log.last, log.diverged_at)
