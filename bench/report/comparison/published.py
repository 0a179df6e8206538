"""Runs from the CSV files of a report, where there is no results folder: specs, numbers and histories, no arrays."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.report.comparison.outcomes import Text, rows_of, tables
from bench.report.tables.rows import PLAIN
from bench.spec import Record, Repeat, ScoreFile
from bench.store.files import SCHEMA, Damaged, Manifest

PREFIXED = ("param", "definition", "term", "diagnostic", "evaluation", "cost", "environment", "dataset", "backbone")


class Published:
    """What a report reads of a store (bench.store.runs.Source). BenchError where the files are not a report's.

    damaged: the runs whose row does not give the spec that its key is the hash of.
    """

    def __init__(self, folder: Path) -> None:
        self.damaged: dict[str, str] = {}
        runs, scores = tables(folder)
        path = folder / "history.csv"
        self._scores = _by_key(scores)
        self._history = _by_key(rows_of(path, {"key", "step"}) if path.is_file() else [])
        self._records: dict[str, Record] = {}
        for row in runs:
            try:
                self._records[row["key"]] = _record(row)
            except (Damaged, msgspec.ValidationError) as error:
                self.damaged[row["key"]] = f"{folder}/runs.csv: {row['key']}: {error}"

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def scores(self, key: str) -> list[ScoreFile]:
        """By every protocol, without its arguments, which its name tells, and without matrices."""
        found: dict[tuple[str, str], dict[int, Repeat]] = defaultdict(dict)
        try:
            for row in self._scores[key]:
                several = found[row["protocol"], row["metric"]]
                repeat = several.setdefault(int(row["repeat"]), Repeat(repeat=int(row["repeat"]), values={}))
                if not row["factor"]:
                    repeat.values[row["name"]] = float(row["value"] or "nan")
                else:
                    values = repeat.per_factor.setdefault(row["name"], [])
                    values.append(float(row["value"]) if row["value"] else None)
        except ValueError as error:
            raise Damaged(f"scores.csv: {key}: {error}") from None
        return [ScoreFile(protocol=p, metric=m, params={}, repeats=[*r.values()]) for (p, m), r in found.items()]

    def history(self, key: str) -> list[dict[str, float]]:
        """The loss terms of a run by logged update."""
        try:
            rows = self._history[key]
            return [{n.removeprefix("term."): float(c) for n, c in row.items() if c and n != "key"} for row in rows]
        except ValueError as error:
            raise Damaged(f"history.csv: {key}: {error}") from None

    def manifest(self, key: str) -> Manifest:
        """There are no further files."""
        return Manifest(SCHEMA, {})

    def picture(self, key: str, name: str) -> NDArray[np.uint8]:
        """There is none."""
        raise Damaged(f"{key}/{name}: a report's CSV files hold no pictures")


def _by_key(rows: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    found = defaultdict(list)
    for row in rows:
        found[row["key"]].append(row)
    return found


def _record(row: Text) -> Record:
    """Damaged where its spec has another key: then a cell does not tell what it was."""
    of = {prefix: _gathered(row, prefix) for prefix in PREFIXED}
    name, *wrappers = row["dataset"].split("+")
    wrap = [{"name": w, "args": _gathered(row, f"wrap.{w}")} for w in (label.partition("(")[0] for label in wrappers)]
    data = {"name": name.partition(":")[0], "args": of["dataset"], "sha256": row["dataset_sha256"]}
    spec: dict[str, Any] = {name: _value(row[name]) for name in (*PLAIN, "seed")}
    spec |= {"method": row["method"], "params": of["param"], "dataset": data | ({"wrap": wrap} if wrap else {})}
    spec |= {"backbone": row["backbone"], "backbone_params": of["backbone"]}
    stated: dict[str, Any] = {name: of[name] for name in ("evaluation", "cost", "environment")}
    stated |= {"definitions": of["definition"], "terms": of["term"], "diagnostics": of["diagnostic"]}
    stated |= {name: row.get(name) or None for name in ("strength", "error")} | {"status": row["status"]}
    record = msgspec.convert({"key": row["key"], "spec": spec, **stated}, Record)
    if record.spec.key != record.key:
        raise Damaged("its row does not give the spec that its key is of")
    return record


def _gathered(row: Text, prefix: str) -> dict[str, Any]:
    """`prefix.name` by name; `prefix.name.0` and what follows it as a list."""
    found: dict[str, Any] = {}
    for column, cell in row.items():
        if cell and column.startswith(f"{prefix}."):
            name, dot, place = column.removeprefix(f"{prefix}.").rpartition(".")
            if dot and place.isdecimal():
                found.setdefault(name, []).append(_value(cell))
            else:
                found[column.removeprefix(f"{prefix}.")] = cell if prefix == "environment" else _value(cell)
    return found


def _value(cell: str) -> str | int | float | bool:
    """A cell as it was before it was written (csv_file.cell_text)."""
    if cell in ("true", "false"):
        return cell == "true"
    if re.fullmatch(r"-?\d+", cell):
        return int(cell)
    try:
        return float(cell)
    except ValueError:
        return cell[1:] if re.match(r"'[=+\-@\t\r]", cell) else cell
