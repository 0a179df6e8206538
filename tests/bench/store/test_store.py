import json
import os
import shutil

import msgspec
import numpy as np
import pytest
from store_fakes import PNG, files, score

from bench.errors import BenchError
from bench.store.files import MANIFEST, Artefacts, Damaged
from bench.store.store import Store


def test_a_missing_folder_is_an_empty_store(tmp_path, spec):
    empty = Store(tmp_path / "nowhere")
    assert (list(empty), empty.keys(), spec in empty) == ([], [], False)
    assert not (tmp_path / "nowhere").exists()


def test_a_run_comes_back_as_it_was_put(store, spec, record, artefacts):
    assert spec in store
    assert list(store) == [record]
    assert store.scores(spec.key) == artefacts.scores
    np.testing.assert_equal(store.history(spec.key), artefacts.history)
    for stored, given in (
        (store.posterior(spec.key), artefacts.posterior),
        (store.weights(spec.key), artefacts.weights),
    ):
        assert stored.keys() == given.keys()
        for name, array in given.items():
            np.testing.assert_array_equal(stored[name], array)
            assert stored[name].dtype == array.dtype
    assert store.read(spec.key, "traversals/step1.png") == PNG


def test_the_folder_is_named_by_the_key_and_holds_what_the_manifest_says(store, spec):
    assert [p.name for p in store.root.iterdir()] == [spec.key]
    found = files(store.root / spec.key)
    manifest = json.loads(found.pop(MANIFEST))
    assert manifest["schema"] == 1
    assert manifest["files"].keys() == found.keys()
    assert {"run.json", "history.csv", "posterior.npz", "model.safetensors"} < found.keys()


def test_the_same_run_gives_the_same_bytes(store, spec, record, artefacts, tmp_path):
    again = Store(tmp_path / "again")
    again.put(record, artefacts)
    assert files(again.root / spec.key) == files(store.root / spec.key)


@pytest.mark.parametrize(("status", "final"), [("done", True), ("diverged", True), ("failed", False)])
def test_a_run_that_failed_is_not_in_the_store(tmp_path, spec, record, status, final):
    store = Store(tmp_path)
    store.put(msgspec.structs.replace(record, status=status), Artefacts())
    assert (spec in store) is final
    assert [r.status for r in store] == [status]


@pytest.fixture
def attempt(tmp_path, record, artefacts):
    """A store with a failed attempt at the run."""
    made = Store(tmp_path / "attempt")
    made.put(msgspec.structs.replace(record, status="failed", error="Traceback"), artefacts)
    return made


def test_put_replaces_a_failed_run_whole(attempt, spec, record):
    attempt.put(record, Artefacts(history=[{"step": 1.0}]))
    assert attempt.record(spec.key) == record
    assert files(attempt.root / spec.key).keys() == {MANIFEST, "run.json", "history.csv"}
    assert [p.name for p in attempt.root.iterdir()] == [spec.key]


@pytest.fixture
def interrupt(monkeypatch):
    """interrupt(n): Ctrl-C as the n + 1st file is being brought to the disk."""

    def after(n):
        fsync, left = os.fsync, iter([True] * n)

        def interrupted(handle):
            if not next(left, False):
                raise KeyboardInterrupt
            fsync(handle)

        monkeypatch.setattr(os, "fsync", interrupted)

    return after


@pytest.mark.parametrize("after", range(8))  # the run has 7 files and a manifest
def test_an_interrupt_while_writing_leaves_no_run_and_no_litter(store, spec_of, record, artefacts, interrupt, after):
    before, other = files(store.root), spec_of(seed=1)
    interrupt(after)
    with pytest.raises(KeyboardInterrupt):
        store.put(msgspec.structs.replace(record, key=other.key, spec=other), artefacts)
    assert other not in store
    assert files(store.root) == before


@pytest.mark.parametrize("after", range(8))
def test_an_interrupt_while_replacing_leaves_the_old_attempt(attempt, record, artefacts, interrupt, after):
    before = files(attempt.root)
    interrupt(after)
    with pytest.raises(KeyboardInterrupt):
        attempt.put(record, artefacts)
    assert files(attempt.root) == before


@pytest.mark.parametrize("after", range(3))
def test_an_interrupt_while_adding_scores_leaves_the_old_ones(store, spec, artefacts, interrupt, after):
    interrupt(after)
    with pytest.raises(KeyboardInterrupt):
        store.add_scores(spec.key, [score(0.9, "dci"), score(0.9, "irs")])
    assert store.scores(spec.key) == artefacts.scores


def test_what_a_killed_process_left_is_no_run(store, spec):
    shutil.copytree(store.root / spec.key, store.root / ".writing-0123")
    shutil.copytree(store.root / spec.key, store.root / ".old-0123")
    (store.root / "0123456789abcdef").mkdir()
    (store.root / "notes.txt").write_text("x")
    assert store.keys() == [spec.key]
    assert len(list(store)) == 1


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def tamper(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))


def empty(path):
    path.write_bytes(b"")


def remove(path):
    path.unlink()


@pytest.mark.parametrize("harm", [truncate, tamper, empty, remove])
@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("run.json", Store.record),
        ("history.csv", Store.history),
        ("posterior.npz", Store.posterior),
        ("model.safetensors", Store.weights),
        ("scores/mig__bins20-mean-n10.json", Store.scores),
    ],
)
def test_harm_to_a_file_is_found_when_it_is_read(store, spec, name, reader, harm):
    harm(store.root / spec.key / name)
    with pytest.raises(Damaged, match=f"{spec.key}/{name}"):
        reader(store, spec.key)


@pytest.mark.parametrize("name", ["run.json", MANIFEST])
@pytest.mark.parametrize("harm", [truncate, empty])
def test_a_damaged_record_is_no_run_and_is_passed_over(store, spec, spec_of, record, name, harm):
    other = spec_of(seed=1)
    store.put(msgspec.structs.replace(record, key=other.key, spec=other), Artefacts())
    harm(store.root / spec.key / name)
    assert spec not in store
    assert [r.key for r in store] == [other.key]
    assert list(store.damaged) == [spec.key]
    assert f"{spec.key}/{name}" in store.damaged[spec.key]


@pytest.mark.parametrize(
    "content", ["[]", "{}", "null", "7", '{"schema": "1"}', '{"schema": 1}', '{"schema": 1, "x": 2}']
)
def test_a_manifest_of_other_content_is_damaged_or_of_another_version(store, spec, content):
    (store.root / spec.key / MANIFEST).write_text(content)
    with pytest.raises((Damaged, BenchError)):
        store.manifest(spec.key)


def test_a_folder_renamed_is_not_taken_for_another_run(store, spec):
    (store.root / spec.key).rename(store.root / "0123456789abcdef")
    assert list(store) == []
    assert "describes another run" in store.damaged["0123456789abcdef"]


def test_results_of_another_version_are_named(store, spec):
    path = store.root / spec.key / MANIFEST
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    for read in (lambda: list(store), lambda: spec in store, lambda: store.scores(spec.key)):
        with pytest.raises(BenchError, match="results schema 2, this version reads 1"):
            read()


def test_scores_are_added_beside_a_run(store, spec, artefacts):
    before = files(store.root / spec.key)
    store.add_scores(spec.key, [score(0.9, "dci", repeats=2)])
    after = files(store.root / spec.key)
    assert {s.metric for s in store.scores(spec.key)} == {"mig", "sap", "dci"}
    assert {name for name in after if after[name] != before.get(name)} == {MANIFEST, "scores/dci__bins20-mean-n10.json"}
    assert store.record(spec.key).status == "done"


def test_scores_by_the_same_protocol_are_replaced(store, spec):
    store.add_scores(spec.key, [score(0.9, repeats=3)])
    (found,) = (s for s in store.scores(spec.key) if s.metric == "mig")
    assert [r.values["mig"] for r in found.repeats] == [0.9, 1.9, 2.9]
