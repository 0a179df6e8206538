"""What a run is: a function of its spec, whatever is scored and whatever goes wrong."""

import pickle
import subprocess
import sys

import msgspec
import numpy as np
import pytest
import torch

from bench.execution.job import Job
from bench.execution.trial import trial
from bench.scoring.evaluate import evaluation_rows
from bench.spec import Record
from bench.training.build import build
from bench.training.probes import log_every, traversal_rows, undisturbed

METHODS = ("vae", "betavae", "factorvae", "infovae")
FEW = {"n_train": 300}


def timeless(scores):
    return {s.protocol: [msgspec.structs.replace(r, seconds=0.0) for r in s.repeats] for s in scores}


def same(a, b):
    """Asserts that two results are alike bit for bit, but for what they cost and where they were made."""
    blank = [msgspec.structs.replace(r.record, cost={}, environment={}) for r in (a, b)]
    assert blank[0] == blank[1]
    assert a.artefacts.history == b.artefacts.history
    assert a.artefacts.images == b.artefacts.images
    assert timeless(a.artefacts.scores) == timeless(b.artefacts.scores)
    for mine, other in ((a.artefacts.weights, b.artefacts.weights), (a.artefacts.posterior, b.artefacts.posterior)):
        assert mine.keys() == other.keys()
        for name in mine:
            np.testing.assert_array_equal(mine[name], other[name])


@pytest.fixture
def protocols(protocol_of):
    return (protocol_of("mig", **FEW), protocol_of("row_mean"), protocol_of("factorvae_score", votes=50, eval_votes=50))


@pytest.mark.parametrize("method", METHODS)
def test_one_spec_gives_one_record_bit_for_bit(spec_of, protocols, method):
    a, b = (trial(Job(spec_of(method), protocols)) for _ in range(2))
    assert a.record.status == "done"
    same(a, b)


def test_another_seed_gives_another_run(spec_of, protocols):
    a, b = (trial(Job(spec_of(seed=seed), protocols)) for seed in (0, 1))
    assert a.record.terms != b.record.terms
    assert timeless(a.artefacts.scores) != timeless(b.artefacts.scores)
    assert not np.array_equal(a.artefacts.posterior["index"], b.artefacts.posterior["index"])


def test_a_metric_more_changes_nothing_else(spec_of, protocols):
    few, many = (trial(Job(spec_of(), chosen)) for chosen in (protocols[1:2], protocols[::-1]))
    assert few.record.diagnostics == many.record.diagnostics
    assert few.artefacts.history == many.artefacts.history
    kept = {name: s for name, s in timeless(many.artefacts.scores).items() if name == protocols[1].id}
    assert kept == timeless(few.artefacts.scores)


def test_repeats_are_further_evaluations(spec_of, protocol_of):
    protocols = (protocol_of("row_mean"),)
    once, thrice = (trial(Job(spec_of(), protocols, repeats)).artefacts.scores[0] for repeats in (1, 3))
    assert timeless([once])[once.protocol] == timeless([thrice])[once.protocol][:1]
    assert [r.repeat for r in thrice.repeats] == [0, 1, 2]
    for name in ("row_mean", "draw"):  # other rows, and other random numbers
        assert len({r.values[name] for r in thrice.repeats}) == 3


def test_protocols_share_no_random_numbers(spec_of, protocol_of):
    scores = trial(Job(spec_of(), tuple(protocol_of("row_mean", scale=scale) for scale in (1, 2)))).artefacts.scores
    assert len({s.repeats[0].values["draw"] for s in scores}) == 2


def test_undefined_values_are_null(spec_of, protocol_of):
    (scores,) = trial(Job(spec_of(), (protocol_of("row_mean"),))).artefacts.scores
    assert scores.repeats[0].per_factor == {"nothing": [None]}
    assert msgspec.json.decode(msgspec.json.encode(scores), type=type(scores)) == scores


def test_what_a_record_holds(spec_of, toy):
    spec = spec_of("infovae")
    result = trial(Job(spec, threads=1, environment={"cpu": "made up"}))
    record = result.record
    assert (record.key, record.spec, record.status, record.strength) == (spec.key, spec, "done", "lambda_")
    assert record.definitions["mmd_c"] == 6.0
    assert record.environment.keys() == {"cpu", "device", "threads", "kernels"}
    assert record.environment.items() >= {"cpu": "made up", "device": "cpu", "threads": 1}.items()
    assert set(record.terms) == {"loss", "recon", "kl", "mmd", "grad_loss"}
    assert record.diagnostics.keys() >= {"recon", "mse", "elbo", "kl", "active_units", "collapsed", "clamp_hits"}
    assert len(record.diagnostics["kl_per_dimension"]) == 3
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
    posterior = result.artefacts.posterior
    assert {name: array.shape for name, array in posterior.items()} == {
        "mu": (15_000, 3),
        "logvar": (15_000, 3),
        "v": (15_000, 3),
        "index": (15_000,),
    }
    np.testing.assert_array_equal(posterior["index"], evaluation_rows(spec, toy, 0))
    np.testing.assert_array_equal(posterior["v"], toy.v[posterior["index"]])


def test_what_a_run_takes_is_counted(spec_of):
    vae, factorvae = (trial(Job(spec_of(method))) for method in ("vae", "factorvae"))
    assert vae.record.cost["updates"] == factorvae.record.cost["updates"] == 4
    assert (vae.record.cost["images_seen"], factorvae.record.cost["images_seen"]) == (32, 64)
    for result in (vae, factorvae):
        assert result.record.cost["parameters"] == sum(w.size for w in result.artefacts.weights.values())


def test_evaluation_rows_are_uniform_and_apart_from_batches(spec_of, toy):
    rows = evaluation_rows(spec_of(), toy, 0)
    counts = np.bincount(rows, minlength=24)
    assert ((counts - 625) ** 2 / 625).sum() < 49.7  # chi squared, 23 degrees of freedom: p = .001
    assert not np.array_equal(rows, evaluation_rows(spec_of(), toy, 1))
    np.testing.assert_array_equal(rows, evaluation_rows(spec_of("factorvae", steps=9), toy, 0))


def test_an_exception_becomes_a_failed_record_with_its_traceback(spec_of, protocols):
    spec = spec_of("unruly", {"raise_at": 2})
    result = trial(Job(spec, protocols, environment={"cpu": "x"}))
    assert (result.record.key, result.record.status) == (spec.key, "failed")
    assert result.record.error.startswith("Traceback")
    assert result.record.error.strip().endswith("RuntimeError: as told to")
    assert result.record.environment["cpu"] == "x"
    assert result.artefacts.weights == {}


def test_divergence_is_a_record_of_its_own_and_is_not_scored(spec_of, protocols):
    result = trial(Job(spec_of("unruly", {"nan_at": 1}), protocols))
    record = result.record
    assert (record.status, record.step, record.terms) == ("diverged", 2, {})
    assert record.error == "a loss that is not finite"
    assert record.cost["updates"] == 2
    assert (result.artefacts.scores, result.artefacts.posterior) == ([], {})
    assert np.isnan(result.artefacts.history[-1]["loss"])
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record


def test_traversals_are_drawn_a_few_times(spec_of):
    images = trial(Job(spec_of(steps=8))).artefacts.images
    assert sorted(images) == [f"traversals/step{step:07d}.png" for step in (2, 4, 6, 8)]
    assert len(set(images.values())) == 4


def test_drawing_does_not_disturb_the_training(spec_of, monkeypatch):
    drawn = trial(Job(spec_of("factorvae")))
    monkeypatch.setattr("bench.training.probes.TRAVERSALS", 0)
    assert trial(Job(spec_of("factorvae"))).artefacts.images == {}
    plain = trial(Job(spec_of("factorvae")))
    assert plain.record.diagnostics == drawn.record.diagnostics


@pytest.mark.parametrize(
    ("target", "name"),
    [("bench.training.probes.traversal", "traversals_error"), ("bench.execution.trial.probe", "history_error")],
)
def test_an_extra_that_fails_during_training_is_told_and_costs_nothing_else(
    spec_of, protocols, monkeypatch, target, name
):
    def broken(*_, **__):
        raise OSError("no room\nleft")

    monkeypatch.setattr(target, broken)
    record = trial(Job(spec_of(), protocols)).record
    assert (record.status, record.error) == ("done", None)
    assert record.cost[name] == "OSError: no room left"


def test_a_metric_that_raises_costs_no_training(spec_of, protocol_of):
    result = trial(Job(spec_of(), (protocol_of("row_mean", scale=13),)))
    assert result.record.status == "done"
    assert result.record.error is None
    assert result.artefacts.weights
    assert result.artefacts.scores == []
    assert result.trouble.strip().endswith("scale is 13")


def test_scoring_during_training_changes_nothing_else(spec_of, protocol_of):
    """At each so many updates, by the rows and streams of the end: the last row says what the record says."""
    protocols = (protocol_of("mig", n_train=300), protocol_of("row_mean"))
    spec = spec_of("factorvae", steps=80)
    plain, during_training = trial(Job(spec, protocols)), trial(Job(spec, protocols, score_every=20))
    history = during_training.artefacts.history
    assert [row["step"] for row in history if "mig" in row] == [20, 40, 60, 80]
    for row, other in zip(history, plain.artefacts.history, strict=True):
        assert {name: row[name] for name in other} == other
    assert during_training.record.diagnostics == plain.record.diagnostics
    for name, array in plain.artefacts.weights.items():
        np.testing.assert_array_equal(during_training.artefacts.weights[name], array)
    last = history[-1]
    assert last["mig"] == plain.artefacts.scores[0].repeats[0].values["mig"]
    assert last["active_units"] == plain.record.diagnostics["active_units"]
    assert [last[f"kl_{j}"] for j in range(3)] == plain.record.diagnostics["kl_per_dimension"]


@pytest.mark.parametrize("method", METHODS)
def test_every_row_tells_how_far_the_training_is_and_disturbs_nothing(spec_of, monkeypatch, method):
    spec = spec_of(method, steps=85)  # a row each second update, and one after the last
    told = trial(Job(spec))
    monkeypatch.setattr("bench.execution.trial.probe", lambda *_: {})
    plain = trial(Job(spec))
    names = {"probe_recon", "probe_active_units", "probe_kl_0", "probe_kl_1", "probe_kl_2"}
    assert len(told.artefacts.history) == 43
    for row, other in zip(told.artefacts.history, plain.artefacts.history, strict=True):
        assert row.keys() - other.keys() == names
        assert {name: row[name] for name in other} == other
    blank = [msgspec.structs.replace(r.record, cost={}) for r in (told, plain)]
    assert blank[0] == blank[1]  # terms and clamp hits too
    assert not names & told.record.terms.keys()
    for name, array in plain.artefacts.weights.items():
        np.testing.assert_array_equal(told.artefacts.weights[name], array)


def test_the_last_probe_is_of_the_first_evaluation_rows(spec_of):
    """What the posterior that is kept says of them; the reconstruction is one of few rows."""
    result = trial(Job(spec_of("betavae", steps=40)))
    last, posterior = result.artefacts.history[-1], result.artefacts.posterior
    mu, logvar = (posterior[name][:1000].astype(float) for name in ("mu", "logvar"))
    kl_j = 0.5 * (mu**2 + np.exp(logvar) - 1 - logvar).mean(axis=0)
    assert [last[f"probe_kl_{j}"] for j in range(3)] == pytest.approx(kl_j, abs=1e-5)
    assert last["probe_active_units"] == (mu.var(axis=0) > 0.01).sum()
    assert last["probe_recon"] == pytest.approx(result.record.diagnostics["recon"], rel=0.05)


def test_a_terms_row_holds_no_scores_during_training(spec_of, protocol_of):
    protocols = (protocol_of("row_mean"),)
    plain, during_training = (trial(Job(spec_of(), protocols, score_every=n)).record for n in (0, 1))
    assert plain.terms == during_training.terms


def test_a_gradient_that_is_not_finite_is_divergence_with_its_update(spec_of, monkeypatch):
    def norms(players, clip):
        return {f"grad_{p.term}": torch.tensor(torch.inf) for p in players}

    monkeypatch.setattr("bench.training.update._norms", norms)
    record = trial(Job(spec_of())).record
    assert (record.status, record.step, record.error) == ("diverged", 4, "not finite: grad_loss")


def test_modes_and_clamp_hits_are_put_back(spec_of, toy):
    method = build(spec_of(), toy.shape).train()
    method.backbone.decoder.eval()  # a part of its own mode
    modes = [module.training for module in method.modules()]
    with undisturbed(method):
        assert not any(module.training for module in method.modules())
        method.backbone.clamp_hits += 3
    assert [module.training for module in method.modules()] == modes
    assert method.backbone.clamp_hits == 0


@pytest.mark.parametrize("steps", [81, 90, 163, 1000])
def test_traversals_are_drawn_wherever_rows_fall(spec_of, toy, monkeypatch, steps):
    """At the first row from each quarter of the training on; rows need not fall on quarters."""
    monkeypatch.setattr("bench.training.probes.traversal", lambda *_: b"")
    spec, images = spec_of(steps=steps), {}
    draw = traversal_rows(build(spec, toy.shape), toy, spec, np.arange(2), torch.device("cpu"), images)
    every = log_every(spec)
    rows = [step for step in range(1, steps + 1) if step % every == 0 or step == steps]
    for step in rows:
        draw(step)
    quarters = [next(step for step in rows if step >= steps * i // 4) for i in (1, 2, 3, 4)]
    assert sorted(images) == [f"traversals/step{step:07d}.png" for step in quarters]


def test_event_files_hold_the_history(spec_of, tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed (extra: tensorboard)")
    code = (
        "import pickle, sys; from bench.execution.job import ExecutionConfig, Job;"
        "from bench.execution.trial import trial;"
        "from bench.execution.checkpointer import Checkpointer; job = Job(pickle.loads(bytes.fromhex(sys.argv[1])));"
        "trial(job, Checkpointer(job, ExecutionConfig(tensorboard=sys.argv[2])))"
    )
    spec = spec_of(steps=3)
    subprocess.run([sys.executable, "-c", code, pickle.dumps(spec).hex(), str(tmp_path)], check=True)
    files = list((tmp_path / spec.key).iterdir())
    assert files
    assert b"".join(path.read_bytes() for path in files).count(b"\x05recon") == 3


def test_a_traversal_leaves_statistics_of_batches_as_they_were(spec_of, toy):
    """Of one image there are none: a layer that wants them would raise, or learn from it, were it training."""
    spec, images = spec_of(), {}
    method = build(spec, toy.shape)
    norm = torch.nn.BatchNorm1d(2 * spec.z_dim)
    method.backbone.encoder.append(norm)
    method.train()
    before = {name: w.clone() for name, w in method.state_dict().items()}
    traversal_rows(method, toy, spec, np.arange(2), torch.device("cpu"), images)(spec.steps)
    assert list(images) == ["traversals/step0000004.png"]
    assert norm.training
    assert all(torch.equal(w, method.state_dict()[name]) for name, w in before.items())
