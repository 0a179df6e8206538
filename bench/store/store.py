"""The results folder: one folder a run, whole or absent.

A run is written aside and renamed when it is whole, so that a kill at any instant leaves a run or none. Reading
checks size and sha256 of each file against the run's manifest. Only the submitting process writes. Nothing is ever
unpickled, and no name that a file states leads out of its run's folder.
"""

import contextlib
import hashlib
import itertools
import json
import os
import re
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load

from bench.errors import BenchError
from bench.spec import Record, RunSpec, ScoreFile
from bench.store import atomic
from bench.store import files as layout
from bench.store.files import MANIFEST, SCHEMA, Arrays, Artefacts, Damaged, File, Manifest, State

__all__ = ["FINAL", "MANIFEST", "SCHEMA", "Arrays", "Artefacts", "Damaged", "File", "Manifest", "State", "Store"]

FINAL = ("done", "diverged")  # other runs are tried again
LARGEST_MANIFEST = 2**20  # bytes; a run's has a few thousand


class Store:
    """The runs under `root`. A missing root is an empty store until something is put.

    damaged: folders passed over while iterating, with the reason.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.damaged: dict[str, str] = {}
        self._last: tuple[str, tuple[int, int, int], Manifest] | None = None  # of manifests read

    def keys(self) -> list[str]:
        """Names of the folders that may be runs, sorted."""
        if not self.root.is_dir():
            return []
        names = [entry.name for entry in os.scandir(self.root) if not entry.name.startswith(".")]
        return sorted(name for name in names if os.path.isfile(os.path.join(self.root, name, MANIFEST)))

    def __contains__(self, spec: RunSpec) -> bool:
        """Whether this run is done or diverged, and whole as far as its record goes."""
        try:
            return (self.root / spec.key).is_dir() and self.record(spec.key).status in FINAL
        except Damaged:
            return False

    def __iter__(self) -> Iterator[Record]:
        """All records, by key. Damaged folders are passed over and noted in `damaged`."""
        for key in self.keys():
            try:
                yield self.record(key)
            except Damaged as error:
                self.damaged[key] = str(error)

    def state(self, key: str) -> State | None:
        """What there is of a run; None if nothing. Damaged where its folder is not what its manifest says.

        A file that has the size stated and was not touched since the manifest was written is taken on trust; others
        are read. A study of thousands of runs is looked through in a second. Damaged scores are none.
        """
        folder = os.path.join(self.root, key)
        if not os.path.isdir(folder):
            return None
        manifest = self.manifest(key)
        damaged = []
        for name in self._touched(key, manifest):
            try:
                self._read(key, name, manifest)
            except Damaged:
                if not name.startswith("scores/"):
                    raise
                damaged.append(_unnumbered(name))
        if manifest.status is None or manifest.scored is None:
            return State(self.record(key).status, self.scored(key))
        scored = {p: n for p, n in manifest.scored.items() if layout.score_name(p) not in damaged}
        return State(manifest.status, scored)

    def scored(self, key: str) -> dict[str, int]:
        """How often a run is scored by each protocol; damaged scores are none."""
        manifest = self.manifest(key)
        found: dict[str, int] = {}
        for name in (name for name in manifest.files if name.startswith("scores/")):
            with contextlib.suppress(Damaged):
                found |= layout.times([layout.decode(self._read(key, name, manifest), ScoreFile, name)])
        return found

    def record(self, key: str) -> Record:
        """The record of a run. Damaged where it cannot be trusted."""
        record = layout.decode(self.read(key, "run.json"), Record, f"{key}/run.json")
        if record.key != key or record.spec.key != key:
            raise Damaged(f"{key}/run.json: describes another run ({record.spec.key})")
        return record

    def scores(self, key: str) -> list[ScoreFile]:
        """The scores of a run, by protocol."""
        manifest = self.manifest(key)
        files = sorted(f for f in manifest.files if f.startswith("scores/"))
        return [layout.decode(self._read(key, f, manifest), ScoreFile, f"{key}/{f}") for f in files]

    def history(self, key: str) -> list[dict[str, float]]:
        """Rows of the training's history; columns as the method's terms."""
        try:
            return layout.history_from(self.read(key, "history.csv"))
        except ValueError as error:
            raise Damaged(f"{key}/history.csv: {error}") from None

    def posterior(self, key: str) -> dict[str, NDArray[Any]]:
        """mu, logvar, v and index of the stored evaluation rows."""
        return layout.arrays_from(self.read(key, "posterior.npz"), f"{key}/posterior.npz")

    def weights(self, key: str) -> dict[str, NDArray[Any]]:
        """The method's state by name."""
        try:
            tensors: dict[str, NDArray[Any]] = load(self.read(key, "model.safetensors"))
        except safetensors.SafetensorError as error:
            raise Damaged(f"{key}/model.safetensors: {error}") from None
        return tensors

    def manifest(self, key: str) -> Manifest:
        """The manifest of a run. BenchError where another version of the suite wrote it."""
        path = self.root / key / MANIFEST
        try:
            found = path.stat()
            version = found.st_ino, found.st_size, found.st_mtime_ns
            last = self._last
            if last is not None and last[:2] == (key, version):
                return last[2]
            if found.st_size > LARGEST_MANIFEST:
                raise Damaged(f"{key}/{MANIFEST}: {found.st_size} bytes")
            content = path.read_bytes()
            schema = json.loads(content).get("schema")
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise Damaged(f"{key}/{MANIFEST}: {error}") from None
        if schema != SCHEMA:
            raise BenchError(f"{self.root / key}: written with results schema {schema}, this version reads {SCHEMA}")
        manifest = layout.decode(content, Manifest, f"{key}/{MANIFEST}")
        self._last = key, version, manifest
        return manifest

    def read(self, key: str, name: str) -> bytes:
        """A file of a run, checked against the manifest."""
        return self._read(key, name, self.manifest(key))

    def put(self, record: Record, artefacts: Artefacts) -> bool:
        """Store a run, in place of a failed attempt at it. False where it is done already, by whomever: that stays."""
        files = layout.files_of(record, artefacts)
        manifest = Manifest(SCHEMA, layout.stated(files), record.status, layout.times(artefacts.scores))
        self.root.mkdir(parents=True, exist_ok=True)
        aside = atomic.aside(self.root)
        try:
            for name, content in files.items():
                atomic.write(aside / name, content)
            atomic.write(aside / MANIFEST, layout.json_of(manifest, indent=1))
            return self._place(aside, record.key)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def add_scores(self, key: str, scores: Iterable[ScoreFile]) -> None:
        """Lay further scores beside a run. What counts is what the manifest names, which is replaced at the end.

        Scores that take the place of others get a new name, so that a kill at any instant leaves the old ones or these.
        """
        before, new = self.manifest(key), {s.protocol: s for s in scores}
        scored = before.scored if before.scored is not None else self.scored(key)
        files = {self._free_name(s, before): layout.json_of(s) for s in new.values()}
        outdated = {name for name in before.files if _unnumbered(name) in map(layout.score_name, new)}
        kept = {name: file for name, file in before.files.items() if name not in outdated}
        for name, content in files.items():
            (self.root / key / name).parent.mkdir(exist_ok=True)
            atomic.replace(self.root / key / name, content, self.root)
        status = before.status or self.record(key).status
        manifest = Manifest(SCHEMA, kept | layout.stated(files), status, scored | layout.times(new.values()))
        atomic.replace(self.root / key / MANIFEST, layout.json_of(manifest, indent=1), self.root)
        for name in outdated:
            (self.root / key / self._checked(key, name)).unlink(missing_ok=True)

    def set_aside(self, key: str) -> Path:
        """Move a damaged folder out of the way, to be looked at; where it went."""
        target = self.root / f".damaged-{key}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        (self.root / key).rename(target)
        return target

    def _place(self, aside: Path, key: str) -> bool:
        target = self.root / key
        while True:
            with contextlib.suppress(Damaged):
                if (state := self.state(key)) is not None and state.status in FINAL:
                    return False
            if target.exists():
                old = atomic.aside(self.root, ".old-")
                with contextlib.suppress(FileNotFoundError):
                    target.rename(old)
                shutil.rmtree(old, ignore_errors=True)
            try:
                aside.rename(target)
            except OSError:
                if not target.exists():  # else another process placed it between two lines
                    raise
                continue
            atomic.sync(self.root)
            return True

    def _touched(self, key: str, manifest: Manifest) -> Iterator[str]:
        """Files that are missing, of another size than the manifest says, or newer than it."""
        folder = os.path.join(self.root, key)
        written = os.stat(os.path.join(folder, MANIFEST)).st_mtime_ns
        for name, file in manifest.files.items():
            try:
                found = os.stat(os.path.join(folder, self._checked(key, name)))
            except OSError:
                yield name
            else:
                if found.st_size != file.size or found.st_mtime_ns > written:
                    yield name

    def _read(self, key: str, name: str, manifest: Manifest) -> bytes:
        stated = manifest.files.get(name)
        path = os.path.join(self.root, key, self._checked(key, name))
        try:
            found = os.stat(path) if stated is not None else None
            size = found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None
        except (FileNotFoundError, NotADirectoryError):
            size = None
        except OSError as error:
            raise Damaged(f"{key}/{name}: {error.strerror}") from None
        if stated is None or size is None:
            raise Damaged(f"{key}/{name}: missing")
        if size != stated.size:
            raise Damaged(f"{key}/{name}: {size} bytes, the manifest says {stated.size}")
        with open(path, "rb", buffering=0) as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != stated.sha256:
            raise Damaged(f"{key}/{name}: its sha256 is not the manifest's")
        return content

    def _checked(self, key: str, name: str) -> str:
        """A name from a manifest, if it is one of a file in its run's folder; links are not followed out of it."""
        if not layout.inside(name):
            raise Damaged(f"{key}/{MANIFEST}: names {name!r}, which is no file of this folder")
        return name

    def _free_name(self, scores: ScoreFile, manifest: Manifest) -> str:
        first = layout.score_name(scores.protocol)
        others = (f"{first.removesuffix('.json')}~{n}.json" for n in itertools.count(2))
        return next(name for name in itertools.chain([first], others) if name not in manifest.files)


def _unnumbered(name: str) -> str:
    """The name of a score file before it took another's place: `scores/x~2.json` was `scores/x.json`."""
    return re.sub(r"~\d+\.json$", ".json", name)
