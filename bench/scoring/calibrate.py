"""`bench calibrate`: what each metric says of codes that are known by formula, on a grid of factors."""

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from bench import plugins
from bench.data import dsprites, sprites32
from bench.errors import BenchError
from bench.report.words.names import number_text
from bench.scoring.protocol import Grid as Settings
from bench.scoring.protocol import Protocol, grid
from bench.seeds import stream
from metrics._analytic import CODES, Grid
from metrics._codes import Codes, MetricError

MOST_ROWS = 2_000_000  # of a grid, which is kept in memory with its codes
# By how many rows and bins the cheap metrics change; the trees of three take many seconds a code at 10,000 rows.
DEFAULTS: dict[str, Settings] = {
    "dci": {"n_train": 2_000, "n_test": 1_000},
    "dci_es": {"n_train": 2_000, "n_test": 1_000},
    "downstream": {"n_train": 1_000, "n_test": 1_000},
    "explicitness": {"n_train": [10_000, 1_000]},
    "infomec": {"n_train": [10_000, 1_000]},
    "irs": {"n_train": [10_000, 1_000], "bins": [20, 40]},
    "mcc": {"n_train": [10_000, 1_000]},
    "r2": {"n_train": [10_000, 1_000], "n_test": 5_000},
    "mig": {"n_train": [10_000, 1_000], "bins": [20, 10, 40]},
    "modularity": {"n_train": [10_000, 1_000], "bins": [20, 10, 40]},
    "sap": {"n_train": [10_000, 1_000]},
}


class Cell(NamedTuple):
    """The value that a protocol gives a code; nan where it refuses it."""

    code: str
    protocol: Protocol
    name: str
    value: float

    @property
    def label(self) -> str:
        """The value's name, and the arguments that are not the metric's defaults: `mig bins 40, n 1000`."""
        usual = {n: p.default for n, p in inspect.signature(self.protocol.call).parameters.items()}
        changed = {n: v for n, v in self.protocol.params.items() if v != usual[n]}
        words = [
            f"{n.removesuffix('_train') if n == 'n_train' else n} {v}" for n, v in changed.items() if n != "n_test"
        ]
        return f"{self.name} ({', '.join(words)})" if words else self.name


def sizes_of(given: str) -> tuple[int, ...]:
    """The sizes of a grid: of a data set by name, or as 3,6,40. BenchError for anything else."""
    if given in ("dsprites", "sprites32"):
        return tuple((dsprites if given == "dsprites" else sprites32).SCENE.sizes)
    try:
        sizes = tuple(int(word) for word in given.split(","))
    except ValueError:
        sizes = ()
    if len(sizes) < 2 or min(sizes) < 2 or math.prod(sizes) > MOST_ROWS:
        raise BenchError(
            f"grid={given}: expected dsprites, sprites32, or the sizes of two factors or more such as 3,6,40: each at "
            f"least 2, together at most {MOST_ROWS:,} combinations"
        )
    return sizes


def protocols(metrics: Sequence[str], settings: Mapping[str, Settings]) -> list[Protocol]:
    """Every metric with every combination of its settings, or of the defaults here. BenchError for unknown ones."""
    found = []
    for name in metrics:
        for params in grid({**DEFAULTS.get(name, {}), **settings.get(name, {})}):
            found.append(Protocol(name, plugins.resolve("metric", name, params), "given"))
    return found


def cells(sizes: tuple[int, ...], protocols: Sequence[Protocol], seed: int) -> Iterator[Cell]:
    """Every code by every protocol. Metrics on a table see the whole grid, the others rows drawn from it."""
    every = Grid.of(sizes)
    n_rows = max((p.rows for p in protocols), default=0)
    names: dict[str, list[str]] = {}  # of the values of each protocol, from the perfect code, which comes first
    rows = stream(seed, "calibration rows").integers(len(every.v), size=n_rows)
    for name, code in CODES.items():
        z = code.make(every, stream(seed, "calibration code", name)).astype(np.float32)
        table, sample = Codes(z, every.v), Codes(z[rows], every.v[rows])
        for p in protocols:
            try:
                rng = stream(seed, "metric", p.id, 0)
                values = p.call(table if p.on_table else sample, rng, **p.params).values
            except MetricError as error:
                if p.id not in names:  # an argument that no code can be scored with
                    raise BenchError(f"{p.metric}: {error}") from None
                values = {}
            names.setdefault(p.id, list(values))
            yield from (Cell(name, p, of, values.get(of, math.nan)) for of in names[p.id])


class Calibration(NamedTuple):
    """Values (rows, codes): a row per value of each protocol."""

    labels: tuple[str, ...]
    codes: tuple[str, ...]
    values: np.ndarray[tuple[int, int], np.dtype[np.float64]]


def calibration(found: Sequence[Cell]) -> Calibration:
    """The cells as a table."""
    by_place = {(cell.label, cell.code): cell.value for cell in found}
    labels, codes = (tuple(dict.fromkeys(names)) for names in zip(*by_place, strict=True))
    return Calibration(labels, codes, np.array([[by_place[label, code] for code in codes] for label in labels]))


def markdown(table: Calibration) -> str:
    """The table in Markdown, three decimals; a dash where a protocol refuses a code."""
    head = ["score", *table.codes]
    lines = [head, ["---", *["---:"] * len(table.codes)]]
    lines += [
        [label, *[number_text(x, 3) or "–" for x in row]] for label, row in zip(table.labels, table.values, strict=True)
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def csv_text(sizes: tuple[int, ...], found: Sequence[Cell]) -> str:
    """A row per value: grid, code, metric, protocol, name, value."""
    lines = ["grid,code,metric,protocol,name,value"]
    shape = "x".join(map(str, sizes))
    for c in found:
        value = "" if math.isnan(c.value) else repr(c.value)
        lines.append(f"{shape},{c.code},{c.protocol.metric},{c.protocol.id},{c.name},{value}")
    return "\n".join(lines) + "\n"


def draw(table: Calibration, sizes: tuple[int, ...], seed: int) -> Figure:
    """A heat map of the table with every value written in its cell."""
    rows, columns = table.values.shape
    figure = Figure(figsize=(2.6 + 0.42 * columns, 1.5 + 0.17 * rows), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(np.clip(table.values, 0, 1), cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(table.values):
        text = number_text(value, 2) or "–"
        ink = "white" if math.isnan(value) or value < 0.55 else "black"
        axes.text(j, i, text, ha="center", va="center", color=ink, fontsize=5.5)
    notes = {"perfect": "perfect (ceiling)", "pure noise": "pure noise (chance)"}
    axes.set_xticks(
        range(columns), [notes.get(c, c) for c in table.codes], rotation=40, ha="left", rotation_mode="anchor"
    )
    axes.set_yticks(range(rows), table.labels, fontsize=6)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(f"codes of a grid of {' × '.join(map(str, sizes))} factor values, seed {seed}", fontsize=7)
    figure.colorbar(image, ax=axes, label="score", fraction=0.02, pad=0.01)
    return figure
