"""The CSV files of a report as a Frictionless data package: every column's type, unit, meaning and allowed values.

https://specs.frictionlessdata.io/data-package and .../table-schema, version 1.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.report.columns import columns, described
from bench.report.rows import Cell, Row

RUN = ("key",)
GROUP = ("group", "name", "protocol")
KEYS: dict[str, tuple[str, ...]] = {  # what no two rows of a file have in common
    "runs.csv": RUN,
    "scores.csv": (*RUN, "protocol", "repeat", "name", "factor"),
    "matrices.csv": (*RUN, "protocol", "repeat", "name", "row", "factor"),
    "skipped.csv": (*RUN, "protocol", "repeat"),
    "history.csv": (*RUN, "step"),
    "summary.csv": ("setting", "name", "protocol"),
    "choices.csv": (*GROUP, "criterion", "method"),
    "comparisons.csv": (*GROUP, "method_a", "method_b"),
    "hypervolume.csv": (*GROUP, "against", "method"),
    "variance.csv": (*GROUP, "source"),
    "agreement.csv": ("group", "name_a", "protocol_a", "name_b", "protocol_b"),
    "searches.csv": ("search", "trial"),
    "search_best.csv": ("search", "name"),
    "search_importances.csv": ("search", "name", "dimension"),
}
NOTE = (
    "Empty cells are absent values. Floats are written so that they read back exactly. An apostrophe stands in front "
    "of a text that a spreadsheet would run as a formula, and is no part of it."
)


def content_hash(files: Mapping[str, bytes]) -> str:
    """One sha256 for all CSV files of a report: what `sha256sum *.csv | sha256sum` says in its folder."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def data_package(
    title: str, texts: Mapping[str, str], rows: Mapping[str, Sequence[Row]], files: Mapping[str, bytes]
) -> str:
    """datapackage.json. texts, rows, files: by file name, what a file holds, its rows and its bytes."""
    package = {
        "profile": "tabular-data-package",
        "name": "disentanglement-bench-results",
        "title": title,
        "description": NOTE,
        "content_sha256": content_hash(files),
        "resources": [_resource(name, texts[name], rows[name], content) for name, content in files.items()],
    }
    return json.dumps(package, indent=1, ensure_ascii=False) + "\n"


def _resource(name: str, text: str, rows: Sequence[Row], content: bytes) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(column, (row.get(column) for row in rows)) for column in columns(rows)],
        "primaryKey": list(KEYS[name]),
        "missingValues": [""],
    }
    if KEYS[name][0] == "key" and name != "runs.csv":
        schema["foreignKeys"] = [{"fields": "key", "reference": {"resource": "runs", "fields": "key"}}]
    return {
        "profile": "tabular-data-resource",
        "name": name.removesuffix(".csv"),
        "path": name,
        "description": text,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True},
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": schema,
    }


def _field(name: str, values: Iterable[Cell]) -> dict[str, Any]:
    column = described(name)
    field: dict[str, Any] = {"name": name, "type": column.type if column.type != "any" else _type(values)}
    field["description"] = column.text
    if column.unit:
        field["unit"] = column.unit
    if column.allowed:
        field["constraints"] = {"enum": list(column.allowed)}
    return field


def _type(values: Iterable[Cell]) -> str:
    """The narrowest type of the Table Schema that all values have."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds <= {int, float} and kinds:
        return "integer" if kinds == {int} else "number"
    return "string"
