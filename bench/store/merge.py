"""Results of several people or machines in one folder, where they may be compared at all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.spec import Record
from bench.store import atomic
from bench.store.files import MANIFEST, Damaged
from bench.store.store import FINAL, Store


@dataclass(frozen=True)
class Merged:
    """copied: runs by the folder they came from. kept: runs that several folders hold, of which the first was taken.

    differing: those of them whose diagnostics are not the same. damaged: what was passed over, and why.
    """

    copied: Mapping[Path, int]
    kept: tuple[str, ...]
    differing: tuple[str, ...]
    damaged: tuple[str, ...]


def merge(folders: Sequence[Path], out: Path) -> Merged:
    """Copy the runs of several results folders into a new one, each file checked for what it must be.

    Of a run that several hold, a done one is taken before another and the earlier folder's before the later's.
    BenchError, and nothing is written, where the folders mix what must not stand together: results schemas, revisions,
    data of one name but another sha256, or protocols (of a metric that two folders have, each must have the same).
    """
    if out.exists() and any(out.iterdir() if out.is_dir() else [out]):
        raise BenchError(f"out={out}: exists and is not empty; expected a new folder")
    stores = [Store(folder) for folder in folders]
    records = {store.root: list(store) for store in stores}
    for store in stores:
        if not records[store.root]:
            raise BenchError(f"merge: {store.root} holds no runs that can be read")
    refused = [*_mixed_data(records), *_mixed_revisions(records), *_mixed_protocols(stores, records)]
    if refused:
        raise BenchError(f"merge refused: {'; '.join(refused)}")
    taken, kept, differing = _taken(stores, records)
    copied: dict[Path, int] = dict.fromkeys(folders, 0)
    with atomic.replacing_folder(out) as new:
        for key, store in taken.items():
            try:
                store.check(key)
                _copy(store, key, new)
            except Damaged as error:
                store.damaged[key] = str(error)
                continue
            copied[store.root] += 1
    damaged = tuple(f"{store.root}/{why}" for store in stores for why in store.damaged.values())
    return Merged(copied, tuple(kept), tuple(differing), damaged)


def _taken(
    stores: Sequence[Store], records: Mapping[Path, Sequence[Record]]
) -> tuple[dict[str, Store], list[str], list[str]]:
    taken: dict[str, Store] = {}
    chosen: dict[str, Record] = {}
    kept, differing = [], []
    for store in stores:
        for record in records[store.root]:
            first = chosen.get(record.key)
            if first is None or (first.status not in FINAL and record.status in FINAL):
                chosen[record.key], taken[record.key] = record, store
            if first is not None:
                kept.append(record.key)
                if first.status == record.status and first.diagnostics != record.diagnostics:
                    differing.append(record.key)
    return dict(sorted(taken.items())), kept, differing


def _copy(store: Store, key: str, out: Path) -> None:
    """Every file that the manifest names, then the manifest: it is no older than they."""
    contents = {name: store.read(key, name) for name in sorted(store.manifest(key).files)}
    for name, content in (contents | {MANIFEST: atomic.read(store.root / key / MANIFEST)}).items():
        path = out / key / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _mixed_data(records: Mapping[Path, Sequence[Record]]) -> list[str]:
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    for root, several in records.items():
        for r in several:
            args = "".join(f" {name}={value}" for name, value in sorted(r.spec.dataset.args.items()))
            found[f"{r.spec.dataset.name}{args}"].setdefault(r.spec.dataset.sha256, root)
    return [
        f"data: {name} has " + " and ".join(f"sha256 {sha[:12]} in {root}" for sha, root in by_sha.items())
        for name, by_sha in found.items()
        if len(by_sha) > 1
    ]


def _mixed_revisions(records: Mapping[Path, Sequence[Record]]) -> list[str]:
    found: dict[int, Path] = {}
    for root, several in records.items():
        for r in several:
            found.setdefault(r.spec.revision, root)
    return (
        ["revisions: " + " and ".join(f"{n} in {root}" for n, root in sorted(found.items()))] if len(found) > 1 else []
    )


def _mixed_protocols(stores: Sequence[Store], records: Mapping[Path, Sequence[Record]]) -> list[str]:
    """Metrics that two folders have, but by other protocols; told once for each metric."""
    found: dict[str, dict[frozenset[str], Path]] = defaultdict(dict)
    for store in stores:
        protocols: dict[str, set[str]] = defaultdict(set)
        for record in records[store.root]:
            try:
                for file in store.scores(record.key):
                    protocols[file.metric].add(file.protocol)
            except Damaged as error:
                store.damaged[record.key] = str(error)
        for metric, several in protocols.items():
            found[metric].setdefault(frozenset(several), store.root)
    return [
        f"protocols: {metric} by " + " and by ".join(f"{', '.join(sorted(p))} in {root}" for p, root in sets.items())
        for metric, sets in sorted(found.items())
        if len(sets) > 1
    ]
