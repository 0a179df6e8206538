"""A training that is interrupted goes on bit for bit."""

import numpy as np
import pytest
import torch

from bench.execution.job import Job, Means
from bench.execution.keeper import Keeper
from bench.execution.trial import trial
from bench.training.batches import Batches
from bench.training.build import build
from bench.training.checkpoint import checkpoint_file, keep, resume
from bench.training.loop import Watch, train

STEPS = 30


class Interrupt(Exception):
    pass


class Until(Watch):
    """Keeps the training after some update, and ends it two updates later."""

    def __init__(self, path, at):
        self.path, self.at = path, at

    def begin(self, state):
        return resume(self.path, "k", state)[0]

    def after(self, step, state):
        if step == self.at:
            keep(self.path, "k", step, 1.5, state)
        if step == self.at + 2:
            raise Interrupt


def trained(spec, dataset, watch=None):
    method = build(spec, dataset.shape)
    batches = Batches(dataset, spec, method.draws, torch.device("cpu"))
    gathered: dict[str, bytes] = {}

    def on_log(row):
        gathered[f"at{row['step']:.0f}"] = bytes([int(row["step"])])

    rng = torch.Generator().manual_seed(5)
    training = train(method, batches, spec, rng, 7, on_log, watch, gathered)
    state = dict(method.named_parameters()) | dict(method.named_buffers())
    return {n: t.detach().numpy().tobytes() for n, t in state.items()}, training, gathered


@pytest.mark.parametrize("method", ["vae", "factorvae", "infovae"])
@pytest.mark.parametrize("at", [1, 7, 19, STEPS - 2])
def test_an_interrupted_training_ends_as_an_undisturbed_one(toy, spec_of, tmp_path, method, at):
    spec = spec_of(method, steps=STEPS, warmup=10, grad_clip=20.0)
    undisturbed = trained(spec, toy)
    path = tmp_path / "k.safetensors"
    with pytest.raises(Interrupt):
        trained(spec, toy, Until(path, at))
    again = trained(spec, toy, Until(path, -9))
    assert again == undisturbed


def test_what_does_not_fit_is_not_resumed(toy, spec_of, tmp_path):
    spec = spec_of(steps=4)
    path = tmp_path / "k.safetensors"
    with pytest.raises(Interrupt):
        trained(spec, toy, Until(path, 2))
    content = path.read_bytes()

    class Other(Watch):
        begun = None

        def begin(self, state):
            self.begun = resume(path, self.key, state)
            return self.begun[0]

    for key, damaged, begun in (("k", content, (2, 1.5)), ("other", content, (0, 0.0)), ("k", content[:-9], (0, 0.0))):
        path.write_bytes(damaged)
        watch = Other()
        watch.key = key
        trained(spec, toy, watch)
        assert watch.begun == begun


def test_a_trial_goes_on_where_it_was_kept(spec_of, protocol_of, tmp_path, monkeypatch):
    """Through the watch of a process that trains: stopped by itself at some update, then begun again."""
    job = Job(spec_of("factorvae", steps=40), (protocol_of("mig", n_train=300),))
    undisturbed = trial(job)
    means = Means(checkpoints=str(tmp_path), progress=str(tmp_path), every=1e9)

    class Stopped(BaseException):
        pass

    def ended(code):
        raise Stopped

    keeper = Keeper(job, means)
    monkeypatch.setattr("os._exit", ended)
    after = keeper.after
    monkeypatch.setattr(keeper, "after", lambda step, state: (step == 17 and keeper.stop(), after(step, state)))
    with pytest.raises(Stopped):
        trial(job, keeper)
    assert checkpoint_file(tmp_path, job.spec.key).exists()
    again = trial(job, Keeper(job, means))
    assert again.record.cost["resumed_at"] == 17
    assert again.artefacts.history == undisturbed.artefacts.history
    assert again.artefacts.images == undisturbed.artefacts.images
    assert again.record.diagnostics == undisturbed.record.diagnostics
    for name, array in undisturbed.artefacts.weights.items():
        np.testing.assert_array_equal(again.artefacts.weights[name], array)
    assert again.artefacts.scores[0].repeats[0].values == undisturbed.artefacts.scores[0].repeats[0].values
