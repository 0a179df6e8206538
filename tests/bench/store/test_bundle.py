"""Bundles that a stranger has made: taken whole, or refused in one line."""

import hashlib
import io
import json
import os
import shutil
import zipfile

import msgspec
import numpy as np
import pytest
from store_fakes import reseal, score

from bench.errors import BenchError
from bench.store import bundle
from bench.store.bundle import Entry, Found
from bench.store.files import ENTRY, MANIFEST, Artefacts
from bench.store.store import Store


def sealed(folder):
    """Under the name that its content gives it, as whoever lies would do."""
    target = folder.with_name(f"study-{bundle.content_hash(folder)}")
    return folder if target == folder else folder.rename(target)


@pytest.fixture
def made(store):
    (store.root / ENTRY).write_bytes(bundle.entry_bytes(Entry(study="study", who="Jane Doe")))
    return sealed(store.root)


def refused(folder, match):
    with pytest.raises(BenchError, match=match) as raised:
        bundle.opened(folder)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith(f"bundle {folder}: refused: ")


def test_a_bundle_is_opened_and_any_other_folder_is_none(made, tmp_path):
    assert bundle.opened(made) == Entry(study="study", who="Jane Doe")
    assert bundle.opened(tmp_path) is None


def test_its_name_is_what_sha256sum_gives(made):
    names = sorted(p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file())
    lines = "".join(f"{hashlib.sha256((made / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    assert made.name == f"study-{hashlib.sha256(lines.encode()).hexdigest()[:12]}"


def test_one_byte_more_or_one_file_more_is_another_content(made):
    (made / "extra.txt").touch()
    refused(made, r"its files hash to [0-9a-f]{12}, which its name does not end in")
    (made / "extra.txt").unlink()
    assert bundle.opened(made) is not None
    (made / ENTRY).write_bytes((made / ENTRY).read_bytes() + b"\n")
    refused(made, "which its name does not end in")


@pytest.mark.parametrize("name", ["../outside.json", "scores/../../x.json", "/etc/hostname"])
def test_paths_out_of_the_folder(made, spec, name):
    manifest = json.loads((made / spec.key / MANIFEST).read_bytes())
    manifest["files"][name] = {"size": 2, "sha256": hashlib.sha256(b"{}").hexdigest()}
    (made / spec.key / MANIFEST).write_text(json.dumps(manifest))
    refused(sealed(made), "which is no file of this folder")


@pytest.mark.parametrize("place", ["link.csv", "KEY/history.csv", "KEY", ENTRY])
def test_links(made, spec, tmp_path, place):
    path = made / place.replace("KEY", spec.key)
    if path.exists():
        path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    refused(made, "is a link")


def test_what_is_no_file(made):
    os.mkfifo(made / "pipe.csv")
    refused(made, "is neither a file nor a folder")


def test_lying_sizes(made, spec):
    manifest = json.loads((made / spec.key / MANIFEST).read_bytes())
    manifest["files"]["posterior.npz"]["size"] -= 1
    (made / spec.key / MANIFEST).write_text(json.dumps(manifest))
    refused(sealed(made), r"posterior\.npz: \d+ bytes, the manifest says")


def test_bombs(made, spec):
    content = io.BytesIO()
    np.savez_compressed(content, mu=np.zeros((2000, 2000)))
    reseal(Store(made), spec.key, "posterior.npz", content.getvalue())
    refused(sealed(made), r"would unfold to 32000\d\d\d")


def test_an_entry_of_any_size_is_not_read(made):
    (made / ENTRY).write_bytes(b"#" * 2**17)
    refused(sealed(made), "more than the 65536")


def test_nothing_is_unpickled(made, spec, tmp_path):
    class Told:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "executed"),))

    content = io.BytesIO()
    np.savez(content, mu=np.array([Told()], dtype=object))
    reseal(Store(made), spec.key, "posterior.npz", content.getvalue())
    refused(sealed(made), r"posterior\.npz: ")
    assert not (tmp_path / "executed").exists()


def test_duplicate_keys_of_json(made, spec):
    for name in ("run.json", MANIFEST):
        copy = shutil.copytree(made, made.parent / f"copy {name}")
        content = (copy / spec.key / name).read_bytes().rstrip().removesuffix(b"}")
        first = next(iter(json.loads((copy / spec.key / name).read_bytes())))
        twice = content + f', "{first}": 1}}'.encode()
        if name == MANIFEST:
            (copy / spec.key / name).write_bytes(twice)
        else:
            reseal(Store(copy), spec.key, name, twice)
        refused(sealed(copy), f"{name}: '{first}' stands twice in it")


def test_duplicate_keys_of_toml(made):
    (made / ENTRY).write_bytes((made / ENTRY).read_bytes() + b'who = "another"\n')
    refused(sealed(made), "refused: ")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_that_stands_twice(made, spec):
    content = io.BytesIO((made / spec.key / "posterior.npz").read_bytes())
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("mu.npy", archive.read("logvar.npy"))
    reseal(Store(made), spec.key, "posterior.npz", content.getvalue())
    refused(sealed(made), "stands twice in it")


def test_nan(made, spec, artefacts):
    store = Store(made)
    posterior = {**artefacts.posterior, "mu": artefacts.posterior["mu"] * np.nan}
    content = io.BytesIO()
    np.savez(content, **posterior)
    copy = Store(shutil.copytree(made, made.parent / "copy"))
    reseal(copy, spec.key, "posterior.npz", content.getvalue())
    refused(sealed(copy.root), "values that no codes or factors have")
    name = next(name for name in store.manifest(spec.key).files if name.startswith("scores/mig"))
    text = (made / spec.key / name).read_bytes().replace(b"0.5", b"NaN", 1)
    reseal(store, spec.key, name, text)
    refused(sealed(made), "NaN is no number")


@pytest.mark.parametrize("field", ["who", "paper", "licence"])
def test_markup_in_an_entry(made, field):
    text = (made / ENTRY).read_text().splitlines()
    lines = [f'{field} = "<b>x</b>"' if line.startswith(f"{field} =") else line for line in text]
    (made / ENTRY).write_text("\n".join(lines))
    refused(sealed(made), rf"entry.toml: .*regex.*\$\.{field}")


def test_markup_in_names(tmp_path, record, spec):
    for i, changed in enumerate(
        [
            (msgspec.structs.replace(record, factors=["<script>", "b"]), score()),
            (record, score(metric="mi`g")),
            (record, msgspec.structs.replace(score(), protocol="mig:$x$")),
        ]
    ):
        store = Store(tmp_path / f"names{i}" / "study")
        store.put(changed[0], Artefacts(scores=[changed[1]]))
        (store.root / ENTRY).write_bytes(bundle.entry_bytes(Entry(study="study")))
        refused(sealed(store.root), "holds markup")


@pytest.mark.parametrize(
    "stated", [{"party": "second"}, {"schema": 2}, {"more": "x"}, {"who": "x" * 61}, {"study": "../x"}]
)
def test_an_entry_of_other_fields(stated):
    with pytest.raises(BenchError, match=r"^entry\.toml: "):
        bundle.entry_of({"study": "study"} | stated)


def test_nothing_is_written_into_a_bundle(made, record, artefacts):
    with pytest.raises(BenchError, match="is a bundle, which stays as it is"):
        Store(made).put(record, artefacts)
    with pytest.raises(BenchError, match="is a bundle, which stays as it is"):
        Store(made).add_scores(record.key, artefacts.scores)
    assert bundle.opened(made) is not None


def test_what_was_found_is_kept_beside_it(made):
    assert bundle.found_of(made) == Found()
    bundle.note(made, rescored=12)
    bundle.note(made, retrained=2)
    assert bundle.found_of(made) == Found(rescored=12, retrained=2)
    assert bundle.opened(made) is not None
    made.with_name(f"{made.name}.found.json").write_text('{"rescored": -1}')
    assert bundle.found_of(made) == Found()
