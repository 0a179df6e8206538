"""The command line in this process, on trainings of two updates; at the end, once, in a process of its own."""

import inspect
import os
import re
import signal
import subprocess
import sys

import click
import pytest

from bench.cli.main import SECTIONS, stated
from bench.cli.main import bench as group
from bench.store.files import MANIFEST
from bench.store.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results" / "tiny")


def test_help_lists_every_command_with_its_whole_first_sentence_without_importing_it(bench):
    code, out, _ = bench("--help")
    assert code == 0
    words = " ".join(out.split())
    for title, names in SECTIONS.items():
        assert f"\n{title}:\n" in out
        for name in names:
            command = group.get_command(click.Context(group), name)
            assert (command.name, inspect.cleandoc(command.help)) == (name, stated(name).help)
            assert f"{name} {' '.join(command.help.split(chr(10) * 2)[0].split())}" in words
    code = "import sys, bench.cli.main; from click.testing import CliRunner"
    code += "; CliRunner().invoke(bench.cli.main.bench, ['--help'], catch_exceptions=False)"
    code += "; print(*(name for name in sys.modules if name.startswith('bench.cli.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["bench.cli.help", "bench.cli.main"]


def test_commands_are_completed_without_importing_them():
    code = "import sys; from bench.__main__ import main\ntry: main()\nfinally: print(*sys.modules)"
    for typed, found in (("s", {"show", "score", "search", "status"}), ("--v", {"--version"})):
        words = {"_BENCH_COMPLETE": "bash_complete", "COMP_WORDS": f"bench {typed}", "COMP_CWORD": "1"}
        done = subprocess.run([sys.executable, "-c", code], env=os.environ | words, capture_output=True, text=True)
        *lines, modules = done.stdout.splitlines()
        assert {line.split(",")[1] for line in lines} == found
        assert "bench.cli.show" not in modules.split()


def test_a_study_is_run_once(run, store):
    code, out, err = run()
    assert (code, err) == (0, "")
    head, *lines, collapsed = out.splitlines()
    assert collapsed.startswith("collapsed: 4 of 4 runs (vae 2, betavae 2): ")
    assert head == "study tiny (toy, backbone small, 2 updates of 8): 4 runs in results/tiny, 0 already done"
    assert [line.split(" ")[0] for line in lines] == ["1/4", "2/4", "3/4", "4/4"]
    assert "vae seed=0: mig 0." in lines[0]
    before = {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}

    code, out, err = run()
    assert (code, err) == (0, "")
    assert out.splitlines() == [head.replace("0 already", "4 already")]
    assert {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()} == before


def test_more_seeds_train_only_what_is_new(run):
    run("--methods", "vae")
    code, out, _ = run("--methods", "vae", "--seeds", "1,2")
    assert (code, out.splitlines()[0].split(": ")[1]) == (0, "2 runs in results/tiny, 1 already done")
    assert [line.split()[0] for line in out.splitlines()] == ["study", "1/1", "collapsed:"]


def test_a_metric_more_retrains_nothing(run, store):
    run("--methods", "vae", "--seeds", 1)
    (key,) = store.keys()
    before = store.manifest(key).files
    code, out, _ = run("--methods", "vae", "--seeds", 1, "--metrics", "mig,row_mean", "--eval-repeats", 2)
    assert code == 0
    assert "1 run in results/tiny, 0 already done, 1 to score further" in out
    assert {s.metric: len(s.repeats) for s in store.scores(key)} == {"mig": 2, "row_mean": 2}
    after = store.manifest(key).files
    assert all(after[name] == before[name] for name in before if not name.startswith("scores/"))


def test_a_metric_that_fails_leaves_what_is_done(run, store):
    run("--methods", "vae", "--seeds", 1)
    (record,) = store
    code, out, _ = run("--methods", "vae", "--seeds", 1, "--metrics", "row_mean", "--set", "row_mean.scale=13")
    assert code == 1
    assert "not done: vae seed=0: failed: ArithmeticError: scale is 13" in out
    assert list(store) == [record]
    assert [s.metric for s in store.scores(record.key)] == ["mig"]


def test_a_run_that_fails_is_told_kept_and_tried_again(run, store):
    arguments = ("--methods", "unruly,vae", "--seeds", 1, "--set", "unruly.raise_at=1")
    for _ in range(2):
        code, out, _ = run(*arguments)
        assert code == 1
        assert out.splitlines()[-1] == "not done: unruly nan_at=-1 raise_at=1 seed=0: failed: RuntimeError: as told to"
        assert sorted(record.status for record in store) == ["done", "failed"]
    assert "1 already done" in out


def test_a_run_that_diverged_is_told_and_final(run, store):
    arguments = ("--methods", "unruly", "--seeds", 1, "--set", "unruly.nan_at=0")
    code, out, _ = run(*arguments)
    assert code == 0
    assert "not done: unruly nan_at=0 raise_at=-1 seed=0: diverged at update 1: a loss that is not finite" in out
    assert [record.status for record in store] == ["diverged"]
    assert "1 already done" in run(*arguments)[1]


def test_flags_reach_the_runs(run, store):
    code, _, err = run(
        *("--methods", "betavae,infovae", "--betas", "1,2", "--set", "infovae.lambda=3,4", "--seeds", "9,"),
        *("--steps", 1, "--batch-size", 4, "--lr", 0.01, "--z-dim", "2,3", "--warmup", 1, "--grad-clip", 0.5),
        *(
            "--likelihood",
            "gaussian",
            "--backbone",
            "mlp",
            "--set",
            "mlp.width=0.01",
            "--threads",
            1,
            "--out",
            "elsewhere",
        ),
    )
    assert (code, err) == (0, "")
    specs = [record.spec for record in Store(store.root.parents[1] / "elsewhere")]
    assert len(specs) == 8
    assert {spec.params["beta"] for spec in specs if spec.method == "betavae"} == {1, 2}
    assert {spec.params["lambda_"] for spec in specs if spec.method == "infovae"} == {3, 4}
    assert {spec.z_dim for spec in specs} == {2, 3}
    for spec in specs:
        assert (spec.seed, spec.steps, spec.batch_size, spec.lr, spec.warmup, spec.grad_clip) == (9, 1, 4, 0.01, 1, 0.5)
        assert (spec.likelihood, spec.backbone, spec.backbone_params) == ("gaussian", "mlp", {"width": 0.01})


def test_an_interrupt_keeps_what_is_done(run, store, monkeypatch):
    from bench.execution import pool

    result_of = pool.result_of

    def interrupted(job, config):
        result = result_of(job, config)
        signal.raise_signal(signal.SIGINT)
        return result

    monkeypatch.setattr(pool, "result_of", interrupted)
    code, out, _ = run("--jobs", 1)
    assert code == 130
    assert "interrupted: what is done is kept in results/tiny; the same command goes on from there" in out
    assert len(list(store)) == 1


def test_results_of_another_version_are_left_alone(run, bench, store):
    run("--methods", "vae", "--seeds", 1)
    (key,) = store.keys()
    manifest = store.root / key / MANIFEST
    manifest.write_text(manifest.read_text().replace('"schema": 1', '"schema": 99'))
    before = {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}
    for code, _, err in (run(), bench("report", "results")):
        assert code == 2
        assert err.count("\n") == 1
        assert "results schema 99, this version reads 1" in err
    assert {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("methods", "betavae(beta=4.0): beta-VAE. Higgins et al., "),
        ("metrics", "mig(n_train=10000, bins=20, correction=False): Mutual Information Gap. "),
        ("backbones", "small(width=1.0): "),
        ("datasets", "toy(side=8): An installed package"),
        ("studies", "quick: "),
    ],
)
def test_what_there_is_to_choose_from(bench, kind, line):
    code, out, _ = bench("list", kind)
    assert code == 0
    assert any(found.startswith(line) for found in out.splitlines())


def test_help_names_every_flag(bench):
    code, out, _ = bench("run", "-h")
    assert code == 0
    for flag in (
        "study",
        "methods",
        "betas",
        "set",
        "seeds",
        "steps",
        "metrics",
        "eval-repeats",
        "jobs",
        "device",
        "out",
    ):
        assert f"--{flag} " in out


def test_from_a_study_to_a_report_in_processes_of_their_own(bench, tmp_path):
    def python(*arguments):
        command = [sys.executable, "-m", "bench", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    ran = python("run", "--study", "tiny.toml", "--jobs", "1")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "4 runs in results/tiny, 0 already done" in ran.stdout
    reported = python("report", "results")
    assert (reported.returncode, reported.stderr) == (0, "")
    assert "begin with reports/tiny/index.html" in reported.stdout
    page = (tmp_path / "reports" / "tiny" / "report.md").read_text()
    assert "VAE" in page
    rows = (tmp_path / "reports" / "tiny" / "runs.csv").read_text().splitlines()
    assert len(rows) == 5


def test_a_metric_that_fails_leaves_a_new_run_trained(run, store):
    arguments = ("--methods", "vae", "--seeds", 1, "--metrics", "row_mean")
    code, out, _ = run(*arguments, "--set", "row_mean.scale=13")
    assert code == 1
    assert "not done: vae seed=0: trained, not scored: ArithmeticError: scale is 13" in out
    (record,) = store
    assert record.status == "done"
    code, out, _ = run(*arguments)
    assert code == 0
    assert list(store) == [record]
    assert [s.metric for s in store.scores(record.key)] == ["row_mean"]


@pytest.mark.parametrize("command", ["run", "plan", "search"])
def test_options_stand_in_sections_with_an_example(bench, command):
    code, out, _ = bench(command, "--help")
    assert code == 0
    titles = [line[:-1] for line in out.splitlines() if re.fullmatch(r"[A-Z].*:", line)]
    assert titles[0] == "Options"
    assert {"What is trained and scored", "Where"} < set(titles)
    assert out.splitlines()[-1].strip().startswith("For example: bench ") or "For example: bench " in out
    where = out.split("\nWhere:\n")[1]
    assert "--device" in where
    assert "--batch-size" not in where


def test_one_seed(run, store):
    assert run("--methods", "vae", "--seed", 3)[0] == 0
    assert [record.spec.seed for record in store] == [3]
    code, _, err = run("--seed", 0, "--seeds", 2)
    assert (code, err) == (2, "error: seed=0: expected --seed or --seeds, not both\n")
