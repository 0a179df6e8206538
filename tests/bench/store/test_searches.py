"""Searches in a results folder."""

import json

import pytest

from bench.errors import BenchError
from bench.store.searches import FOLDER, Dimension, Goal, Search, Trial, read, write


def search(**changes):
    made = {
        "name": "betavae-1", "method": "betavae", "strength": "beta",
        "dimensions": [Dimension(name="beta", low=1, high=9)],
        "objectives": [Goal(name="mig", direction="maximize")], "sampler": "tpe", "search_seed": 0, "seeds": [7],
        "budget": 2, "trials": [Trial(number=0, state="done", params={"beta": 2.0}, values=[0.1])], "chosen": 0,
    }  # fmt: skip
    return Search(**(made | changes))


def test_a_search_is_read_as_it_was_written(tmp_path):
    assert read(tmp_path) == []
    write(tmp_path, search(chosen=None))
    path = write(tmp_path, search())
    assert read(tmp_path) == [search()]
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [path.name]


@pytest.mark.parametrize(
    "lie",
    [
        {"trials": [{"number": 0, "state": "done", "params": {}, "values": []}]},
        {"chosen": 1},
        {"objectives": []},
        {"budget": -1},
        {"budget": 10**30},
        {"dimensions": [{"name": "beta", "low": 10**30, "high": 1}]},
        {"name": "n" * 1001},
        {"further": 1},
        {"schema": 2},
    ],
)
def test_what_is_no_search_is_said_or_passed_over(tmp_path, lie):
    path = write(tmp_path, search())
    content = json.loads(path.read_bytes()) | lie
    path.with_name("another.json").write_text(json.dumps(content))
    with pytest.raises(BenchError, match=r"another\.json: "):
        read(tmp_path)
    said = []
    assert read(tmp_path, said.append) == [search()]
    (line,) = said
    assert "another.json: " in line


@pytest.mark.parametrize("content", [b"", b"[" * 10**5, b'{"name": ' + b"[" * 10**5, b"\xff"])
def test_what_is_no_json_is_no_search(tmp_path, content):
    path = write(tmp_path, search())
    path.write_bytes(content)
    with pytest.raises(BenchError, match="cannot be read as a search"):
        read(tmp_path)


def test_no_search_lies_behind_a_link(tmp_path):
    root, outside = tmp_path / "results", tmp_path / "outside"
    path = write(root, search())
    path.rename(outside)
    path.symlink_to(outside)
    with pytest.raises(BenchError, match="is a link"):
        read(root)
    write(root, search(chosen=None))
    assert json.loads(outside.read_bytes())["chosen"] == 0
    (root / FOLDER).rename(tmp_path / "elsewhere")
    (root / FOLDER).symlink_to(tmp_path / "elsewhere")
    for use in (lambda: read(root), lambda: write(root, search())):
        with pytest.raises(BenchError, match="is a link"):
            use()
