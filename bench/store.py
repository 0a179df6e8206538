"""The results folder: one folder a run, whole or absent.

A run is written aside and renamed when it is whole, so that a kill at any instant leaves a run or none. Reading
checks size and sha256 of each file against the run's manifest. Only the submitting process writes.
"""

import csv
import hashlib
import io
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import numpy as safetensors

from bench.errors import BenchError
from bench.spec import Record, RunSpec, ScoreFile

SCHEMA = 1  # of the folder's layout
MANIFEST = "manifest.json"
FINAL = ("done", "diverged")  # other runs are tried again

T = TypeVar("T")
Arrays = Mapping[str, NDArray[Any]]


class Damaged(Exception):
    """A run folder whose files are not what its manifest says; the message says which and why."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a run as the manifest states it."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of a run, by path relative to its folder."""

    schema: int
    files: dict[str, File]


@dataclass(frozen=True)
class Artefacts:
    """What a run leaves beside its record. posterior: mu, logvar, v, index; images: PNG bytes by file name."""

    history: list[dict[str, float]] = field(default_factory=list)
    posterior: Arrays = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    images: Mapping[str, bytes] = field(default_factory=dict)
    scores: list[ScoreFile] = field(default_factory=list)


class Store:
    """The runs under `root`. A missing root is an empty store until something is put.

    damaged: folders passed over while iterating, with the reason.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.damaged: dict[str, str] = {}

    def keys(self) -> list[str]:
        """Names of the folders that may be runs, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(p.name for p in self.root.iterdir() if (p / MANIFEST).is_file() and not p.name.startswith("."))

    def __contains__(self, spec: RunSpec) -> bool:
        """Whether this run is done or diverged, and whole as far as its record goes."""
        if not (self.root / spec.key / MANIFEST).is_file():
            return False
        try:
            return self.record(spec.key).status in FINAL
        except Damaged:
            return False

    def __iter__(self) -> Iterator[Record]:
        """All records, by key. Damaged folders are passed over and noted in `damaged`."""
        for key in self.keys():
            try:
                yield self.record(key)
            except Damaged as error:
                self.damaged[key] = str(error)

    def record(self, key: str) -> Record:
        """The record of a run. Damaged where it cannot be trusted."""
        record = _decode(self.read(key, "run.json"), Record, f"{key}/run.json")
        if record.key != key or record.spec.key != key:
            raise Damaged(f"{key}/run.json: describes another run ({record.spec.key})")
        return record

    def scores(self, key: str) -> list[ScoreFile]:
        """The scores of a run, by protocol."""
        files = sorted(f for f in self.manifest(key).files if f.startswith("scores/"))
        return [_decode(self.read(key, f), ScoreFile, f"{key}/{f}") for f in files]

    def history(self, key: str) -> list[dict[str, float]]:
        """Rows of the training's history; columns as the method's terms."""
        rows = csv.DictReader(io.StringIO(self.read(key, "history.csv").decode()))
        return [{name: float(value) for name, value in row.items() if value != ""} for row in rows]

    def posterior(self, key: str) -> dict[str, NDArray[Any]]:
        """mu, logvar, v and index of the stored evaluation rows."""
        with np.load(io.BytesIO(self.read(key, "posterior.npz")), allow_pickle=False) as arrays:
            return dict(arrays)

    def weights(self, key: str) -> dict[str, NDArray[Any]]:
        """The method's state by name."""
        tensors: dict[str, NDArray[Any]] = safetensors.load(self.read(key, "model.safetensors"))
        return tensors

    def manifest(self, key: str) -> Manifest:
        """The manifest of a run. BenchError where another version of the suite wrote it."""
        try:
            content = (self.root / key / MANIFEST).read_bytes()
            schema = json.loads(content).get("schema")
        except (OSError, ValueError, AttributeError) as error:
            raise Damaged(f"{key}/{MANIFEST}: {error}") from None
        if schema != SCHEMA:
            raise BenchError(f"{self.root / key}: written with results schema {schema}, this version reads {SCHEMA}")
        return _decode(content, Manifest, f"{key}/{MANIFEST}")

    def read(self, key: str, name: str) -> bytes:
        """A file of a run, checked against the manifest."""
        stated = self.manifest(key).files.get(name)
        path = self.root / key / name
        if stated is None or not path.is_file():
            raise Damaged(f"{key}/{name}: missing")
        if path.stat().st_size != stated.size:
            raise Damaged(f"{key}/{name}: {path.stat().st_size} bytes, the manifest says {stated.size}")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != stated.sha256:
            raise Damaged(f"{key}/{name}: its sha256 is not the manifest's")
        return content

    def put(self, record: Record, artefacts: Artefacts) -> None:
        """Store a run, in place of what is there of it (a failed attempt, a damaged folder)."""
        files = {"run.json": msgspec.json.format(msgspec.json.encode(record), indent=1)}
        files |= _history(artefacts.history) | dict(artefacts.images)
        if artefacts.posterior:
            files["posterior.npz"] = _npz(artefacts.posterior)
        if artefacts.weights:
            files["model.safetensors"] = safetensors.save(dict(artefacts.weights))
        files |= {_score_name(s): _score_bytes(s) for s in artefacts.scores}
        self.root.mkdir(parents=True, exist_ok=True)
        aside = self.root / f".writing-{uuid.uuid4().hex}"
        try:
            for name, content in files.items():
                _write(aside / name, content)
            _write(aside / MANIFEST, msgspec.json.format(msgspec.json.encode(_manifest(files)), indent=1))
            self._place(aside, self.root / record.key)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def add_scores(self, key: str, scores: Iterable[ScoreFile]) -> None:
        """Lay further scores beside a run. Until the manifest names them, at the end, they do not count."""
        files = {_score_name(s): _score_bytes(s) for s in scores}
        for name, content in files.items():
            _replace(self.root / key / name, content)
        manifest = Manifest(SCHEMA, self.manifest(key).files | _manifest(files).files)
        _replace(self.root / key / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))

    def _place(self, aside: Path, target: Path) -> None:
        if target.exists():
            old = self.root / f".old-{uuid.uuid4().hex}"
            target.rename(old)
            shutil.rmtree(old, ignore_errors=True)
        aside.rename(target)
        _sync(self.root)


def _decode(content: bytes, kind: type[T], where: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise Damaged(f"{where}: {error}") from None


def _manifest(files: Mapping[str, bytes]) -> Manifest:
    return Manifest(SCHEMA, {n: File(len(c), hashlib.sha256(c).hexdigest()) for n, c in sorted(files.items())})


def _history(rows: list[dict[str, float]]) -> dict[str, bytes]:
    if not rows:
        return {}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return {"history.csv": text.getvalue().encode()}


def _npz(arrays: Arrays) -> bytes:
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **dict(arrays))
    return content.getvalue()


def _score_name(scores: ScoreFile) -> str:
    return f"scores/{scores.protocol.replace(':', '__')}.json"


def _score_bytes(scores: ScoreFile) -> bytes:
    return msgspec.json.encode(scores)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_name(f".writing-{uuid.uuid4().hex}")
    _write(aside, content)
    aside.replace(path)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
