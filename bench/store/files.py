"""What the files of a run hold, as bytes, and the manifest that names them; `parse` is the way back."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import numpy as safetensors

from bench.spec import Record, ScoreFile, Status

SCHEMA = 1  # of the folder's layout
MANIFEST = "manifest.json"
ENTRY = "entry.toml"  # of a bundle (bench.store.bundle)
LARGEST = {"manifest.json": 2**20, "run.json": 2**22, "posterior.npz": 2**32, "model.safetensors": 2**34}  # bytes
LARGEST_OTHER = 2**26  # of scores, a history, a picture

Arrays = Mapping[str, NDArray[Any]]
History = list[dict[str, float]]


class Damaged(Exception):
    """A run folder whose files are not what its manifest says; the message says which and why."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a run as the manifest states it."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of a run, by path relative to its folder.

    status, scored: the run's, and how often it is scored by each protocol, so that what is left to do of a study needs
    no other file. The first versions of the suite did not write them.
    """

    schema: int
    files: dict[str, File]
    status: Status | None = None
    scored: dict[str, int] | None = None


class State(NamedTuple):
    """What there is of a run: its status, and by protocol how often it is scored."""

    status: Status
    scored: Mapping[str, int]


@dataclass(frozen=True)
class Artefacts:
    """What a run leaves beside its record. posterior: mu, logvar, v, index; images: PNG bytes by file name."""

    history: History = field(default_factory=list)
    posterior: Arrays = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    images: Mapping[str, bytes] = field(default_factory=dict)
    scores: list[ScoreFile] = field(default_factory=list)


def files_of(record: Record, artefacts: Artefacts) -> dict[str, bytes]:
    """Every file of a run but its manifest."""
    files = {"run.json": json_of(record, indent=1)} | _history(artefacts.history) | dict(artefacts.images)
    if artefacts.posterior:
        files["posterior.npz"] = npz_of(artefacts.posterior)
    if artefacts.weights:
        files["model.safetensors"] = safetensors.save(dict(artefacts.weights))
    return files | {score_name(s.protocol): json_of(s) for s in artefacts.scores}


def stated(files: Mapping[str, bytes]) -> dict[str, File]:
    """Files as a manifest states them."""
    return {n: File(len(c), hashlib.sha256(c).hexdigest()) for n, c in sorted(files.items())}


def times(scores: Iterable[ScoreFile]) -> dict[str, int]:
    """How often each protocol was evaluated."""
    return {s.protocol: len(s.repeats) for s in scores}


def largest(name: str) -> int:
    """The most bytes that a file of a run can have, far beyond any real one."""
    return LARGEST.get(name, LARGEST_OTHER)


def score_name(protocol: str) -> str:
    """Where the scores by a protocol lie."""
    return f"scores/{protocol.replace(':', '__')}.json"


def json_of(what: msgspec.Struct, indent: int = -1) -> bytes:
    """JSON; on one line where `indent` is negative."""
    content = msgspec.json.encode(what)
    return msgspec.json.format(content, indent=indent) if indent >= 0 else content


def inside(name: str) -> bool:
    """Whether a path, as a file states it, stays within its folder, on any operating system."""
    return not set(name) & set("\\:\0") and not {"", ".", ".."} & set(name.split("/"))


def _history(rows: History) -> dict[str, bytes]:
    if not rows:
        return {}
    text = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return {"history.csv": text.getvalue().encode()}


def npz_of(arrays: Arrays) -> bytes:
    """An .npz file, without pickles."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **dict(arrays))
    return content.getvalue()
