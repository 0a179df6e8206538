"""What only a GPU can show; skipped where there is none. What a device's code computes is tested on the processor."""

import json

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from bench import plugins
from bench.execution.job import Job
from bench.execution.trial import rescored, trial
from bench.scoring.supervised import taught
from bench.training.batches import Batches, Table
from bench.training.build import build
from bench.training.checkpoint import keep, resume
from bench.training.loop import Watch, train
from bench.training.update import FIRST, Recorded

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
    pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype feature"),
]
CPU, GPU = torch.device("cpu"), torch.device("cuda")
METHODS = ("annealedvae", "betatcvae", "betavae", "dipvae", "factorvae", "infovae", "vae")
STEPS = 20


def trained(spec, dataset, device, watch=None, log_every=STEPS):
    method = build(spec, dataset.shape).to(device)
    batches = Batches(dataset, spec, method.draws, device)
    rng = torch.Generator(device).manual_seed(5)
    return method, train(method, batches, spec, rng, log_every, watch=watch)


@pytest.fixture
def exact():
    """Convolutions in full float32, by algorithms that give the same bits each time."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


@pytest.mark.parametrize("name", ["sprites32", "shapes3d_like", "waveforms"])
def test_a_table_on_a_gpu_gives_the_data_sets_numbers(name):
    dataset = plugins.load("dataset", name)()
    index = np.arange(0, len(dataset), max(1, len(dataset) // 300))
    if Table.of(dataset, GPU) is None:
        pytest.skip(f"{name} is put together as it is asked for")
    x = Table(dataset, GPU).x(torch.from_numpy(index).to(GPU))
    np.testing.assert_array_equal(x.cpu().numpy(), dataset.x(index))


@pytest.mark.parametrize("method", METHODS)
def test_a_gpu_trains_as_the_processor_does(toy, spec_of, monkeypatch, exact, method):
    """With the same noise: a generator's numbers differ from device to device, so all are drawn on the processor."""

    def from_the_processor(draw):
        noise = torch.Generator().manual_seed(1)
        return lambda *size, generator, device=None, **how: draw(*size, generator=noise, **how).to(device or CPU)

    histories = []
    for device in (CPU, GPU):
        with monkeypatch.context() as patch:
            patch.setattr(plugins.load("method", method), "uses_step", True)  # noise that comes over is not recorded
            for name in ("randn", "rand"):
                patch.setattr(torch, name, from_the_processor(getattr(torch, name)))
            histories.append(trained(spec_of(method, steps=STEPS), toy, device, log_every=5)[1].history)
    for here, there in zip(*histories, strict=True):
        assert there == pytest.approx(here, rel=2e-3, abs=2e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_replayed_update_is_the_update(toy, spec_of, monkeypatch, exact, method):
    """Bit for bit: weights, history and what is drawn; around the history's rows too, which no replay makes."""
    found = []
    for replayed in (True, False):
        with monkeypatch.context() as patch:
            if not replayed:
                patch.setattr(plugins.load("method", method), "uses_step", True)
            made, training = trained(spec_of(method, steps=40, warmup=6, grad_clip=20.0), toy, GPU, log_every=15)
        found.append(({name: w.cpu() for name, w in made.state_dict().items()}, training.history))
    (weights, history), (weights_now, history_now) = found
    assert history == history_now
    for name, w in weights.items():
        assert torch.equal(w, weights_now[name]), name


def test_updates_are_replayed(toy, spec_of, monkeypatch):
    replays = []
    replay = Recorded.replay
    monkeypatch.setattr(Recorded, "replay", lambda self, x: replays.append(replay(self, x)))
    trained(spec_of(steps=STEPS), toy, GPU)
    assert len(replays) == STEPS - FIRST - 1
    trained(spec_of("annealedvae", steps=STEPS), toy, GPU)
    assert len(replays) == STEPS - FIRST - 1


class Unwaiting(Watch):
    """Raises where the processor waits for the GPU, from the second update that may be replayed to the last but one."""

    def after(self, step, state):
        torch.cuda.set_sync_debug_mode("error" if FIRST + 1 <= step < STEPS - 1 else "default")


@pytest.mark.parametrize("method", METHODS)
def test_no_update_waits_for_the_gpu(toy, spec_of, method):
    try:
        trained(spec_of(method, steps=STEPS), toy, GPU, Unwaiting())
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_wait_would_be_found(toy, spec_of):
    class Waits(Unwaiting):
        def after(self, step, state):
            super().after(step, state)
            next(state.method.parameters()).sum().item()

    try:
        with pytest.raises(RuntimeError, match="synchroni"):
            trained(spec_of(steps=STEPS), toy, GPU, Waits())
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("method", ["vae", "factorvae"])
def test_an_interrupted_training_goes_on_bit_for_bit(toy, spec_of, tmp_path, exact, method):
    class Until(Watch):
        def begin(self, state):
            return resume(tmp_path / "k.safetensors", "k", state)[0]

        def after(self, step, state):
            if step == 9 and not (tmp_path / "k.safetensors").exists():
                keep(tmp_path / "k.safetensors", "k", step, 1.5, state)
                raise InterruptedError

    spec = spec_of(method, steps=STEPS)
    undisturbed, _ = trained(spec, toy, GPU)
    with pytest.raises(InterruptedError):
        trained(spec, toy, GPU, Until())
    again, _ = trained(spec, toy, GPU, Until())
    for name, w in undisturbed.state_dict().items():
        assert torch.equal(w, again.state_dict()[name]), name


def test_a_trial_says_which_gpu_and_scores_as_the_processor(toy, spec_of, protocol_of, exact):
    job = Job(spec_of(), (protocol_of("mig", n_train=300),), 2, "cuda")
    result = trial(job)
    assert result.record.status == "done", result.record.error
    where = result.record.environment
    assert where["gpu"] == torch.cuda.get_device_name()
    assert {"cuda", "tf32_convolutions", "tf32_products", "deterministic"} <= where.keys()
    assert result.record.cost["peak_gpu_memory_mb"] > 0
    done = Job(job.spec, job.protocols, 2, "cpu", weights=result.artefacts.weights)
    for there, here in zip(result.artefacts.scores[0].repeats, rescored(done).artefacts.scores[0].repeats, strict=True):
        assert there.values == pytest.approx(here.values, abs=1e-3)


def test_a_study_shares_the_gpu(bench, tmp_path):
    """Four runs in two places: all done, each in a process that saw one GPU."""
    code, out, err = bench("run", "--study", "tiny.toml", "--device", "cuda", "--runs-per-device", "2", "--out", "r")
    assert code == 0, out + err
    records = [json.loads(file.read_text()) for file in (tmp_path / "r").glob("*/run.json")]
    assert [r["status"] for r in records] == ["done"] * 4
    assert {r["environment"]["device"] for r in records} == {"cuda"}
    code, out, err = bench("verify", "r", "--weights", "--device", "cuda")
    assert code == 0, out + err


def test_a_gpu_learns_from_labels_as_the_processor_does(toy, spec_of, exact):
    """The supervised baseline draws no noise: the same weights and batches on both."""
    spec = replace(spec_of(steps=STEPS), method="supervised", params={})
    here, there = (taught(spec, toy, device, Watch()) for device in ("cpu", "cuda"))
    assert there.codes == pytest.approx(here.codes, abs=2e-3)
    assert there.history[-1]["loss"] == pytest.approx(here.history[-1]["loss"], rel=2e-3)
