"""`bench score`: metrics of arrays in a file, and further metrics of stored runs."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.markup import escape
from rich.table import Table

from bench import plugins
from bench.errors import BenchError
from bench.quantities import fixed
from bench.scoring.protocol import Grid, grid
from metrics import Scored, score
from metrics._codes import MetricError

OPTIONS = ("n_train", "n_test", "continuous_bins", "binning", "seed")
UNREADABLE = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)


class Arrays(NamedTuple):
    """What a file holds: codes z (N, D), factors v (N, K) and, perhaps, the names of the factors."""

    z: np.ndarray[Any, Any]
    v: np.ndarray[Any, Any]
    names: list[str] | None


def read(path: Path) -> Arrays:
    """The arrays of an npz file. BenchError where it is none, damaged, or lacks z or v; nothing in it is executed."""
    try:
        found = np.load(path, allow_pickle=False)
    except UNREADABLE as error:
        raise BenchError(f"{path}: cannot be read as an npz file: {_reason(error)}") from None
    if not isinstance(found, np.lib.npyio.NpzFile):
        raise BenchError(
            f"{path}: holds one array; expected an npz file with arrays z and v (np.savez(path, z=z, v=v))"
        )
    with found:
        for name in ("z", "v"):
            if name not in found:
                raise BenchError(f"{path}: has no array {name}, only {', '.join(found) or 'nothing'}; expected z and v")
        arrays = {name: _array(path, found, name) for name in ("z", "v", "names") if name in found}
    names = arrays.get("names")
    return Arrays(arrays["z"], arrays["v"], None if names is None else [str(name) for name in names.ravel()])


def score_arrays(
    arrays: Arrays, metrics: Sequence[str], settings: Mapping[str, Grid], seed: int, **options: Any
) -> list[Scored]:
    """Every metric with every combination of its settings. Options are those of `metrics.score`.

    BenchError, which names options as they are typed, where `metrics.score` refuses.
    """
    asked = []
    for name in metrics:
        for params in grid(settings.get(name, {})):
            resolved = plugins.resolve("metric", name, params)
            asked.append((name, {argument: resolved[argument] for argument in params}))
    try:
        return list(score(arrays.z, arrays.v, asked, seed, names=arrays.names, **options).values())
    except MetricError as error:
        set_by_hand = {argument for grid_of in settings.values() for argument in grid_of}
        raise BenchError(_as_typed(str(error), [n for n in OPTIONS if n not in set_by_hand])) from None


def remarks(scored: Sequence[Scored]) -> list[str]:
    """A line for each metric that could not score, with its reason, and for each note on a score."""
    skipped = [f"not scored: {s.metric}: {s.skipped}" for s in scored if s.skipped]
    return skipped + [f"note: {s.protocol}: {note}" for s in scored for note in s.notes]


def table(scored: Sequence[Scored]) -> Table:
    """Protocols and values, with the values of each factor where the metric tells them."""
    drawn = Table("protocol", "score", *[f"[dim]{escape(name)}[/dim]" for name in scored[0].factors], box=None)
    for column in drawn.columns:
        column.no_wrap = True
    for s in scored:
        for name, value in s.values.items():
            own = next((key for key in s.per_factor if name == key or name.endswith(f"_{key}")), None)
            of_factors = [] if own is None else [f"[dim]{fixed(x, 3)}[/dim]" for x in s.per_factor[own]]
            drawn.add_row(s.protocol, f"{name} [bold]{fixed(value, 4)}[/bold]", *of_factors)
    return drawn


def csv_of(scored: Sequence[Scored]) -> str:
    """A row per value, and per factor; `factor` is empty where a value is of all factors."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["metric", "protocol", "name", "factor", "value"])
    for s in scored:
        for name, value in s.values.items():
            writer.writerow([s.metric, s.protocol, name, "", repr(value)])
        for name, values in s.per_factor.items():
            for factor, value in zip(s.factors, values.tolist(), strict=True):
                writer.writerow([s.metric, s.protocol, name, factor, "" if np.isnan(value) else repr(value)])
    return out.getvalue()


def _as_typed(message: str, names: Sequence[str]) -> str:
    """With arguments of `metrics.score` named as the command line's options."""
    for name in names:
        message = re.sub(rf"\b{name}\b", f"--{name.replace('_', '-')}", message)
    return message


def _array(path: Path, found: Mapping[str, Any], name: str) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(found[name])
    except UNREADABLE as error:
        raise BenchError(f"{path}: array {name} cannot be read: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if "allow_pickle" in str(error):
        return "it is no such file, or holds Python objects, which are not executed"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
