"""What is given to a process that trains, and what it gives back. Without torch: a device is chosen before it loads."""

from dataclasses import dataclass, field

import msgspec

from bench.scoring.protocol import Protocol
from bench.spec import Record, RunSpec
from bench.store.files import Arrays, Artefacts


@dataclass(frozen=True)
class Job:
    """A run to do, or a run done (what is stored of it given) to score further; and how. It alters no numbers.

    repeats: how often each protocol is evaluated, each time on rows and with random numbers of its own.
    posterior: of repeat 0's rows; with it, weights are needed only by protocols on a table, and by further repeats.
    further: a run done whose weights and posterior are loaded when its turn comes.
    score_every: updates between scorings in the midst of training; 0 for none.
    reproducible: told to round alike on every x86-64 processor (bench.environment.REPRODUCIBLE). A run that is done is
        scored further as it was trained.
    keeps: its result is of use beyond what it took; else no data set is written into the cache, and without protocols
        nothing is measured of the codes.
    """

    spec: RunSpec
    protocols: tuple[Protocol, ...] = ()
    repeats: int = 1
    device: str = "cpu"
    threads: int = 1
    environment: dict[str, str | int | bool] = field(default_factory=dict)
    weights: Arrays | None = None
    posterior: Arrays | None = None
    further: bool = False
    score_every: int = 0
    reproducible: bool = False
    keeps: bool = True

    @property
    def done(self) -> bool:
        """Whether it scores a run that is done already."""
        return self.further or self.weights is not None or self.posterior is not None


@dataclass(frozen=True)
class Result:
    """What a job gives back: a record and artefacts; or for a run that was done already, scores alone.

    slot: where it ran. stopped: it was told to stop before it was done; there is nothing to store.
    trouble: why a run that is trained could not be scored; its training is kept.
    """

    job: Job
    record: Record | None
    artefacts: Artefacts
    slot: str = ""
    stopped: bool = False
    trouble: str = ""


@dataclass(frozen=True)
class ExecutionConfig:
    """Where and how jobs are carried out, the same for all jobs of a command.

    devices: `cpu`, which any number of processes share, or devices with a number (`cuda:0`), which at most
        `runs_per_device` processes of this machine use at once.
    slots: the folder of the locks that see to that; one a machine. Empty: one in the system's temporary folder.
    timeout: seconds that a run may take before its process is killed; 0 for no limit.
    retries: how often a run is tried again whose process died.
    idle: seconds after which a process without a job ends, and gives its slot up to those that wait for one.
    checkpoints: the folder for trainings under way; empty: none are kept. every: seconds between two of a training.
    progress: the folder in which each process says how far it is; empty: nowhere.
    tensorboard: the folder for event files; empty: none.
    reproducible: whether jobs that are made for it are.
    processes: how many runs at once. scheduler: the address of the Dask cluster that carries them out, of which
        `processes` 0 means as many as its workers have threads; empty: this machine.
    """

    devices: tuple[str, ...] = ("cpu",)
    runs_per_device: int = 1
    threads: int = 1
    slots: str = ""
    timeout: float = 0.0
    retries: int = 1
    idle: float = 10.0
    checkpoints: str = ""
    every: float = 120.0
    progress: str = ""
    tensorboard: str = ""
    reproducible: bool = False
    processes: int = 1
    scheduler: str = ""


class Progress(msgspec.Struct, frozen=True):
    """How far a run is: phase (training or scoring), updates done of how many; observations a second, loss in nats."""

    phase: str
    step: int
    steps: int
    rate: float = 0.0
    loss: float | None = None
    seconds_left: float | None = None
