"""The numbers of runs, read from a results folder or from the CSV files of a report."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.quantities import KL, RECON, Quantity
from bench.report.tables.csv_file import Row, cell_text
from bench.report.tables.rows import run_rows, score_rows
from bench.store import bundle
from bench.store.files import Damaged
from bench.store.runs import Run, Source
from bench.store.store import Store

FILES = ("runs.csv", "scores.csv")
COLUMNS = (
    {"key", "setting", "seed", "dataset", "method", "status"},
    {"key", "metric", "name", "protocol", "repeat", "factor", "value"},
)
Text = Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What a run gave, whoever keeps it.

    setting: the id of what it shares with runs of other seeds; params: its method's. numbers: loss terms, diagnostics
    and scores by names of their own, to be compared bit for bit. samples: what is compared over seeds, reconstruction,
    KL and scores, these as means over evaluation repeats. seconds: that its training took, as it is written.
    """

    key: str
    setting: str
    dataset: str
    method: str
    params: Text
    seed: int
    status: str
    environment: Text
    numbers: Mapping[str, float]
    samples: Mapping[Quantity, float]
    seconds: str = ""


def read(folder: Path, damaged: dict[str, str]) -> list[Outcome]:
    """The runs of a results folder, or of the CSV files of a report. BenchError where it is neither.

    damaged: takes the runs that cannot be read, by key with the reason.
    """
    if is_report(folder):
        return outcomes(*tables(folder))
    return of_runs(stored(folder, damaged))


def is_report(folder: Path) -> bool:
    """Whether a folder holds the CSV files of a report, and no runs. BenchError where it is no folder."""
    if not folder.is_dir():
        raise BenchError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    return all((folder / name).is_file() for name in FILES) and not Store(folder).keys()


def tables(folder: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows of a report's runs.csv and scores.csv. BenchError where one is no such file."""
    runs, scores = (rows_of(folder / name, columns) for name, columns in zip(FILES, COLUMNS, strict=True))
    return runs, scores


def stored(folder: Path, damaged: dict[str, str]) -> list[Run]:
    """The runs of a results folder or a bundle, with their scores; `damaged` as for `read`. BenchError without any."""
    bundle.opened(folder)
    store = Store(folder)
    if not store.keys():
        raise BenchError(f"{folder}: holds neither runs nor a report's {' and '.join(FILES)}; name one study's folder")
    found = _runs(store)
    damaged |= store.damaged
    return found


def of_store(store: Source) -> list[Outcome]:
    """The runs of a store; damaged ones are left out and noted in it."""
    return of_runs(_runs(store))


def _runs(store: Source) -> list[Run]:
    runs = []
    for record in store:
        try:
            runs.append(Run(record, tuple(store.scores(record.key))))
        except Damaged as error:
            store.damaged[record.key] = str(error)
    return runs


def of_runs(runs: Iterable[Run]) -> list[Outcome]:
    """The same numbers as a report of these runs tells."""
    several = list(runs)
    return outcomes(map(_texts, run_rows(several)), map(_texts, score_rows(several)))


def outcomes(runs: Iterable[Text], scores: Iterable[Text]) -> list[Outcome]:
    """From the rows of runs.csv and scores.csv. BenchError for a cell that is no number where one is expected."""
    scored: dict[str, list[Text]] = defaultdict(list)
    for row in scores:
        scored[row["key"]].append(row)
    return [_outcome(row, scored[row["key"]]) for row in runs]


def _outcome(row: Text, scores: list[Text]) -> Outcome:
    numbers = {name: _number(cell) for name, cell in row.items() if name.startswith(("term.", "diagnostic.")) and cell}
    repeats: dict[Quantity, list[float]] = defaultdict(list)
    for one in scores:
        value = _number(one["value"] or "nan")
        factor = f" factor {one['factor']}" if one.get("factor") else ""
        numbers[f"{one['protocol']} {one['name']}{factor} repeat {one['repeat']}"] = value
        if not factor:
            repeats[Quantity(one["name"], one["metric"], one["protocol"])].append(value)
    samples = {q: numbers[f"diagnostic.{q.name}"] for q in (RECON, KL) if f"diagnostic.{q.name}" in numbers}
    samples |= {q: math.fsum(several) / len(several) for q, several in repeats.items()}
    return Outcome(
        row["key"],
        row["setting"],
        row["dataset"],
        row["method"],
        params=_of("param.", row),
        seed=int(_number(row["seed"])),
        status=row["status"],
        environment=_of("environment.", row),
        numbers=numbers,
        samples={q: value for q, value in samples.items() if math.isfinite(value)},
        seconds=row.get("cost.seconds_training", ""),
    )


def _texts(row: Row) -> dict[str, str]:
    return {name: cell_text(cell) for name, cell in row.items()}


def _of(prefix: str, row: Text) -> dict[str, str]:
    return {name.removeprefix(prefix): cell for name, cell in row.items() if name.startswith(prefix) and cell}


def _number(cell: str) -> float:
    try:
        return float({"true": "1", "false": "0"}.get(cell, cell))
    except ValueError:
        raise BenchError(f"{cell}: expected a number, as reports write them") from None


def rows_of(path: Path, columns: set[str]) -> list[dict[str, str]]:
    """The rows of a CSV file that has these columns. BenchError where it cannot be read, or lacks one."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BenchError(f"{path}: cannot be read: {error}") from None
    missing = sorted(columns - (rows[0].keys() if rows else set()))
    if missing:
        raise BenchError(f"{path}: no file of a report: has no {', '.join(missing) if rows else 'rows'}")
    return rows
