"""The results folder: one folder a run, whole or absent.

A run is written aside and renamed when it is whole, so that a kill at any instant leaves a run or none. Reading
checks size and sha256 of each file against the run's manifest, then that it holds what such a file must. Only the
submitting process writes. Nothing is ever unpickled, no name that a file states leads out of its run's folder, and no
link is followed.
"""

import contextlib
import hashlib
import itertools
import json
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.spec import Record, RunSpec, ScoreFile
from bench.store import atomic, parse
from bench.store import files as layout
from bench.store.files import MANIFEST, SCHEMA, Arrays, Artefacts, Damaged, File, History, Manifest, State

__all__ = ["FINAL", "MANIFEST", "SCHEMA", "Arrays", "Artefacts", "Damaged", "File", "Manifest", "State", "Store"]

FINAL = ("done", "diverged")  # other runs are tried again


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
                found |= layout.times(parse.scores({name: self._read(key, name, manifest)}))
        return found

    def record(self, key: str) -> Record:
        """The record of a run. Damaged where it cannot be trusted."""
        return parse.record(self.read(key, "run.json"), key, f"{key}/run.json")

    def scores(self, key: str) -> list[ScoreFile]:
        """The scores of a run, by protocol."""
        manifest = self.manifest(key)
        names = sorted(name for name in manifest.files if name.startswith("scores/"))
        return parse.scores({f"{key}/{name}": self._read(key, name, manifest) for name in names})

    def history(self, key: str) -> History:
        """Rows of the training's history; columns as the method's terms. Empty where nothing was logged."""
        manifest = self.manifest(key)
        if "history.csv" not in manifest.files:
            return []
        return parse.history(self._read(key, "history.csv", manifest), f"{key}/history.csv")

    def posterior(self, key: str) -> dict[str, NDArray[Any]]:
        """mu, logvar, v and index of the stored evaluation rows."""
        return parse.posterior(self.read(key, "posterior.npz"), self.record(key), f"{key}/posterior.npz")

    def weights(self, key: str) -> dict[str, NDArray[Any]]:
        """The method's state by name."""
        return parse.weights(self.read(key, "model.safetensors"), f"{key}/model.safetensors")

    def picture(self, key: str, name: str) -> NDArray[np.uint8]:
        """One of its PNG files: (height, width) or (height, width, 3)."""
        return parse.picture(self.read(key, name), f"{key}/{name}")

    def manifest(self, key: str) -> Manifest:
        """The manifest of a run. BenchError where another version of the suite wrote it."""
        path = self._path(key, MANIFEST)
        try:
            found = os.lstat(path)
            version = found.st_ino, found.st_size, found.st_mtime_ns
            last = self._last
            if last is not None and last[:2] == (key, version):
                return last[2]
            content = atomic.read(path, layout.largest(MANIFEST))
            schema = json.loads(content).get("schema")
        except OSError as error:
            raise Damaged(f"{key}/{MANIFEST}: {error.strerror}") from None
        except (ValueError, AttributeError, RecursionError) as error:
            raise Damaged(f"{key}/{MANIFEST}: {error}") from None
        if schema != SCHEMA:
            raise BenchError(f"{self.root / key}: written with results schema {schema}, this version reads {SCHEMA}")
        manifest = parse.decode(content, Manifest, f"{key}/{MANIFEST}")
        self._last = key, version, manifest
        return manifest

    def read(self, key: str, name: str) -> bytes:
        """A file of a run, checked against the manifest."""
        return self._read(key, name, self.manifest(key))

    def check(self, key: str) -> None:
        """Read every file of a run. Damaged where one is not what such a file must be."""
        record = self.record(key)
        self.scores(key)
        self.history(key)
        for name in self.manifest(key).files:
            if name == "posterior.npz":
                self.posterior(record.key)
            elif name == "model.safetensors":
                self.weights(key)
            elif name.endswith(".png"):
                self.picture(key, name)
            else:
                self.read(key, name)

    def put(self, record: Record, artefacts: Artefacts) -> bool:
        """Store a run, in place of a failed attempt at it. False where it is done already, by whomever: that stays.

        BenchError, of this and of `add_scores`, where the folder is a bundle, whose name is the hash of its content.
        """
        self._refuse_bundle()
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
            atomic.discard(aside)

    def add_scores(self, key: str, scores: Iterable[ScoreFile]) -> None:
        """Lay further scores beside a run. What counts is what the manifest names, which is replaced at the end.

        Scores that take the place of others get a new name, so that a kill at any instant leaves the old ones or these.
        """
        self._refuse_bundle()
        before, new = self.manifest(key), {s.protocol: s for s in scores}
        scored = before.scored if before.scored is not None else self.scored(key)
        files = {self._free_name(s, before): layout.json_of(s) for s in new.values()}
        outdated = {name for name in before.files if _unnumbered(name) in map(layout.score_name, new)}
        kept = {name: file for name, file in before.files.items() if name not in outdated}
        for name, content in files.items():
            path = self._path(key, name)
            path.parent.mkdir(exist_ok=True)
            atomic.replace(path, content, self.root)
        status = before.status or self.record(key).status
        manifest = Manifest(SCHEMA, kept | layout.stated(files), status, scored | layout.times(new.values()))
        atomic.replace(self.root / key / MANIFEST, layout.json_of(manifest, indent=1), self.root)
        for name in outdated:
            self._path(key, name).unlink(missing_ok=True)

    def set_aside(self, key: str) -> Path:
        """Move a damaged folder out of the way, to be looked at; where it went."""
        target = self.root / f".damaged-{key}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        (self.root / key).rename(target)
        return target

    def _refuse_bundle(self) -> None:
        if (self.root / layout.ENTRY).exists():
            raise BenchError(f"{self.root}: is a bundle, which stays as it is; `bench merge` copies its runs elsewhere")

    def _place(self, aside: Path, key: str) -> bool:
        target = self.root / key
        while True:
            with contextlib.suppress(Damaged):
                if (state := self.state(key)) is not None and state.status in FINAL:
                    return False
            if os.path.lexists(target):
                old = atomic.aside(self.root, ".old-")
                with contextlib.suppress(FileNotFoundError):
                    target.rename(old)
                atomic.discard(old)
            try:
                aside.rename(target)
            except OSError:
                if not os.path.lexists(target):  # else another process placed it between two lines
                    raise
                continue
            atomic.sync(self.root)
            return True

    def _touched(self, key: str, manifest: Manifest) -> Iterator[str]:
        """Files that are missing, no files, of another size than the manifest says, or newer than it."""
        path = str(self._path(key, MANIFEST))
        written, folder = os.lstat(path).st_mtime_ns, os.path.dirname(path)
        linked = {name for name in map(os.path.dirname, manifest.files) if os.path.islink(os.path.join(folder, name))}
        for name, file in manifest.files.items():
            try:
                found = os.lstat(os.path.join(folder, name))
            except (OSError, ValueError):
                yield name
            else:
                whole = stat.S_ISREG(found.st_mode) and found.st_size == file.size and found.st_mtime_ns <= written
                if not whole or name.count("/") > 1 or os.path.dirname(name) in linked or not layout.inside(name):
                    yield name

    def _read(self, key: str, name: str, manifest: Manifest) -> bytes:
        stated, path = manifest.files.get(name), self._path(key, name)
        try:
            size = os.lstat(path).st_size if stated is not None else None
            if stated is None or size is None:
                raise Damaged(f"{key}/{name}: missing")
            if size != stated.size:
                raise Damaged(f"{key}/{name}: {size} bytes, the manifest says {stated.size}")
            content = atomic.read(path, layout.largest(name))
        except (FileNotFoundError, NotADirectoryError):
            raise Damaged(f"{key}/{name}: missing") from None
        except OSError as error:
            raise Damaged(f"{key}/{name}: {error.strerror}") from None
        if hashlib.sha256(content).hexdigest() != stated.sha256:
            raise Damaged(f"{key}/{name}: its sha256 is not the manifest's")
        return content

    def _path(self, key: str, name: str) -> Path:
        """Where a file of a run lies. Damaged where its name leads out of the run's folder, or a link is on the way."""
        if not layout.inside(name):
            raise Damaged(f"{key}/{MANIFEST}: names {name!r}, which is no file of this folder")
        try:
            return atomic.unlinked(self.root, f"{key}/{name}")
        except atomic.Linked as error:
            raise Damaged(f"{key}/{name}: {error}") from None

    def _free_name(self, scores: ScoreFile, manifest: Manifest) -> str:
        first = layout.score_name(scores.protocol)
        others = (f"{first.removesuffix('.json')}~{n}.json" for n in itertools.count(2))
        return next(name for name in itertools.chain([first], others) if name not in manifest.files)


def _unnumbered(name: str) -> str:
    """The name of a score file before it took another's place: `scores/x~2.json` was `scores/x.json`."""
    return re.sub(r"~\d+\.json$", ".json", name)
