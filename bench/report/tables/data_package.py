"""The CSV files of a report as a Frictionless data package: every column's type, unit, meaning and allowed values.

https://specs.frictionlessdata.io/data-package and .../table-schema, version 1.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bench.report.tables.columns import described
from bench.report.tables.csv_file import Written

RUN = ("key",)
GROUP = ("group", "name", "protocol")
KEYS: dict[str, tuple[str, ...]] = {  # what no two rows of a file have in common
    "runs.csv": RUN,
    "scores.csv": (*RUN, "protocol", "repeat", "name", "factor"),
    "matrices.csv": (*RUN, "protocol", "repeat", "name", "row", "factor"),
    "skipped.csv": (*RUN, "protocol", "repeat"),
    "notes.csv": (*RUN, "protocol", "repeat", "note"),
    "history.csv": (*RUN, "step"),
    "summary.csv": ("setting", "name", "protocol"),
    "choices.csv": (*GROUP, "criterion", "method"),
    "comparisons.csv": (*GROUP, "family", "setting_a", "setting_b"),
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


def content_hash(files: Mapping[str, Written]) -> str:
    """One sha256 for all CSV files of a report: what `sha256sum *.csv | sha256sum` says in its folder."""
    lines = (f"{file.sha256}  {name}\n" for name, file in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def data_package(title: str, texts: Mapping[str, str], files: Mapping[str, Written]) -> str:
    """datapackage.json. texts, files: by file name, what it holds, and what is known of it."""
    package = {
        "profile": "tabular-data-package",
        "name": "disentanglement-bench-results",
        "title": title,
        "description": NOTE,
        "content_sha256": content_hash(files),
        "resources": [_resource(name, texts[name], file) for name, file in files.items()],
    }
    return json.dumps(package, indent=1, ensure_ascii=False) + "\n"


def _resource(name: str, text: str, file: Written) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(column, kinds) for column, kinds in file.kinds.items()],
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
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
        "schema": schema,
    }


def _field(name: str, kinds: set[type]) -> dict[str, Any]:
    column = described(name)
    field: dict[str, Any] = {"name": name, "type": column.type if column.type != "any" else _type(kinds)}
    field["description"] = column.text
    if column.unit:
        field["unit"] = column.unit
    if column.allowed:
        field["constraints"] = {"enum": list(column.allowed)}
    return field


def _type(kinds: set[type]) -> str:
    """The narrowest type of the Table Schema that values of these types have; absent ones have none."""
    known = kinds - {type(None)}
    if known == {bool}:
        return "boolean"
    if known <= {int, float} and known:
        return "integer" if known == {int} else "number"
    return "string"
