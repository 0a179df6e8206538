"""A training that is interrupted goes on bit for bit."""

import hashlib
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from bench.execution.checkpointer import Checkpointer
from bench.execution.job import ExecutionConfig, Job
from bench.execution.trial import trial
from bench.training import checkpoint
from bench.training.batches import Batches
from bench.training.build import build
from bench.training.checkpoint import Unfit, checkpoint_file, keep, resume
from bench.training.loop import State, Watch, train
from bench.training.update import Log, Update

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


@pytest.fixture
def kept(toy, spec_of, tmp_path):
    """A checkpoint after two updates, its path, and a training that has not begun."""
    spec = spec_of("factorvae", steps=4)
    path = tmp_path / "k.safetensors"
    with pytest.raises(Interrupt):
        trained(spec, toy, Until(path, 2))
    return path, fresh(spec, toy)


def fresh(spec, dataset):
    method = build(spec, dataset.shape)
    rng, log = torch.Generator().manual_seed(5), Log(method.players)
    return State(method, Update(method, spec, rng, log).optimisers, rng, log)


def renamed(content):
    """With a tensor of another name, sealed again by nobody."""
    tensors, about = load(content), metadata(content)
    first = next(name for name in tensors if name.startswith("method/"))
    tensors["method/another"] = tensors.pop(first)
    return save(tensors, about)


def metadata(content):
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]


def sealed(content, **changes):
    """With other metadata or tensors, and a seal that is right."""
    content = save(load(content), {**metadata(content), **changes, "sha256": checkpoint.UNSEALED})
    digest = hashlib.sha256(content).hexdigest()
    return content.replace(checkpoint.UNSEALED.encode(), digest.encode(), 1)


def flipped(content, at):
    content = bytearray(content)
    content[at] ^= 1
    return bytes(content)


def test_what_was_kept_is_resumed_by_its_own_run_alone(kept):
    path, state = kept
    before = weights(state)
    with pytest.raises(Unfit, match="key is k, expected other"):
        resume(path, "other", state)
    assert weights(state) == before
    assert resume(path, "k", state) == (2, 1.5)
    assert weights(state) != before
    assert resume(path.with_name("nothing"), "k", state) == (0, 0.0)


def weights(state):
    return [w.detach().numpy().tobytes() for w in state.method.parameters()]


@pytest.mark.parametrize("at", [3, 20, 700, -1, -5000, -20000])
def test_one_flipped_bit_is_noticed(kept, at):
    path, state = kept
    path.write_bytes(flipped(path.read_bytes(), at))
    before = weights(state)
    with pytest.raises(Unfit, match="damaged"):
        resume(path, "k", state)
    assert weights(state) == before


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda content: content[:-9], "damaged"),
        (lambda content: b"", "damaged"),
        (lambda content: b"\xff" * 99, "damaged"),
        (renamed, "its sha256 is not"),
        (lambda content: sealed(renamed(content)), r"not those of the training: method/\S+, "),
        (lambda content: sealed(content, torch="1.0"), "torch is 1.0, expected"),
        (lambda content: sealed(content, format="1"), "format is 1, expected"),
        (lambda content: sealed(content, state="{}"), "damaged"),
        (lambda content: sealed(content, state="[" * 9999), "damaged"),
    ],
)
def test_what_does_not_fit_is_not_resumed(kept, harm, told):
    path, state = kept
    path.write_bytes(harm(path.read_bytes()))
    before = weights(state)
    with pytest.raises(Unfit, match=told):
        resume(path, "k", state)
    assert weights(state) == before


def test_a_link_is_no_checkpoint(kept):
    path, state = kept
    linked = path.with_name("linked.safetensors")
    linked.symlink_to(path)
    with pytest.raises(Unfit, match="is a link"):
        resume(linked, "k", state)


def test_a_checkpoint_that_does_not_fit_is_set_aside_with_a_line(spec_of, tmp_path, toy, capsys):
    job = Job(spec_of(steps=4))
    key = job.spec.key
    path = checkpoint_file(tmp_path, key)
    path.write_bytes(b"no checkpoint")
    checkpointer = Checkpointer(job, ExecutionConfig(checkpoints=str(tmp_path), every=1e9))
    assert checkpointer.begin(fresh(job.spec, toy)) == 0
    (aside,) = tmp_path.iterdir()
    assert aside.name.startswith(f".damaged-{key}-")
    assert aside.read_bytes() == b"no checkpoint"
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"checkpoint of {key}: it is no checkpoint, or damaged; moved to {aside}, to be trained anew"


def test_a_trial_goes_on_where_it_was_kept(spec_of, protocol_of, tmp_path, monkeypatch):
    """Through the watch of a process that trains: stopped by itself at some update, then begun again."""
    job = Job(spec_of("factorvae", steps=40), (protocol_of("mig", n_train=300),))
    undisturbed = trial(job)
    config = ExecutionConfig(checkpoints=str(tmp_path), progress=str(tmp_path), every=1e9)

    class Stopped(BaseException):
        pass

    def ended(code):
        raise Stopped

    checkpointer = Checkpointer(job, config)
    monkeypatch.setattr("os._exit", ended)
    after = checkpointer.after
    monkeypatch.setattr(
        checkpointer, "after", lambda step, state: (step == 17 and checkpointer.stop(), after(step, state))
    )
    with pytest.raises(Stopped):
        trial(job, checkpointer)
    assert checkpoint_file(tmp_path, job.spec.key).exists()
    again = trial(job, Checkpointer(job, config))
    assert again.record.cost["resumed_at"] == 17
    assert again.artefacts.history == undisturbed.artefacts.history
    assert again.artefacts.images == undisturbed.artefacts.images
    assert again.record.diagnostics == undisturbed.record.diagnostics
    for name, array in undisturbed.artefacts.weights.items():
        np.testing.assert_array_equal(again.artefacts.weights[name], array)
    assert again.artefacts.scores[0].repeats[0].values == undisturbed.artefacts.scores[0].repeats[0].values
