"""Commands on results that are there: baselines, verify, merge, pictures."""

import json
import shutil
import tomllib

import msgspec
import pytest

from bench.environment import environment
from bench.execution.baselines import plan_baselines
from bench.execution.job import Job
from bench.execution.trial import trial
from bench.quantities import BASELINES
from bench.report.collect.findings import findings
from bench.report.collect.groups import collect, groups
from bench.store.files import Artefacts
from bench.store.store import Store
from bench.study.study import expand, parse, protocols

SET = {"factorvae_score": {"votes": 50, "eval_votes": 20, "n_variance": 24}}
NAMES = ["chance", "untrained", "pca", "ica", "supervised", "ceiling"]
METRICS = ["mig", "row_mean", "factorvae_score"]


def filled(folder, content, **changes):
    """A results folder with the runs of a study."""
    study = parse({**content, **changes}, "tiny")
    store = Store(folder)
    for spec in expand(study):
        result = trial(Job(spec, protocols(study), environment=environment()))
        store.put(result.record, result.artefacts)
    return folder


@pytest.fixture(scope="module")
def trained(installed, tiny, tmp_path_factory):
    """Four runs of two updates, scored by two metrics of rows and one on the table, and their baselines at seed 0."""
    content = tomllib.loads(tiny)
    content |= {"metrics": METRICS, "set": {**content["set"], **SET}}
    folder = tmp_path_factory.mktemp("results")
    filled(folder / "tiny", content)
    shutil.copytree(folder / "tiny", folder / "with baselines")
    store = Store(folder / "with baselines")
    for job in plan_baselines(store, 1).jobs:
        result = trial(job)
        store.put(result.record, result.artefacts)
    return folder, content


@pytest.fixture
def results(trained, tmp_path):
    """A copy of the four runs."""
    shutil.copytree(trained[0] / "tiny", tmp_path / "results" / "tiny")
    return tmp_path / "results" / "tiny"


@pytest.fixture
def beside(trained, tmp_path):
    """A copy of the four runs and six baselines."""
    shutil.copytree(trained[0] / "with baselines", tmp_path / "results" / "tiny")
    return tmp_path / "results" / "tiny"


def of_method(store, method):
    return [r for r in store if r.spec.method == method]


def test_baselines_are_scored_like_the_runs_beside_them(beside):
    store = Store(beside)
    runs = of_method(store, "vae")
    for name in NAMES:
        (record,) = of_method(store, name)
        assert record.spec.seed == 0
        assert record.factors == ["bright", "y", "x"]
        assert [s.protocol for s in store.scores(record.key)] == [s.protocol for s in store.scores(runs[0].key)]
    perfect = {s.metric: s.repeats[0].values for s in store.scores(of_method(store, "ceiling")[0].key)}
    assert perfect["factorvae_score"]["factorvae_score"] == 1.0
    assert perfect["mig"]["mig"] > 0.9
    (pca,), (ica,) = of_method(store, "pca"), of_method(store, "ica")
    assert pca.diagnostics["mse"] == ica.diagnostics["mse"]


def test_the_command_scores_what_is_not_there_yet(run, bench, beside):
    shutil.rmtree(beside / of_method(Store(beside), "chance")[0].key)
    code, out, _ = bench("baselines", beside, "--jobs", 1, "--seeds", 1)
    assert code == 0
    head, line = out.splitlines()
    assert head == f"{beside}: 1 baselines to score"
    assert line.startswith("1/1 (0 failed, 0 s left): chance seed=0: ")
    assert bench("baselines", beside, "--jobs", 1, "--seeds", 1)[1] == f"{beside}: 0 baselines to score\n"


def test_the_untrained_encoder_is_where_every_method_starts(beside):
    store = Store(beside)
    (untrained,), run = of_method(store, "untrained"), of_method(store, "vae")[0]
    assert untrained.diagnostics["kl"] == pytest.approx(run.diagnostics["kl"], rel=0.5)  # two updates away
    assert "collapsed" not in untrained.diagnostics


def test_baselines_stand_in_the_group_of_their_runs_and_are_no_methods_of_it(beside):
    (group,) = groups(collect({"a": Store(beside)}), resamples=10)
    assert list(group.methods) == ["vae", "betavae"]
    assert [s.spec.method for s in group.settings if s.is_baseline] == NAMES
    assert {c.method for c in findings(group, resamples=10).choices} <= {"vae", "betavae"}


def test_every_baseline_of_the_reports_has_a_maker():
    from bench.scoring.baselines import MAKERS

    assert list(MAKERS) == list(BASELINES)


def test_what_was_stored_is_found_again(bench, beside):
    code, out, _ = bench("verify", beside)
    assert code == 0
    assert "10 runs," in out
    assert "compared exactly: 0 runs differ, 0 are damaged" in out
    assert "not compared in 4 runs: 1 protocols need --weights" in out
    assert "not compared in 6 runs: a baseline, which --weights makes again" in out
    code, out, _ = bench("verify", beside, "--weights")
    assert (code, "not compared" in out) == (0, False)
    code, out, _ = bench("verify", beside, "--retrain", 1)
    assert code == 0
    assert "A: 10 runs, B: 1 runs, in both: 1; the same platform" in out
    assert out.endswith(" same, 0 within, 0 differs\n")


def altered(results, method="betavae"):
    """A score of one run raised by 0.25, with manifest and all."""
    store = Store(results)
    record = of_method(store, method)[0]
    scores = store.scores(record.key)
    mig = next(s for s in scores if s.metric == "mig")
    raised = {name: value + 0.25 for name, value in mig.repeats[0].values.items()}
    changed = msgspec.structs.replace(mig, repeats=[msgspec.structs.replace(mig.repeats[0], values=raised)])
    others = [changed if s.metric == "mig" else s for s in scores]
    shutil.copytree(results / record.key, results.parent / "kept")
    kept = Artefacts(store.history(record.key), store.posterior(record.key), store.weights(record.key), scores=others)
    shutil.rmtree(results / record.key)
    store.put(record, kept)
    return record.key


@pytest.mark.parametrize("how", [(), ("--weights",)])
def test_a_number_that_differs_is_named_with_its_run_and_by_how_much(bench, results, how):
    key = altered(results)
    code, out, _ = bench("verify", results, *how)
    assert code == 1
    (line,) = [line for line in out.splitlines() if "stored" in line]
    assert line.startswith(f"{key}: mig:")
    assert line.endswith("apart by 0.25")
    assert "1 runs differ" in out


def test_elsewhere_numbers_may_differ_within_a_tolerance(bench, results, monkeypatch):
    from bench.execution import verify

    here = verify.environment()
    monkeypatch.setattr(verify, "environment", lambda: {**here, "cpu": "another"})
    key = altered(results)
    code, out, _ = bench("verify", results)
    assert code == 1
    assert key in out
    assert "within 0.01 in 4 made elsewhere" in out
    monkeypatch.setitem(verify.TOLERANCES, "posterior", 0.3)
    assert bench("verify", results)[0] == 0


def test_a_damaged_run_is_no_success(bench, results):
    key = Store(results).keys()[0]
    path = next((results / key / "scores").iterdir())
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    code, out, _ = bench("verify", results)
    assert code == 1
    assert f"{key}: damaged: " in out


def test_runs_of_two_folders_are_joined(bench, trained, results, tmp_path):
    filled(tmp_path / "other", trained[1], seeds=[1, 2], methods=["vae"])
    code, out, err = bench("merge", results, "other", "--out", "both")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{results}: 4 runs",
        "other: 1 runs",
        "1 runs are in several folders: the first was taken",
        "both: 5 runs",
    ]
    both = Store(tmp_path / "both")
    assert {r.spec.seed for r in both} == {0, 1, 2}
    assert bench("verify", "both")[0] == 0
    for key in Store(results).keys():  # noqa: SIM118
        for name in both.manifest(key).files:
            assert (tmp_path / "both" / key / name).read_bytes() == (results / key / name).read_bytes()


def test_a_mixture_is_refused_in_one_line_and_nothing_is_written(bench, trained, results, tmp_path):
    bins = {**trained[1], "metrics": ["mig"], "set": {**trained[1]["set"], "mig": {"n_train": 300, "bins": 10}}}
    filled(tmp_path / "bins", bins, methods=["vae"], seeds=1)
    told = f"protocols: mig by mig:bins20-mean-n300 in {results} and by mig:bins10-mean-n300 in bins"
    assert bench("merge", results, "bins", "--out", "both") == (2, "", f"error: merge refused: {told}\n")
    copy = tmp_path / "data"
    shutil.copytree(results, copy)
    store = Store(copy)
    for record in list(store):
        spec = msgspec.structs.replace(
            record.spec, dataset=msgspec.structs.replace(record.spec.dataset, sha256="0" * 64)
        )
        scores = store.scores(record.key)
        shutil.rmtree(copy / record.key)
        store.put(msgspec.structs.replace(record, key=spec.key, spec=spec), Artefacts(scores=scores))
    code, _, err = bench("merge", results, "data", "--out", "both")
    assert code == 2
    assert err.startswith("error: merge refused: data: toy side=8 has sha256 ")
    assert not (tmp_path / "both").exists()


def test_another_schema_is_refused(bench, results, tmp_path):
    copy = tmp_path / "new"
    shutil.copytree(results, copy)
    for path in copy.glob("*/manifest.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 99}))
    code, _, err = bench("merge", results, "new", "--out", "both")
    assert code == 2
    assert "schema 99" in err
    assert len(err.splitlines()) == 1


def test_mistakes_are_one_line(bench, results, tmp_path):
    for command in (["verify"], ["baselines"], ["pictures"], ["merge", "--out", "x"]):
        code, _, err = bench(*command, "nowhere")
        assert (code, err) == (2, "error: results nowhere: no such folder\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    code, _, err = bench("merge", results, "--out", "full")
    assert (code, err) == (2, "error: out=full: exists and is not empty; expected a new folder\n")


def test_pictures_are_decoded_from_weights(bench, results, tmp_path):
    code, out, _ = bench("pictures", results, "--out", "reports")
    assert code == 0
    figures = tmp_path / "reports" / "tiny" / "figures"
    assert {p.name for p in figures.iterdir()} == {
        f"toy-small-2_{name}.{kind}" for name in ("traversals_decoded", "reconstructions") for kind in ("svg", "png")
    }
    assert len(out.splitlines()) == 5
    text = (figures.parent / "pictures.md").read_text(encoding="utf-8")
    assert (
        "![Reconstructions](figures/toy-small-2_reconstructions.png)\n\n*Figure.* Reconstructions, seed 0: VAE (run"
        in text
    )
    before = {p: p.read_bytes() for p in figures.iterdir()}
    bench("pictures", results, "--out", "reports")
    assert {p: p.read_bytes() for p in figures.iterdir()} == before


def test_pictures_want_weights(bench, results):
    for record in list(Store(results)):
        scores = Store(results).scores(record.key)
        shutil.rmtree(results / record.key)
        Store(results).put(record, Artefacts(scores=scores))
    code, _, err = bench("pictures", results)
    assert (code, err) == (2, f"error: pictures: no run of toy has weights in {results}\n")


@pytest.mark.parametrize(
    ("dataset", "backbone"), [("mixed_sources", "mlp"), ("waveforms", "gru"), ("sentences", "gru")]
)
def test_pictures_of_tables_and_sequences(bench, tiny, tmp_path, dataset, backbone):
    content = tomllib.loads(tiny) | {"dataset": dataset, "backbone": backbone, "metrics": ["mig"], "seeds": 1}
    filled(tmp_path / "results" / dataset, content | {"set": {**content["set"], backbone: {"width": 0.1}}})
    code, out, err = bench("pictures", f"results/{dataset}")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 5
    text = (tmp_path / "reports" / dataset / "pictures.md").read_text(encoding="utf-8")
    captions = text.split("*Figure.* ")[1:]
    assert all(("curve" in caption or "Grey" in caption) is (dataset != "sentences") for caption in captions)
    assert len(captions) == 2
