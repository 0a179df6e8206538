"""Runs whose hashes are right and whose files are not a run's: passed over with the reason, the others reported."""

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from report_fakes import LOGGED, record, score, spec

from bench.errors import BenchError
from bench.report import write as module
from bench.report.write import write
from bench.store.files import Artefacts
from bench.store.store import Store


def png() -> bytes:
    content = io.BytesIO()
    Image.new("L", (27, 3 * 9 - 1)).save(content, "PNG")
    return content.getvalue()


def bomb() -> bytes:
    """A picture of a few bytes that states ten thousand million pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    return png()[:8] + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + png()[33:]


LIES = {
    "history.csv": [b"update,loss\n1,2\n", b"step,loss\n1," + b"9" * 131_073 + b"\n", b"\xff"],
    "scores/mig__bins20.json": [
        b'{"protocol":"mig:bins20","metric":"mig","params":{},"repeats":[{"repeat":0,"values":{},'
        b'"matrices":{"importance":[[1,2],[3]]}}]}',
        b"[" * 10_000,
    ],
    "run.json": [b"{}", b'{"key": ' + b"[" * 10_000],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three runs as they must be, the first with a picture."""
    made = Store(tmp_path / "results")
    for seed in range(3):
        images = {"traversals/step1000.png": png()} if seed == 0 else {}
        made.put(record(spec(seed=seed), 20.0 + seed), Artefacts(LOGGED, scores=[score(0.1 * seed)], images=images))
    return made


def lie(store: Store, key: str, name: str, content: bytes) -> None:
    """Give a run a file of other content, and a manifest that fits it."""
    (store.root / key / name).write_bytes(content)
    manifest = json.loads((store.root / key / "manifest.json").read_bytes())
    manifest["files"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (store.root / key / "manifest.json").write_text(json.dumps(manifest))


def test_lying_runs_are_passed_over_each_with_its_reason(store: Store, tmp_path: Path) -> None:
    write(store, tmp_path / "report", title="x", resamples=20)
    expected = (tmp_path / "report" / "scores.csv").read_bytes()
    lies = {}
    for i, (name, content) in enumerate((n, c) for n, several in LIES.items() for c in several):
        run = record(spec(seed=10 + i))
        store.put(run, Artefacts(LOGGED, scores=[score(0.5)]))
        lie(store, run.key, name, content)
        lies[run.key] = name
    write(store, tmp_path / "again", title="x", resamples=20)
    assert {key: why.split(": ")[0] for key, why in store.damaged.items()} == {k: f"{k}/{n}" for k, n in lies.items()}
    assert (tmp_path / "again" / "scores.csv").read_bytes() == expected
    page = (tmp_path / "again" / "report.md").read_text(encoding="utf-8")
    assert all(key in page for key in lies)


def test_a_picture_that_is_none_costs_the_picture_alone(store: Store, tmp_path: Path) -> None:
    key = spec(seed=0).key
    lie(store, key, "traversals/step1000.png", bomb())
    paths = write(store, tmp_path / "report", resamples=20)
    assert not [p for p in paths if "traversals" in p.name]
    assert "a picture of 100000 x 100000 pixels" in store.damaged[key]
    assert key in (tmp_path / "report" / "runs.csv").read_text(encoding="utf-8")


def test_a_reader_sees_the_old_report_until_the_new_one_is_whole(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report"
    write(store, out, resamples=20)
    (out / "notes.txt").write_text("mine")
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    store.put(record(spec(seed=7)), Artefacts(LOGGED, scores=[score(0.9)]))
    seen = []

    def interrupted(*_: object) -> str:
        seen.append({p: p.read_bytes() for p in out.rglob("*") if p.is_file()})
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "web_page", interrupted)  # the last of a report's files
        with pytest.raises(KeyboardInterrupt):
            write(store, out, resamples=20)
    assert seen == [before] == [{p: p.read_bytes() for p in out.rglob("*") if p.is_file()}]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    paths = write(store, out, resamples=20)
    assert all(p.is_file() and p.parent in (out, out / "figures") for p in paths)
    assert (out / "notes.txt").read_text() == "mine"
    assert (out / "runs.csv").read_bytes() != before[out / "runs.csv"]


def test_results_of_lies_alone_leave_the_old_report(store: Store, tmp_path: Path) -> None:
    write(store, tmp_path / "report", resamples=20)
    before = (tmp_path / "report" / "index.html").read_bytes()
    for key in store.keys():  # noqa: SIM118  # not a mapping
        lie(store, key, "run.json", b"{}")
    with pytest.raises(BenchError, match="expected at least one done run"):
        write(store, tmp_path / "report", resamples=20)
    assert (tmp_path / "report" / "index.html").read_bytes() == before
