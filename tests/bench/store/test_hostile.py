"""A results folder that somebody else has made: names, sizes, links, and files whose hashes are right."""

import hashlib
import json

import msgspec
import pytest
from store_fakes import files, reseal, score

from bench.store.files import MANIFEST, Artefacts, Damaged
from bench.store.merge import merge
from bench.store.store import Store


@pytest.mark.parametrize(
    "name", ["../outside.json", "scores/../../outside.json", "/etc/hostname", "a//b", "..\\x", "C:x"]
)
def test_no_name_leads_out_of_a_run_s_folder(store, spec, name):
    """Neither to read nor, when scores are replaced, to remove."""
    outside = store.root / "outside.json"
    outside.write_bytes(b"{}")
    manifest = json.loads((store.root / spec.key / MANIFEST).read_bytes())
    manifest["files"][name] = {"size": 2, "sha256": hashlib.sha256(b"{}").hexdigest()}
    (store.root / spec.key / MANIFEST).write_text(json.dumps(manifest))
    for read in (lambda: store.read(spec.key, name), lambda: store.check(spec.key)):
        with pytest.raises(Damaged, match="which is no file of this folder"):
            read()
    assert outside.exists()


def test_a_manifest_of_any_size_is_not_read(store, spec):
    path = store.root / spec.key / MANIFEST
    path.write_bytes(path.read_bytes() + b" " * 2**20)
    with pytest.raises(Damaged, match=r"manifest\.json: \d+ bytes, more than the 1048576"):
        store.manifest(spec.key)


def test_a_file_is_no_larger_than_any_real_one(store, spec):
    reseal(store, spec.key, "run.json", (store.root / spec.key / "run.json").read_bytes() + b" " * 2**22)
    with pytest.raises(Damaged, match=r"run\.json: \d+ bytes, more than the 4194304"):
        store.record(spec.key)


def test_a_record_of_another_spec_is_no_run(store, spec, spec_of, record):
    lie = msgspec.structs.replace(record, spec=spec_of(seed=1))
    reseal(store, spec.key, "run.json", msgspec.json.encode(lie))
    assert spec not in store
    with pytest.raises(Damaged, match="describes another run"):
        store.record(spec.key)


@pytest.mark.parametrize("status", ["done", "diverged"])
def test_a_run_that_is_there_for_good_stays(tmp_path, record, artefacts, status):
    store = Store(tmp_path)
    assert store.put(msgspec.structs.replace(record, status=status), artefacts)
    before = files(tmp_path)
    assert not store.put(msgspec.structs.replace(record, status="done", terms={"loss": 9.0}), Artefacts())
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("history.csv", Store.history),
        ("posterior.npz", Store.posterior),
        ("model.safetensors", Store.weights),
        ("scores/mig__bins20-mean-n10.json", Store.scores),
    ],
)
def test_what_no_such_file_holds_is_damage_whatever_its_hash(store, spec, name, reader):
    reseal(store, spec.key, name, b"[[1],\n")
    for read in (lambda: reader(store, spec.key), lambda: store.check(spec.key)):
        with pytest.raises(Damaged, match=f"^{spec.key}/{name}: "):
            read()


def test_a_whole_run_passes_the_check(store, spec):
    store.check(spec.key)
    reseal(store, spec.key, "traversals/step2.png", b"\x89PNG")
    with pytest.raises(Damaged, match=r"step2\.png: "):
        store.check(spec.key)


@pytest.fixture
def linked(store, tmp_path):
    """linked(name): what is at the name under the results folder moved out of it, and a link to it in its place."""

    def link(name):
        path, outside = store.root / name, tmp_path / "outside"
        path.rename(outside)
        path.symlink_to(outside)
        return outside

    return link


@pytest.mark.parametrize("name", ["", MANIFEST, "run.json", "scores", "scores/mig__bins20-mean-n10.json"])
def test_nothing_of_a_run_is_read_through_a_link(store, spec, linked, name):
    linked(f"{spec.key}/{name}".rstrip("/"))
    with pytest.raises(Damaged, match="is a link"):
        store.check(spec.key)
    readers = [store.scores] if name.startswith("scores") else [store.record, store.state]
    for read in readers:
        with pytest.raises(Damaged, match="is a link"):
            read(spec.key)
    if not name.startswith("scores"):
        assert list(store) == []
        assert "is a link" in store.damaged[spec.key]


def test_damaged_scores_are_none_where_a_link_leads_to_them(store, spec, linked):
    linked(f"{spec.key}/scores")
    assert store.state(spec.key).scored == {}
    assert store.scored(spec.key) == {}


def test_no_scores_are_written_through_a_link(store, spec, linked):
    outside = linked(f"{spec.key}/scores")
    before = files(outside)
    with pytest.raises(Damaged, match="is a link"):
        store.add_scores(spec.key, [score(0.9, "dci")])
    assert files(outside) == before


def test_a_link_in_place_of_a_run_is_replaced_and_what_it_leads_to_is_left(store, spec, record, linked):
    outside = linked(spec.key)
    before = files(outside)
    assert store.put(record, Artefacts())
    assert not (store.root / spec.key).is_symlink()
    assert store.record(spec.key) == record
    assert files(outside) == before
    assert [p.name for p in store.root.iterdir()] == [spec.key]


def test_a_merge_takes_whole_runs_alone(store, spec, spec_of, record, artefacts, tmp_path):
    other = spec_of(seed=1)
    store.put(msgspec.structs.replace(record, key=other.key, spec=other), artefacts)
    reseal(store, spec.key, "posterior.npz", b"PK")
    merged = merge([store.root], tmp_path / "both")
    assert Store(tmp_path / "both").keys() == [other.key]
    assert files(tmp_path / "both" / other.key) == files(store.root / other.key)
    (why,) = merged.damaged
    assert f"{spec.key}/posterior.npz: " in why


def test_a_merge_that_is_interrupted_leaves_nothing(store, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "check", interrupted)
    with pytest.raises(KeyboardInterrupt):
        merge([store.root], tmp_path / "both")
    assert {p.name for p in tmp_path.iterdir()} == {"results"}
