"""bench plan and bench status, and the order and the shares of a study."""

import json
import os
import shutil

import msgspec
import psutil
import pytest

from bench.cli.plan import ranges
from bench.execution import estimate
from bench.execution.job import Progress
from bench.execution.leases import FOLDER, Lease, progress_file
from bench.store.atomic import machine
from bench.store.files import Artefacts
from bench.store.store import Store
from bench.study.study import observations, ordered, shard


@pytest.fixture
def specs(spec_of):
    methods = ("vae", "factorvae", "infovae")
    return [spec_of(method, seed=seed) for seed in (3, 1) for method in methods]


def test_seeds_take_turns_and_long_runs_come_first(specs):
    assert [(s.seed, s.method) for s in ordered(specs)] == [
        (seed, method) for seed in (3, 1) for method in ("factorvae", "vae", "infovae")
    ]
    assert observations(specs[1]) == 2 * observations(specs[0]) == 2 * 4 * 8


@pytest.mark.parametrize("of", [1, 2, 4, 6, 9])
def test_shards_are_the_whole_and_alike(specs, of):
    shards = [shard(specs, i, of) for i in range(1, of + 1)]
    assert sorted(s.key for part in shards for s in part) == sorted(s.key for s in specs)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def test_shards_of_a_command_are_runs_apart(run, tmp_path):
    for i in (1, 2):
        code, out, _ = run("--shard", f"{i}/2")
        assert code == 0
        assert "2 runs in results/tiny, 0 already done" in out
    assert len(Store(tmp_path / "results" / "tiny").keys()) == 4


def test_a_plan_says_what_run_would_do_and_writes_nothing(run, bench, tmp_path):
    run("--seeds", 1)
    store = Store(tmp_path / "results" / "tiny")
    (vae,) = (record.key for record in store if record.spec.method == "vae")
    shutil.rmtree(store.root / vae / "scores")
    before = sorted(tmp_path.rglob("*"))
    arguments = ("plan", "--study", "tiny.toml", "--jobs", 2)
    code, out, err = bench(*arguments, "--no-calibration")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "study tiny: 4 runs, results in results/tiny",
        "  1 would be skipped: they are done, or diverged, which is final",
        "  1 are trained and would be scored further",
        "  2 would be trained, 2 at once on cpu",
        "  setting         seeds  done  to train  to score further",
        "  vae             0-1    -     1         0",
        "  betavae beta=4  0-1    0     1         -",
    ]
    code, out, err = bench(*arguments)
    assert (code, err) == (0, "")  # both methods have a run, so that nothing is calibrated
    assert "  vae: 1 run of " in out
    assert "(from 1 run that is there)" in out
    assert "disk: about" in out
    assert sorted(tmp_path.rglob("*")) == before


def test_a_method_without_runs_is_calibrated_and_said_to_be(run, bench, monkeypatch, tmp_path):
    monkeypatch.setattr(estimate, "SECONDS", 0.01)
    run("--methods", "vae", "--seeds", 1)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = bench("plan", "--study", "tiny.toml", "--jobs", 2)
    assert code == 0
    assert [line.partition(":")[0] for line in err.splitlines()] == ["calibrating betavae"]
    assert "(from 1 run that is there)" in out
    assert "(from calibration)" in out
    assert sorted(tmp_path.rglob("*")) == before


def test_a_plan_renders_no_data_set(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    code, out, err = bench("plan", "--study", "tiny.toml", "--dataset", "dsprites", "--no-calibration")
    assert (code, err) == (0, "")
    assert "dsprites would be rendered before that: 377 MB in the cache" in out
    assert not (tmp_path / "cache").exists()


def test_the_printed_study_is_read_back_to_the_same_plan(bench, tmp_path):
    arguments = ("plan", "--study", "tiny.toml", "--betas", "2,8", "--seeds", "3,5")
    code, out, err = bench(*arguments, "--print-config")
    assert (code, err) == (0, "")
    (tmp_path / "printed.toml").write_text(out)
    expected = bench(*arguments, "--no-calibration")
    assert bench("plan", "--study", "printed.toml", "--no-calibration") == expected
    assert "betavae beta=8  3,5" in expected[1]


@pytest.mark.parametrize(("seeds", "text"), [([], "-"), ([4], "4"), ([2, 0, 1, 7], "0-2,7")])
def test_seeds_are_told_in_short(seeds, text):
    assert ranges(seeds) == text


def test_status_tells_what_is_done_running_and_left_behind(run, bench, tmp_path):
    run("--methods", "vae", "--seeds", 2)
    root = tmp_path / "results" / "tiny"
    _, other = Store(root).keys()
    (root / other / "run.json").write_bytes(b"{")
    (root / ".damaged-x").mkdir()
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    for name, pid in (("0" * 16, os.getpid()), ("1" * 16, 2**22 + 1)):
        lease = Lease(owner=f"a-{pid}-b", host="here", machine=machine(), pid=pid, started=0.0, taken=0.0)
        if pid == os.getpid():
            lease = msgspec.structs.replace(lease, started=psutil.Process().create_time())
        (folder / f"{name}.0.json").write_bytes(msgspec.json.encode(lease))
    progress_file(folder, "0" * 16).write_bytes(msgspec.json.encode(Progress("training", 3, 10, 64.0, 1.5, 700.0)))
    code, out, err = bench("status", "results/tiny")
    assert (code, err) == (0, "")
    assert "1 done, 0 diverged, 0 failed, 1 running, 1 stale, 1 damaged" in out
    assert f"(here process {os.getpid()}): update 3/10, 64 x/s, loss 1.5, 12 min left" in out
    assert "stale 1111111111111111" in out
    assert f"damaged {other}: {other}/run.json" in out
    assert "moved aside: .damaged-x" in out
    assert bench("status", "nowhere")[0] == 2


def test_status_tells_what_is_left_of_the_last_command_and_why_runs_are_lost(run, bench, tmp_path):
    run("--methods", "vae", "--seeds", 2)
    root = tmp_path / "results" / "tiny"
    kept, gone = Store(root).keys()
    shutil.rmtree(root / gone)
    record = Store(root).record(kept)
    lost = msgspec.structs.replace(record.spec, seed=9)
    failed = msgspec.structs.replace(record, spec=lost, key=lost.key, status="failed", error="Trace:\nKeyError: x\n")
    Store(root).put(failed, Artefacts())
    code, out, _ = bench("status")
    assert code == 0, "the folder of studies is results by default"
    assert "results/tiny: 1 done, 0 diverged, 1 failed" in out
    assert "  1 run of the last command left: about " in out
    assert f"  failed {lost.key}: KeyError: x" in out
    found = json.loads(bench("status", "results/tiny", "--json")[1])
    assert (found["counts"], found["left"]) == ({"done": 1, "failed": 1}, 1)
    assert found["seconds_left"] > 0
