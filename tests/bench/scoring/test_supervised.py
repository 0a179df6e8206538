"""The encoder that is trained on labels, and how it stands beside the methods."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch

from bench.datasets import data_spec, load_dataset
from bench.errors import BenchError
from bench.execution.baselines import plan_baselines
from bench.execution.job import Job
from bench.execution.trial import trial
from bench.report.collect.findings import findings
from bench.report.collect.groups import collect, groups
from bench.report.tables.text import group_markdown
from bench.scoring.baselines import BASELINE_CODES
from bench.scoring.supervised import Supervised, explained, targets, train_supervised
from bench.store.store import Store
from bench.training.batches import Batches
from bench.training.build import build
from bench.training.loop import Watch

CPU = torch.device("cpu")


@pytest.fixture
def spec(spec_of):
    """supervised(steps=..): the spec of the baseline beside a VAE's run."""
    return lambda **changes: msgspec.structs.replace(spec_of("vae", **changes), method="supervised", params={})


def test_factors_are_scaled_as_their_variance_says(toy):
    v = np.array([[0, 7, 0], [1, 7, 0], [2, 7, 4], [3, 7, 4]])
    y = targets(replace(toy, observations=np.zeros((4, 1)), v=v))
    assert y[:, 0] == pytest.approx(np.array([-3, -1, 1, 3]) / np.sqrt(5))
    assert y[:, 1].tolist() == [0, 0, 0, 0], "a factor of one value has no scale"
    assert y[:, 2].tolist() == [-1, -1, 1, 1]


def test_continuous_factors_are_their_values_and_unknown_ones_not_a_number(toy):
    v = np.array([[0, 0, -1], [1, -1, -1], [1, 1, -1]])
    numbers = {"y": np.array([0.0, np.nan, 0.5])}
    y = targets(replace(toy, observations=np.zeros((3, 1)), v=v, numbers=numbers, binned="vwidth2"))
    assert y[:, 0] == pytest.approx(np.array([-2, 1, 1]) / np.sqrt(2))
    assert y[:, 1] == pytest.approx([-1, np.nan, 1], nan_ok=True)
    assert np.isnan(y[:, 2]).all()


def test_what_is_explained_is_one_minus_the_error_over_the_variance():
    y = np.array([[-1, 0, np.nan], [1, 0, np.nan], [-1, 0, np.nan], [1, 0, np.nan]], dtype=np.float32)
    codes = np.array([[-1, 5, 1], [1, 5, 1], [0, 5, 1], [0, 5, 1]], dtype=np.float32)
    assert explained(codes, y) == pytest.approx([0.5, 0, 0])
    y[0, 0] = np.nan  # of the three left, -1 and 1 and 1 are 1, -1 and -1 off
    assert explained(codes, y)[0] == pytest.approx(1 - (2 / 3) / (8 / 9))


def test_a_factor_that_is_not_known_teaches_nothing(spec_of, toy):
    """The loss is of the others alone, and its gradient too."""
    spec = spec_of()
    backbone = build(spec, toy.shape).backbone
    batches, y = Batches(toy, spec, 1, CPU), torch.from_numpy(targets(toy))
    x = torch.from_numpy(toy.x(batches.index(0)))
    lacking = y.clone()
    lacking[batches.index(0)[::2], 1] = torch.nan
    terms = Supervised(backbone, lacking, batches.index).terms(x, 0, torch.Generator())
    error = (backbone.encode(x)[0] - y[batches.index(0)]) ** 2
    error[torch.from_numpy(np.isin(batches.index(0), batches.index(0)[::2])), 1] = 0
    wanted = 0.5 * error.sum(dim=1).mean()
    assert terms["loss"].item() == pytest.approx(wanted.item(), rel=1e-6)
    weights = list(backbone.encoder.parameters())
    for a, b in zip(torch.autograd.grad(terms["loss"], weights), torch.autograd.grad(wanted, weights), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_the_loss_is_half_the_squared_error_of_the_batchs_own_factors(spec_of, toy):
    spec = spec_of(z_dim=5)
    backbone = build(spec, toy.shape).backbone
    batches, y = Batches(toy, spec, 1, CPU), targets(toy)
    method = Supervised(backbone, torch.from_numpy(y), batches.index)
    for step in (0, 3):
        x = torch.from_numpy(toy.x(batches.index(step)))
        mu = backbone.encode(x)[0].detach().numpy()
        wanted = [0.5 * sum((mu[b, k] - y[row, k]) ** 2 for k in range(3)) for b, row in enumerate(batches.index(step))]
        assert method.terms(x, step, torch.Generator())["loss"].item() == pytest.approx(np.mean(wanted), rel=1e-5)


def test_it_starts_and_draws_as_the_runs_beside_it_and_leaves_the_decoder_alone(spec_of, spec, toy):
    """One update by plain autograd from the weights of a VAE of the same seed, on the rows of its first batch."""
    one = spec_of(steps=1)
    backbone = build(one, toy.shape).backbone
    rows = Batches(toy, one, 1, CPU).index(0)
    loss = 0.5 * (backbone.encoder(torch.from_numpy(toy.x(rows)))[:, :3] - torch.from_numpy(targets(toy)[rows])) ** 2
    adam = torch.optim.Adam(backbone.parameters(), lr=one.lr)
    loss.sum(dim=1).mean().backward()
    adam.step()
    with torch.no_grad():
        wanted = backbone.encoder(torch.from_numpy(toy.x(np.arange(len(toy)))))[:, :3]
    found = train_supervised(spec(steps=1), toy, "cpu", Watch())
    assert found.codes == pytest.approx(wanted.numpy(), abs=1e-4)
    assert found.history[0]["loss"] == pytest.approx(loss.sum(dim=1).mean().item(), rel=1e-5)


def test_warmup_means_nothing_to_it(spec, toy):
    assert np.array_equal(
        train_supervised(spec(), toy, "cpu", Watch()).codes, train_supervised(spec(warmup=3), toy, "cpu", Watch()).codes
    )


def test_dimension_k_learns_factor_k_and_the_others_are_silent(spec, toy):
    code = BASELINE_CODES["supervised"](spec(steps=300, z_dim=5, lr=3e-3), toy, "cpu", Watch())
    mu, v = code.everything.mu, targets(toy)
    found = np.corrcoef(mu[:, :3].T, v.T)[:3, 3:]
    assert np.all(np.diag(found) > 0.95)
    assert np.all(np.abs(found - np.diag(np.diag(found))) < 0.15)
    assert not mu[:, 3:].any()
    assert code.diagnostics["r2_per_factor"] == pytest.approx(np.diag(found) ** 2, abs=0.05)
    assert code.history[-1]["loss"] < code.history[0]["loss"] / 4


def test_one_seed_gives_one_code(spec, toy):
    a, b, other = (train_supervised(spec(seed=seed), toy, "cpu", Watch()) for seed in (0, 0, 1))
    assert np.array_equal(a.codes, b.codes)
    assert not np.array_equal(a.codes, other.codes)
    state = torch.get_rng_state()
    train_supervised(spec(), toy, "cpu", Watch())
    assert torch.equal(state, torch.get_rng_state())


def test_a_sample_with_continuous_and_unknown_values_is_learnt(spec):
    sample = data_spec("snapshots", {})
    one = spec(dataset=sample, steps=200, lr=3e-3)
    code = BASELINE_CODES["supervised"](one, load_dataset(sample), "cpu", Watch())
    assert np.isfinite(code.everything.mu).all()
    assert min(code.diagnostics["r2_per_factor"]) > 0.2


def test_its_record_says_what_it_took(spec, toy, protocol_of):
    result = trial(Job(spec(), (protocol_of("mig", n_train=300),)))
    record, artefacts = result.record, result.artefacts
    assert record.status == "done"
    assert record.cost["updates"] == 4
    assert record.cost["images_seen"] == 4 * 8
    assert record.cost["seconds_training"] > 0
    assert record.cost["seconds_scoring"] > 0
    encoder = build(msgspec.structs.replace(spec(), method="vae"), toy.shape).backbone.encoder
    assert record.cost["parameters"] == sum(w.numel() for w in encoder.parameters())
    assert record.environment["threads"] == 1
    assert record.definitions == {"labels": "the factors of every observation seen"}
    assert [file.metric for file in artefacts.scores] == ["mig"]
    assert set(artefacts.history[-1]) == {"step", "loss"}


def test_fewer_dimensions_than_factors_are_refused_in_one_line(spec, toy):
    with pytest.raises(BenchError) as error:
        train_supervised(spec(z_dim=2), toy, "cpu", Watch())
    assert str(error.value) == "z_dim=2: supervised wants a dimension for each of the 3 factors of toy"


@pytest.fixture
def results(spec_of, protocol_of, tmp_path):
    """results(z_dim): the folder of a VAE's and a beta-VAE's run with two seeds each."""

    def make(z_dim=3, **changes):
        store = Store(tmp_path / "results" / "tiny")
        for method, params in (("vae", {}), ("betavae", {"beta": 4})):
            for seed in (0, 1):
                job = Job(
                    spec_of(method, params, z_dim=z_dim, seed=seed, **changes), (protocol_of("mig", n_train=300),)
                )
                result = trial(job)
                store.put(result.record, result.artefacts)
        return store

    return make


def test_the_command_says_what_it_leaves_out_and_makes_the_others(run, bench, results):
    store = results(z_dim=2)
    code, out, err = bench("baselines", store.root, "--jobs", 1, "--seeds", 1)
    assert (code, out.splitlines()[0]) == (0, f"{store.root}: 5 baselines to score")
    assert err == "left out: z_dim=2: supervised wants a dimension for each of the 3 factors of toy\n"
    assert "supervised" not in {record.spec.method for record in store}


def test_one_baseline_can_be_asked_for(run, bench, results):
    store = results()
    code, out, _ = bench("baselines", store.root, "--jobs", 1, "--seeds", 2, "--only", "supervised")
    assert (code, out.splitlines()[0]) == (0, f"{store.root}: 2 baselines to score")
    code, _, err = bench("baselines", store.root, "--only", "supervized")
    assert code == 2
    assert err.endswith("(did you mean supervised?)\n")
    assert len(err.splitlines()) == 1


def test_a_training_that_diverges_is_said_so_and_not_tried_again(bench, results):
    store = results(lr=1e-3)
    todo = plan_baselines(store, 1, ["supervised"]).jobs
    assert len(todo) == 1
    wild = msgspec.structs.replace(todo[0].spec, lr=1e30)
    result = trial(replace(todo[0], spec=wild))
    record, artefacts = result.record, result.artefacts
    assert (record.status, record.error) == ("diverged", "a loss that is not finite")
    assert 1 < record.step <= 4
    assert (artefacts.scores, record.diagnostics, record.terms) == ([], {}, {})
    assert artefacts.history
    # As if it had been the group's: it is settled, and the command does not begin it again.
    record = msgspec.structs.replace(record, spec=todo[0].spec, key=todo[0].spec.key)
    store.put(record, artefacts)
    assert plan_baselines(store, 1, ["supervised"]).jobs == []


def test_a_report_shows_its_row_and_ranks_it_nowhere(results):
    store = results()
    for job in plan_baselines(store, 2, ["pca", "supervised"]).jobs:
        result = trial(job)
        store.put(result.record, result.artefacts)
    (group,) = groups(collect({"a": store}), resamples=10)
    assert list(group.methods) == ["vae", "betavae"]
    (setting,) = [s for s in group.settings if s.spec.method == "supervised"]
    assert setting.is_baseline
    assert {q.name for q in setting.estimates} == {"mig"}
    found = findings(group, resamples=10)
    assert {c.method for c in found.choices} <= {"vae", "betavae"}
    methods = {s.id: s.spec.method for s in group.settings}
    compared = {methods[s] for f in found.families for pair in f.pairs for s in (pair.a, pair.b)}
    assert compared == {"vae", "betavae"}
    assert {front.method for front in found.fronts} == {"vae", "betavae"}
    assert {spread.runs for spread in found.spreads} == {4}
    text = group_markdown(found, width=6)
    assert "supervised encoder (uses labels) | – | 2 |" in text
    assert "labels = the factors of every observation seen" in text
