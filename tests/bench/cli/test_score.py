"""`bench score`: arrays in a file, and stored runs."""

import csv
import re

import numpy as np
import pytest
from click.testing import CliRunner

from bench.cli.main import bench
from bench.execution.baselines import plan_baselines
from bench.execution.job import Job
from bench.execution.trial import trial
from bench.store.store import Store
from metrics import score

RNG = np.random.default_rng(0)
V = np.stack([RNG.integers(n, size=90) for n in (3, 4, 5)], axis=1)
Z = V + 0.3 * RNG.standard_normal((90, 3))


def run(*arguments):
    """What the command printed. Raises what it raised."""
    return CliRunner().invoke(bench, ["score", *map(str, arguments)], catch_exceptions=False).output


def mistake(*arguments):
    """The one line for a mistake of the user's."""
    error = CliRunner().invoke(bench, ["score", *map(str, arguments)]).exception
    assert type(error).__name__ == "BenchError"
    assert "\n" not in str(error)
    return str(error)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "codes.npz"
    np.savez(path, z=Z, v=V, names=["shape", "[bold]", "x"])
    return path


def test_a_file_is_scored_as_by_the_function(file, tmp_path):
    out = tmp_path / "new" / "scores.csv"
    printed = run(file, "--metrics", "mig,sap", "--n-train", 60, "--n-test", 30, "--seed", 2, "--out", out)
    expected = score(Z, V, ["mig", "sap"], 2, n_train=60, n_test=30)
    assert f"{expected['mig'].values['mig']:.4f}" in printed
    assert "[bold]" in printed
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [float(r["value"]) for r in rows if r["factor"] == ""] == [s.values[n] for n, s in expected.items()]
    assert [float(r["value"]) for r in rows if r["factor"] == "x"] == [s.per_factor[n][2] for n, s in expected.items()]
    assert rows[0]["protocol"] == "mig:bins20-given-n60"


def test_settings_multiply_out(file):
    printed = run(file, "--metrics", "mig", "--set", "mig.bins=5,10", "--set", "mig.n_train=90")
    assert "mig:bins5-given-n90" in printed
    assert "mig:bins10-given-n90" in printed


def test_continuous_factors(tmp_path):
    path = tmp_path / "codes.npz"
    np.savez(path, z=Z, v=Z)
    printed = run(path, "--metrics", "mig", "--n-train", 90, "--continuous-bins", 6, "--binning", "quantile")
    assert "mig:bins20-given-n90-vquantile6" in printed


def save(path, **arrays):
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.write_bytes(b""), "cannot be read as an npz file"),
        (lambda path: path.write_text("z,v"), "is no such file, or holds Python objects"),
        (
            lambda path: np.save(path.with_suffix(".npy"), Z) or path.with_suffix(".npy").rename(path),
            "holds one array; expected an npz file with arrays z and v",
        ),
        (lambda path: save(path, z=Z), "has no array v, only z"),
        (lambda path: save(path, z=Z.astype(object), v=V), "array z cannot be read: .* Python objects"),
        (lambda path: save(path, z=Z[:3], v=V), "z has 3 rows and v has 90"),
        (lambda path: save(path, z=np.where(Z > 3, np.nan, Z), v=V), "z column . holds nan in row"),
        (lambda path: save(path, z=Z, v=0 * V), "mig: v is constant in all 3 columns"),
        (lambda path: save(path, z=Z, v=V, names=["a"]), "names has 1 entries"),
    ],
)
def test_files_that_cannot_be_scored(tmp_path, make, message):
    make(tmp_path / "codes.npz")
    assert re.search(message, mistake(tmp_path / "codes.npz", "--metrics", "mig"))


def test_a_damaged_file_is_told(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 4] ^= 255
    file.write_bytes(content)
    assert "array z cannot be read" in mistake(file)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected either a file CODES.npz or --runs"),
        (["FILE", "--runs", "x"], "expected either a file"),
        (["FILE", "--codes", "mean"], "codes=mean: only for --runs"),
        (["FILE", "--udr"], "udr=True: only for --runs"),
        (["--runs", "x", "--n-train", "5"], "n-train=5: only for a file"),
        (["--runs", "nowhere"], "results nowhere: no such folder"),
        (["FILE", "--metrics", "mig,mig"], "metrics=mig,mig: expected at least one, each once"),
        (["FILE", "--metrics", "mgi"], "unknown metric 'mgi'"),
        (["FILE", "--metrics", "mig", "--set", "sap.C=1"], r"set=sap.C=1: sap is not among the metrics (mig)"),
        (["FILE", "--metrics", "mig", "--set", "mig.bins=many"], "mig.bins=many: expected an int"),
        (["FILE", "--metrics", "mig", "--set", "mig.bin=4"], "unknown argument of mig 'bin'"),
        (["FILE", "--metrics", "mig", "--set", "mig.bins=1", "--n-train", "90"], "mig: bins is 1"),
        (
            ["FILE", "--metrics", "mig,sap", "--n-train", "91"],
            "z has 90 rows, mig needs --n-train 91: pass --n-train=90",
        ),
        (["FILE", "--metrics", "sap", "--n-test", "99"], "sap needs --n-train 10000 + --n-test 99 = 10099: pass --n"),
        (["FILE", "--metrics", "mig", "--set", "mig.n_train=91"], "mig needs n_train 91: pass n_train=90 or fewer"),
        (["FILE", "--metrics", "mig", "--n-train", "0"], "--n-train is 0, expected at least 1"),
        (["FILE", "--metrics", "mig", "--n-train", "90", "--out", "FILE/x.csv"], "cannot be written"),
    ],
)
def test_mistakes_are_one_line(file, arguments, message):
    assert message in mistake(*[a.replace("FILE", str(file)) for a in arguments])


def test_what_can_be_scored_is_scored_and_the_rest_skipped_with_its_reason(tmp_path):
    """One factor: InfoMEC and modularity compare several. Rows fit what there is, without being asked to."""
    path, out = tmp_path / "one.npz", tmp_path / "scores.csv"
    np.savez(path, z=Z, v=V[:, :1])
    asked = ["score", str(path), "--metrics", "mig,infomec,modularity,explicitness", "--out", str(out)]
    done = CliRunner().invoke(bench, asked)
    assert done.exit_code == 0
    assert "mig:bins20-given-n90 " in done.output
    assert "explicitness:given-n60-n_test30-penalty1.0 " in done.output
    told = [line for line in done.output.splitlines() if line.startswith("not scored: ")]
    why = "v has 1 column(s), expected at least 2"
    assert told == [f"not scored: {m}: {why}: {m} compares factors that vary" for m in ("infomec", "modularity")]
    assert {row["metric"] for row in csv.DictReader(out.read_text().splitlines())} == {"mig", "explicitness"}


def test_where_nothing_can_be_scored_all_reasons_are_told(tmp_path):
    path = tmp_path / "one.npz"
    np.savez(path, z=Z, v=V[:, :1])
    told = mistake(path, "--metrics", "infomec,modularity")
    assert re.fullmatch(r"infomec: v has 1 column.* vary; modularity: v has 1 column.* vary", told)


def test_what_decides_a_score_beside_the_codes_is_noted(tmp_path):
    path = tmp_path / "small.npz"
    np.savez(path, z=Z / 100, v=V)
    few = ["--set", "factorvae_score.votes=50", "--set", "factorvae_score.eval_votes=50"]
    (note,) = [line for line in run(path, "--metrics", "mig,factorvae_score", *few).splitlines() if "note" in line]
    assert re.match(r"note: factorvae_score:batch64\S+: 3 of 3 dimensions are left out, as", note)
    assert "note" not in run(path, "--metrics", "mig")


FEW = ["--set", "mig.n_train=2000", "--set", "irs.n_train=2000"]


@pytest.fixture
def results(tmp_path, spec_of):
    """Five seeds of one setting and one of another, without scores."""
    store = Store(tmp_path / "results" / "study")
    for spec in [*(spec_of(seed=seed) for seed in range(5)), spec_of("betavae", {"beta": 2.0})]:
        done = trial(Job(spec))
        store.put(done.record, done.artefacts)
    return store


def test_runs_are_scored_once(results, tmp_path):
    out = tmp_path / "scores.csv"
    arguments = ("--runs", results.root.parent, "--metrics", "mig,irs", *FEW, "--codes", "mean,sample")
    assert "6 of 6 done runs to score" in run(*arguments)
    assert "0 of 6 done runs to score" in run(*arguments, "--out", out)
    stored = [s for record in results for s in results.scores(record.key)]
    assert len(stored) == 24
    rows = [row for row in csv.DictReader(out.read_text().splitlines()) if not row["factor"]]
    assert sorted(float(r["value"]) for r in rows) == sorted(v for s in stored for v in s.repeats[0].values.values())


def test_a_damaged_run_is_passed_over(results):
    key = results.keys()[0]
    (results.root / key / "posterior.npz").write_bytes(b"")
    printed = run("--runs", results.root, "--metrics", "mig,irs", *FEW)
    assert "5 of 6 done runs to score" in printed
    assert f"{key}: damaged" in printed


def test_baselines_get_the_further_scores_of_their_runs_by_their_own_command(results):
    def baselines():
        return CliRunner().invoke(bench, ["baselines", str(results.root), "--seeds", "1", "--only", "chance"]).output

    run("--runs", results.root, "--metrics", "mig", "--set", "mig.n_train=2000")
    assert "1 baselines to score" in baselines()
    assert "6 of 6 done runs to score" in run("--runs", results.root, "--metrics", "mig,irs", *FEW)
    assert "1 baselines to score" in baselines()
    assert [len(results.scores(record.key)) for record in results] == [2] * 7
    assert "0 baselines to score" in baselines()
    run("--runs", results.root, "--metrics", "mig", "--set", "mig.n_train=2000", "--eval-repeats", "2")
    assert "1 baselines to score" in baselines()
    (chance,) = (record for record in results if record.spec.method == "chance")
    assert [len(file.repeats) for file in results.scores(chance.key)] == [2, 2]
    assert "0 baselines to score" in baselines()


def test_udr_of_the_settings_with_five_runs(results):
    printed = run("--runs", results.root, "--udr")
    assert "5 runs; 1 settings have fewer than 5 runs" in printed
    rows = list(csv.DictReader((results.root / "udr.csv").read_text().splitlines()))
    assert [r["name"] for r in rows] == ["udr_lasso", "udr_spearman"] * 5
    assert {r["protocol"] for r in rows} == {"udr:alpha0.1-mean-min_kl0.01-models5-n_rows24"}
    assert all(0 <= float(r["value"]) <= 1 for r in rows)
    assert sorted({int(r["seed"]) for r in rows}) == [0, 1, 2, 3, 4]
    assert not [s for record in results for s in results.scores(record.key)]


def test_baselines_are_no_damaged_runs(results):
    """They have neither posterior nor weights: their own command scores them by further protocols."""
    run("--runs", results.root, "--metrics", "mig", *FEW[:2])
    for job in plan_baselines(results, 5, ["chance"]).jobs:
        done = trial(job)
        results.put(done.record, done.artefacts)
    printed = run("--runs", results.root, "--metrics", "irs", *FEW[2:], "--udr")
    assert "6 of 6 done runs to score" in printed
    assert f"5 baselines are scored as the runs are by: python -m bench baselines {results.root}" in printed
    assert ": damaged:" not in printed
    assert "5 runs; 1 settings have fewer than 5 runs" in printed
    assert [job.spec.method for job in plan_baselines(results, 5, ["chance"]).jobs] == ["chance"] * 5
