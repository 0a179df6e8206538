import pytest

from bench.execution.plan import plan, scoring
from bench.execution.trial import trial
from bench.spec import Record
from bench.store.files import Artefacts
from bench.store.store import Store


@pytest.fixture
def protocols(protocol_of):
    return (protocol_of("mig", n_train=300), protocol_of("row_mean"))


@pytest.fixture
def specs(spec_of):
    return [spec_of(seed=0), spec_of(seed=1)]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def done(specs, protocols, store):
    """Both runs carried out and stored."""
    for job in plan(specs, protocols, store).jobs:
        result = trial(job)
        store.put(result.record, result.artefacts)
    return store


def test_everything_is_to_do_in_an_empty_store(specs, protocols, store):
    left = plan(specs, protocols, store, repeats=2, threads=3)
    assert (left.done, left.rescored) == (0, 0)
    assert [job.spec for job in left.jobs] == specs
    for job in left.jobs:
        assert (job.protocols, job.repeats, job.threads, job.done) == (protocols, 2, 3, False)
        assert job.environment["python"]


def test_nothing_is_to_do_where_all_is_done(specs, protocols, done):
    left = plan(specs, protocols, done)
    assert (left.jobs, left.done) == ([], 2)
    assert plan(specs, protocols[:1], done).jobs == []


def test_a_metric_more_scores_what_is_trained(specs, protocols, done, protocol_of):
    further = protocol_of("row_mean", scale=2)
    left = plan(specs, (*protocols, further), done)
    assert (left.done, left.rescored) == (0, 2)
    for job in left.jobs:
        assert job.protocols == (further,)
        result = trial(scoring(job, done))
        assert result.record is None
        done.add_scores(job.spec.key, result.artefacts.scores)
        values = {
            s.protocol: s.repeats[0].values["row_mean"] for s in done.scores(job.spec.key) if s.metric == "row_mean"
        }
        assert values[further.id] == 2 * values[protocols[1].id]
    assert plan(specs, (*protocols, further), done).jobs == []


def test_repeats_more_score_again_and_fewer_do_not(specs, protocols, done):
    left = plan(specs[:1], protocols, done, repeats=2)
    assert (left.rescored, left.jobs[0].protocols) == (1, protocols)
    before = {s.protocol: s.repeats[0].values for s in done.scores(specs[0].key)}
    done.add_scores(specs[0].key, trial(scoring(left.jobs[0], done)).artefacts.scores)
    after = done.scores(specs[0].key)
    assert {s.protocol: s.repeats[0].values for s in after} == before
    assert {len(s.repeats) for s in after} == {2}
    assert plan(specs[:1], protocols, done, repeats=2).jobs == []
    assert plan(specs[:1], protocols, done, repeats=1).jobs == []


def test_a_run_that_diverged_is_final_and_one_that_failed_is_not(specs, protocols, store):
    for spec, status in zip(specs, ("diverged", "failed"), strict=True):
        store.put(Record(key=spec.key, spec=spec, status=status), Artefacts())
    left = plan(specs, protocols, store)
    assert [job.spec for job in left.jobs] == specs[1:]
    assert not left.jobs[0].done


def test_damaged_weights_are_trained_again_by_all_protocols(specs, protocols, done, protocol_of):
    for name in ("model.safetensors", "posterior.npz"):
        (done.root / specs[0].key / name).write_bytes(b"")
    wanted = (*protocols, protocol_of("factorvae_score", votes=50, eval_votes=50))
    left = plan(specs[:1], wanted, done)
    assert (left.jobs[0].done, left.jobs[0].protocols) == (False, wanted)
    assert "model.safetensors: 0 bytes" in left.damaged[specs[0].key]


def test_damaged_scores_are_scored_again(specs, protocols, done):
    (path,) = (done.root / specs[0].key / "scores").glob("mig*")
    path.write_bytes(path.read_bytes()[:-1])
    left = plan(specs, protocols, done)
    assert [job.spec for job in left.jobs] == specs[:1]
    done.add_scores(specs[0].key, trial(scoring(left.jobs[0], done)).artefacts.scores)
    assert plan(specs, protocols, done).jobs == []
