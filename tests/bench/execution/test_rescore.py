"""Scores of a run at training time and afterwards, on means and on samples."""

import dataclasses

import msgspec
import numpy as np
import pytest

import bench.execution.trial
from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.execution.job import Job
from bench.execution.plan import plan, scoring
from bench.execution.trial import trial
from bench.scoring.protocol import Protocol, protocols_of
from bench.seeds import stream
from bench.spec import DataSpec, RunSpec
from bench.store.files import Damaged
from bench.store.store import Store
from metrics._codes import Posterior

SETTINGS = {
    "mig": {"n_train": 2000},
    "factorvae_score": {"votes": 200, "eval_votes": 100},
    "irs": {"n_train": 2000},
}


def protocols(*metrics, codes=("mean", "sample")):
    return protocols_of(metrics or SETTINGS, SETTINGS, codes)


def tiny() -> FactorDataset:
    """256 images of 32 x 32, a bright square at 4 x 8 places in 8 shades."""
    sizes = (4, 8, 8)
    v = np.stack(np.unravel_index(np.arange(256), sizes), axis=1)
    x = np.zeros((256, 1, 32, 32), np.uint8)
    for i, (row, column, shade) in enumerate(v):
        x[i, 0, 8 * row : 8 * row + 8, 3 * column : 3 * column + 8] = 30 * (shade + 1)
    return FactorDataset(x, v, ("row", "column", "shade"), sizes, (1, 32, 32), sha256="00" * 32)


SPEC = RunSpec(
    dataset=DataSpec(name="tiny", sha256="00" * 32),
    method="vae",
    params={},
    backbone="small",
    backbone_params={},
    likelihood="bernoulli",
    z_dim=4,
    batch_size=16,
    steps=5,
    lr=1e-3,
    seed=3,
)


@pytest.fixture(autouse=True, scope="module")
def data():
    with pytest.MonkeyPatch.context() as patch:
        dataset = tiny()
        patch.setattr(bench.execution.trial, "load_dataset", lambda spec, **_: dataset)
        yield dataset


@pytest.fixture(scope="module")
def at_training(data):
    """The run as it is scored at training time, by all protocols on two repeats."""
    return trial(Job(SPEC, protocols(), repeats=2))


@pytest.fixture
def store(tmp_path, at_training):
    """The run in a store, by a training that scored MIG alone."""
    store = Store(tmp_path)
    few = [s for s in at_training.artefacts.scores if s.protocol == protocols("mig")[0].id]
    first = [msgspec.structs.replace(s, repeats=s.repeats[:1]) for s in few]
    store.put(at_training.record, dataclasses.replace(at_training.artefacts, scores=first))
    return store


def same(a, b):
    """The same scores in everything but the seconds that they took."""
    timeless = [
        {s.protocol: [msgspec.structs.replace(r, seconds=0.0) for r in s.repeats] for s in scores} for scores in (a, b)
    ]
    return timeless[0] == timeless[1]


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_run_scored_afterwards_has_the_scores_of_training_time(store, at_training, repeats):
    job = scoring(Job(SPEC, protocols(), repeats), store)
    assert job.done
    assert job.weights is not None
    scores = trial(job).artefacts.scores
    expected = [msgspec.structs.replace(s, repeats=s.repeats[:repeats]) for s in at_training.artefacts.scores]
    assert same(scores, [s for s in expected if s.protocol in {p.id for p in job.protocols}])
    assert len(scores) == (5 if repeats == 1 else 6)


def test_metrics_of_a_sample_need_neither_weights_nor_data(store, at_training, monkeypatch):
    monkeypatch.setattr(bench.execution.trial, "load_dataset", None)
    (store.root / SPEC.key / "model.safetensors").unlink()
    job = scoring(Job(SPEC, protocols("irs")), store)
    assert job.weights is None
    store.add_scores(SPEC.key, trial(job).artefacts.scores)
    stored = {s.protocol: s for s in store.scores(SPEC.key)}
    for s in at_training.artefacts.scores:
        if s.metric == "irs":
            assert same([stored[s.protocol]], [msgspec.structs.replace(s, repeats=s.repeats[:1])])
    assert scoring(Job(SPEC, protocols("irs")), store) is None


def test_what_cannot_be_trusted_is_not_scored(store):
    (store.root / SPEC.key / "posterior.npz").write_bytes(b"")
    with pytest.raises(Damaged, match=r"posterior\.npz"):
        scoring(Job(SPEC, protocols("irs")), store)
    assert not plan([SPEC], protocols("irs"), store).jobs[0].done


def test_samples_are_of_a_stream_of_their_own(at_training):
    posterior = Posterior(**at_training.artefacts.posterior)
    mean, sample = protocols("irs")
    assert mean.drawn(posterior, SPEC.seed, 0).z is posterior.mu
    expected = posterior.codes(stream(SPEC.seed, "codes sample", 0)).z
    np.testing.assert_array_equal(sample.drawn(posterior, SPEC.seed, 0).z, expected)
    on_table = protocols("factorvae_score", codes=["sample"])[0]
    others = [sample.drawn(posterior, 3, 1), sample.drawn(posterior, 4, 0), on_table.drawn(posterior, 3, 0)]
    assert not any(np.array_equal(other.z, expected) for other in others)


def test_the_id_says_what_is_scored():
    assert [p.id for p in protocols("mig")] == ["mig:bins20-mean-n2000", "mig:bins20-n2000-sample"]
    assert Protocol("mig", {"n_train": 5, "correction": True}).id == "mig:correction-mean-n5"


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (["modes"], "unknown codes 'modes': choose from mean, sample"),
        ([], "codes=: expected at least one of mean, sample"),
        (["mean", "mean"], "codes=mean,mean: expected"),
    ],
)
def test_unknown_codes_are_named(codes, message):
    with pytest.raises(BenchError, match=message):
        protocols(codes=codes)
