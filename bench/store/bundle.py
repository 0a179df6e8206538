"""A bundle: results that may be cited and recomputed, in a folder whose name ends in the hash of all that is in it.

It is a results folder (bench.store.store) with CSV files of a report, and entry.toml, which says whose it is. A
stranger has made it: it is taken whole or refused. What was found of it here (bench verify) stands in a file beside it.
"""

import hashlib
import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tomli_w
from msgspec import Meta

from bench.errors import BenchError, printable
from bench.spec import Record, ScoreFile
from bench.store import atomic, searches
from bench.store.files import ENTRY, LARGEST_OTHER, Damaged, inside, json_of
from bench.store.store import Store

LARGEST = 2**16  # bytes of entry.toml
DIGITS = 12  # of the content hash, in the name
DEPTH = 3  # names from the bundle to a file: KEY/scores/PROTOCOL.json
MARKUP = re.compile(r"[<>`$\\]")  # in no name, so that none is taken for more than text
UNKNOWN = "not stated"

PLAIN = r"^[^<>`$\\\x00-\x1f]+$"

Line = Annotated[str, Meta(max_length=300, pattern=PLAIN)]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose a bundle is. party: first, those whose method it is, or third, others who ran it.

    commit: of the code that made the runs; search: how many settings were tried for those shown; labels: what factor
    labels were used for beside scores.
    """

    schema: Literal[1] = 1
    study: Annotated[str, Meta(max_length=100, pattern=r"^\w[\w. -]*$")]
    who: Annotated[str, Meta(max_length=60, pattern=PLAIN)] = UNKNOWN
    party: Literal["first", "third"] = "third"
    paper: Line = UNKNOWN
    code: Line = UNKNOWN
    commit: Line = UNKNOWN
    licence: Line = UNKNOWN
    search: Line = UNKNOWN
    labels: Line = "none but for scores"


class Found(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `bench verify` found of a bundle: numbers that were computed again, and runs that were trained again."""

    rescored: Annotated[int, Meta(ge=0)] = 0
    retrained: Annotated[int, Meta(ge=0)] = 0


def entry_of(stated: dict[str, Any]) -> Entry:
    """An entry from its fields. BenchError names the one that is wrong."""
    try:
        return msgspec.convert(stated, Entry)
    except msgspec.ValidationError as error:
        plain = "; a line of text without < > ` $ \\" if "regex" in str(error) else ""
        raise BenchError(f"{ENTRY}: {error}{plain}") from None


def entry_bytes(entry: Entry) -> bytes:
    """An entry as TOML."""
    return tomli_w.dumps(msgspec.to_builtins(entry)).encode()


def content_hash(folder: Path) -> str:
    """The first digits of the sha256 over the lines `sha256  path` of every file in a folder, by path.

    BenchError where there is anything but files and folders of them: a link leads out.
    """
    lines = []
    for path in sorted(_files(folder, DEPTH), key=lambda path: path.relative_to(folder).as_posix()):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.relative_to(folder).as_posix()}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:DIGITS]


def opened(folder: Path) -> Entry | None:
    """The entry of a bundle, every file of which is checked; None of any other folder. BenchError says what is wrong.

    Nothing is unpickled, nothing unfolds to more than there are bytes for it, and no link is followed.
    """
    if not os.path.lexists(folder / ENTRY):
        return None
    name, store = folder.resolve().name, Store(folder)
    try:
        found = content_hash(folder)
        if not name.endswith(f"-{found}"):
            raise BenchError(f"its files hash to {found}, which its name does not end in")
        entry = stated(folder)
        for path in _files(folder, DEPTH):
            if path.suffix == ".json":
                _unambiguous(path)
        for key in store.keys():  # noqa: SIM118  # a store holds specs
            store.check(key)
            if (marked := [n for n in _names(store.record(key), store.scores(key)) if MARKUP.search(n)]) != []:
                raise BenchError(f"{key}: the name {marked[0][:40]!r} holds markup")
        searches.read(folder)
    except (BenchError, Damaged, OSError, ValueError, RecursionError) as error:
        raise BenchError(f"bundle {folder}: refused: {printable(str(error))}") from None
    return entry


def stated(folder: Path) -> Entry | None:
    """The entry of a bundle that `opened` has checked; None of any other folder."""
    if not os.path.lexists(folder / ENTRY):
        return None
    return entry_of(tomllib.loads(atomic.read(folder / ENTRY, LARGEST).decode()))


def found_of(folder: Path) -> Found:
    """What was found here of a bundle; nothing where nobody has looked, or the file cannot be read."""
    try:
        return msgspec.json.decode(atomic.read(_beside(folder), LARGEST), type=Found)
    except (OSError, msgspec.DecodeError):
        return Found()


def note(folder: Path, **numbers: int) -> None:
    """Keep what was found of a bundle, beside what was found before."""
    atomic.replace(_beside(folder), json_of(msgspec.structs.replace(found_of(folder), **numbers)))


def _beside(folder: Path) -> Path:
    whole = folder.resolve()
    return whole.with_name(f"{whole.name}.found.json")


def _files(folder: Path, depth: int) -> Iterator[Path]:
    """Every file in a folder and its folders. BenchError for anything else in it."""
    for path in sorted(folder.iterdir()):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and inside(path.name):
            yield path
        elif stat.S_ISDIR(mode) and depth > 1:
            yield from _files(path, depth - 1)
        else:
            raise BenchError(f"{path.name}: {'is a link' if stat.S_ISLNK(mode) else 'is neither a file nor a folder'}")


def _unambiguous(path: Path) -> None:
    """ValueError for JSON in which a name stands twice, or a number is none: two readers would read two things."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
        if twice is not None:
            raise ValueError(f"{path.name}: {twice!r} stands twice in it")
        return dict(pairs)

    def none(word: str) -> None:
        raise ValueError(f"{path.name}: {word} is no number")

    json.loads(atomic.read(path, LARGEST_OTHER), object_pairs_hook=once, parse_constant=none)


def _names(record: Record, scores: list[ScoreFile]) -> Iterator[str]:
    spec = record.spec
    yield from (spec.method, spec.backbone, spec.likelihood, spec.dataset.label, *spec.params, *record.factors)
    yield from (name for s in scores for name in (s.protocol, s.metric, *s.repeats[0].values))
