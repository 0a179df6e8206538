"""How a run is scored: which metric, with which arguments, on which codes, under which name."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench import plugins
from bench.errors import BenchError
from bench.seeds import stream
from bench.spec import Params, Value
from metrics import _registry
from metrics._codes import Codes, Posterior
from metrics._protocol import on_table, protocol_id

EVALUATION_ROWS = 15_000  # drawn independently, 10,000 to fit on and 5,000 to test on; kept with the run
CODES = ("mean", "sample")

Grid = dict[str, Value | list[Value]]


@dataclass(frozen=True)
class Protocol:
    """A metric, all of its arguments, and what it scores: posterior means, or one sample of each posterior."""

    metric: str
    params: Params
    codes: str = "mean"

    @property
    def id(self) -> str:
        """For example `mig:bins20-mean-n10000`; what is False is left out."""
        return protocol_id(self.metric, self.params, self.codes)

    @property
    def call(self) -> Any:
        """The metric itself."""
        return plugins.load("metric", self.metric)

    @property
    def on_table(self) -> bool:
        """Whether the metric selects rows from a table of the whole data set, rather than reading a sample of rows."""
        return on_table(self.call)

    @property
    def rows(self) -> int:
        """How many evaluation rows it reads; 0 on a table. BenchError where it does not say."""
        if self.on_table:
            return 0
        if "n_train" not in self.params:
            raise BenchError(f"{self.metric}: reads a sample and has no argument n_train; expected one, its rows")
        return int(self.params["n_train"]) + int(self.params.get("n_test", 0))

    def drawn(self, posterior: Posterior, seed: int, repeat: int) -> Codes:
        """The codes that it scores: means or, from a stream of their own, samples."""
        if self.codes == "mean":
            return posterior.codes()
        rows = ("table",) if self.on_table else ()  # else the noise of the table would begin as that of the rows
        return posterior.codes(stream(seed, "codes sample", repeat, *rows))


def protocols_of(metrics: Iterable[str], settings: Mapping[str, Grid], codes: Iterable[str]) -> tuple[Protocol, ...]:
    """Every metric with every combination of its settings, on each kind of codes.

    BenchError for unknown names, for arguments that a metric refuses, or more rows than a run keeps.
    """
    kinds = list(codes)
    for kind in kinds:
        if kind not in CODES:
            raise BenchError(plugins.unknown("codes", kind, CODES))
    if not kinds or len(set(kinds)) < len(kinds):
        raise BenchError(f"codes={','.join(kinds)}: expected at least one of {', '.join(CODES)}, each once")
    found = []
    for name in metrics:
        for given in grid(settings.get(name, {})):
            params = plugins.resolve("metric", name, given)
            _try(Protocol(name, params))
            found += [Protocol(name, params, kind) for kind in kinds]
    return tuple(found)


def explained(metric: str) -> list[str]:
    """Lines that say what a metric's values mean, and by which protocol it scores unless told otherwise."""
    default = Protocol(metric, plugins.resolve("metric", metric, {}))
    rows = "the whole data set" if default.on_table else f"{default.rows:,} rows drawn at random"
    about = _registry.about(metric)
    stated = {} if about is None else about._asdict()
    facts = {"protocol": f"{default.id} (on {rows}, posterior means)", **stated}
    return [f"{name}: {fact}" for name, fact in facts.items()]


def grid(arguments: Grid) -> Iterator[dict[str, Value]]:
    """Every combination of the listed values."""
    lists = [values if isinstance(values, list) else [values] for values in arguments.values()]
    for values in itertools.product(*lists):
        yield dict(zip(arguments, values, strict=True))


def _try(protocol: Protocol) -> None:
    """Score noise, so that arguments out of range are refused before a training and not after it."""
    if protocol.rows > EVALUATION_ROWS:
        raise BenchError(f"{protocol.metric}: wants {protocol.rows} rows, a run keeps {EVALUATION_ROWS} for scoring")
    if protocol.params == plugins.resolve("metric", protocol.metric, {}):
        return
    rng = np.random.default_rng(0)
    noise = Codes(rng.standard_normal((EVALUATION_ROWS, 2)), rng.integers(2, size=(EVALUATION_ROWS, 2)))
    try:
        protocol.call(noise, rng, **protocol.params)
    except ValueError as error:
        raise BenchError(f"{protocol.metric}: {error}") from None
