"""How a run is scored: which metric, with which arguments, on which codes, under which name."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bench import plugins
from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.plugins import Params, Value
from bench.seeds import stream
from bench.spec import ScoreFile
from metrics import _registry
from metrics._codes import Codes, Posterior
from metrics._groups import FEWEST_SHARING, held_fixed, sharing
from metrics._protocol import fitted, on_table, protocol_id, try_on_noise

EVALUATION_ROWS = 15_000  # drawn independently, 10,000 to fit on and 5,000 to test on; kept with the run
CODES = ("mean", "sample")
UNLABELLED = "the data set has no factors"

Grid = dict[str, Value | list[Value]]


class Facts(NamedTuple):
    """What of a data set bears on how its runs are scored, where it is not a whole grid of factors.

    rows: evaluation rows that a run keeps, of which every factor is known. incomplete: how many rows are left out since
    they lack a value, and of which factors; or UNLABELLED. continuous: the factors that are in bins; binning: the
    protocols' word for that. unordered: the factors whose values have no order. scattered: those of which half of the
    rows share their value with fewer than FEWEST_SHARING rows, themselves included. Names with commas between. kinds:
    of each factor, in the order of the data set's, where one is not ordered.
    """

    rows: int = EVALUATION_ROWS
    incomplete: str = ""
    continuous: str = ""
    binning: str = ""
    unordered: str = ""
    scattered: str = ""
    kinds: str = ""

    @classmethod
    def of(cls, dataset: FactorDataset) -> "Facts":
        """Of a data set whose rows are a sample, no more rows than are complete; else as many as usual."""
        if not dataset.names:
            return cls(0, UNLABELLED)
        continuous, unordered = ", ".join(dataset.numbers), ", ".join(dataset.unordered)
        kinds = ", ".join(dataset.kinds) if set(dataset.kinds) != {"ordered"} else ""
        if not dataset.sampled:
            return cls(continuous=continuous, binning=dataset.binned, unordered=unordered, kinds=kinds)
        rows, lack = dataset.complete, (dataset.v[dataset.to_score] < 0).sum(axis=0)
        few = (n for n, v_k in zip(dataset.names, dataset.v[rows].T, strict=True) if sharing(v_k) < FEWEST_SHARING)
        lacking = ", ".join(f"{n} ({c})" for n, c in zip(dataset.names, lack, strict=True) if c)
        out = f"{len(dataset.to_score) - len(rows)} of {len(dataset.to_score)} rows lack a value of {lacking}"
        told = out if lacking else ""
        used = min(EVALUATION_ROWS, len(rows))
        return cls(used, told, continuous, dataset.binned, unordered, ", ".join(few), kinds)

    @classmethod
    def read(cls, evaluation: Params) -> "Facts":
        """As a record states them."""
        words = {name: str(evaluation[name]) for name in cls._fields if name in evaluation and name != "rows"}
        return cls(int(evaluation.get("rows", EVALUATION_ROWS)), **words)

    @property
    def of_factors(self) -> tuple[str, ...]:
        """The kind of each factor, as metrics.Codes has it; empty where all are ordered."""
        return tuple(filter(None, self.kinds.split(", ")))

    @property
    def stated(self) -> Params:
        """What is not as usual, for a record."""
        return {name: value for name, value in self._asdict().items() if value != self._field_defaults[name]}


@dataclass(frozen=True)
class Protocol:
    """A metric, all of its arguments, and what it scores: posterior means, or one sample of each posterior.

    binning: the word for bins of continuous factors, or "". lacking: why the data set cannot be scored by it, or "".
    kinds: of the data set's factors (metrics.Codes), empty where all are ordered. without: the names of the factors
    that the metric leaves out, since it asks for an order of their values.
    """

    metric: str
    params: Params
    codes: str = "mean"
    binning: str = ""
    lacking: str = ""
    kinds: tuple[str, ...] = ()
    without: str = ""

    @property
    def id(self) -> str:
        """For example `mig:bins20-mean-n10000`; what is False is left out."""
        return protocol_id(self.metric, self.params, *filter(None, (self.codes, self.binning)))

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
        """The codes that it scores: means or, from a stream of their own, samples; rows of which all factors are known.

        A metric that asks for an order of values sees the true values of continuous factors, others see their bins.
        """
        rows = ("table",) if self.on_table else ()  # else the noise of the table would begin as that of the rows
        rng = None if self.codes == "mean" else stream(seed, "codes sample", repeat, *rows)
        codes, known = posterior.codes(rng), (posterior.v >= 0).all(axis=1)
        if posterior.numbers is not None and asks_order(self.metric):
            codes = Codes(codes.z, np.asarray(posterior.numbers))
        codes = codes if known.all() else Codes(codes.z[known], codes.v[known])
        return Codes(codes.z, codes.v, self.kinds)


def protocols_of(
    metrics: Iterable[str], settings: Mapping[str, Grid], codes: Iterable[str], facts: Facts | None = None
) -> tuple[Protocol, ...]:
    """Every metric with every combination of its settings, on each kind of codes, on a data set of these facts.

    Where a data set has fewer rows than a metric reads by default, it reads them all: to fit and to test in the
    proportion of its defaults. BenchError for unknown names, for arguments that a metric refuses, or more rows than a
    run keeps.
    """
    facts = facts or Facts()
    kinds = list(codes)
    for kind in kinds:
        if kind not in CODES:
            raise BenchError(plugins.unknown("codes", kind, CODES))
    if not kinds or len(set(kinds)) < len(kinds):
        raise BenchError(f"codes={','.join(kinds)}: expected at least one of {', '.join(CODES)}, each once")
    found = []
    for name in metrics:
        for given in grid(settings.get(name, {})):
            params = _fitted(name, given, facts.rows)
            lacking = _lacking(name, facts)
            _try(Protocol(name, params), facts.rows if given else 0)
            ordered = bool(asks_order(name))
            binning, without = ("", facts.unordered) if ordered else (facts.binning, "")
            found += [Protocol(name, params, kind, binning, lacking, facts.of_factors, without) for kind in kinds]
    return tuple(found)


def explained(metric: str) -> list[str]:
    """Lines that say what a metric's values mean, and by which protocol it scores unless told otherwise."""
    default = Protocol(metric, plugins.resolve("metric", metric, {}))
    rows = "the whole data set" if default.on_table else f"{default.rows:,} rows drawn at random"
    about = _registry.about(metric)
    stated = {} if about is None else {name: text for name, text in about._asdict().items() if text}
    facts = {"protocol": f"{default.id} (on {rows}, posterior means)", **stated}
    return [f"{name}: {fact}" for name, fact in facts.items()]


def grid(arguments: Grid) -> Iterator[dict[str, Value]]:
    """Every combination of the listed values."""
    lists = [values if isinstance(values, list) else [values] for values in arguments.values()]
    for values in itertools.product(*lists):
        yield dict(zip(arguments, values, strict=True))


def _fitted(metric: str, given: Mapping[str, Value], rows: int) -> Params:
    """All arguments of a metric; the numbers of rows that were not given fit a data set of so many rows."""
    params = plugins.resolve("metric", metric, given)
    if Protocol(metric, params).rows <= rows or rows == 0 or {"n_train", "n_test"} & set(given):
        return params
    return fitted(params, given, rows)


def asks_order(metric: str) -> str:
    """Why a metric needs an order of the factors' values; empty where it needs none."""
    about = _registry.about(metric)
    return "" if about is None else about.order


def left_out(protocols: Iterable[Protocol]) -> list[str]:
    """One line for each metric that cannot be scored on the data set, or not on all factors, with its reason."""
    lines = []
    for p in protocols:
        if p.lacking:
            lines.append(f"not scored: {p.metric}: {p.lacking}")
        elif p.without:
            lines.append(f"not scored: {p.metric} of {p.without}: {asks_order(p.metric)}")
    return list(dict.fromkeys(lines))


def _lacking(metric: str, facts: Facts) -> str:
    """What a metric asks for and a data set of these facts does not have."""
    if facts.rows == 0:
        return UNLABELLED if facts.incomplete == UNLABELLED else "no row has a value of every factor"
    if facts.scattered and on_table(plugins.load("metric", metric)):
        return held_fixed(facts.scattered)
    order, kinds = asks_order(metric), set(facts.of_factors)
    return f"{order}, and those of {facts.unordered} have none" if order and kinds == {"unordered"} else ""


def _try(protocol: Protocol, rows: int) -> None:
    """Score `rows` rows of noise, so that arguments out of range are refused before a training and not after it."""
    if rows == 0:
        return
    if protocol.rows > rows:
        raise BenchError(
            f"{protocol.metric}: wants {protocol.rows} rows, a run keeps {rows} for scoring"
            + ("" if rows == EVALUATION_ROWS else "; by default as many are read as there are")
        )
    if protocol.params == plugins.resolve("metric", protocol.metric, {}):
        return
    try:
        try_on_noise(protocol.call, protocol.params, rows)
    except ValueError as error:
        raise BenchError(f"{protocol.metric}: {error}") from None


def protocol_of(file: ScoreFile, evaluation: Params) -> Protocol | None:
    """The protocol that a score file is of, on a data set of which a record states this.

    None where this version of the metric gives it another name.
    """
    kinds = Facts.read(evaluation).of_factors
    words = ("", *re.findall(r"(?<=[:-])v(?:width|quantile)\d+", file.protocol))
    known = (Protocol(file.metric, file.params, kind, word, kinds=kinds) for kind in CODES for word in words)
    return next((p for p in known if p.id == file.protocol), None)
