"""Several trainings in one process, an update of each in turn: each as if it were alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
import torch

from bench.training.batches import Batches
from bench.training.build import build
from bench.training.checkpoint import checkpoint_file, keep, resume
from bench.training.loop import Watch, in_turns, train, updates

CPU = torch.device("cpu")
METHODS = ("vae", "betavae", "factorvae", "infovae", "betatcvae", "annealedvae", "dipvae")
STEPS = 14


class Keeping(Watch):
    """Goes on where its run was kept; keeps it every third update, and slows down so that it can be killed."""

    def __init__(self, folder, spec, pause=0.0):
        super().__init__()
        self.key, self.path, self.pause = spec.key, checkpoint_file(folder, spec.key), pause

    def begin(self, state):
        self.resumed = resume(self.path, self.key, state)[0]
        return self.resumed

    def after(self, step, state):
        if step % 3 == 0:
            keep(self.path, self.key, step, 0.0, state)
        time.sleep(self.pause)


def member(spec, dataset, watch=None, raises_at=-1):
    """A method and what trains it; its batches raise at some update."""
    method = build(spec, dataset.shape)
    batches = Batches(dataset, spec, method.draws, CPU)

    def given(step):
        if step == raises_at:
            raise RuntimeError("no such observation")
        return batches(step)

    gathered: dict[str, bytes] = {}

    def on_log(row):
        gathered[f"at{row['step']:.0f}"] = bytes([int(row["step"])])

    return method, (method, given, spec, torch.Generator().manual_seed(spec.seed), 4, on_log, watch, gathered)


def bits(method):
    state = dict(method.named_parameters()) | dict(method.named_buffers())
    return {name: t.detach().numpy().tobytes() for name, t in state.items()}


def alone(spec, dataset):
    method, arguments = member(spec, dataset)
    training = train(*arguments)
    return bits(method), training, arguments[-1]


def together(made):
    """What each member left: its bits, its end and what it gathered."""
    ends = in_turns([updates(*arguments) for _, arguments in made])
    return [(bits(method), end, arguments[-1]) for (method, arguments), end in zip(made, ends, strict=True)]


@pytest.fixture
def specs(spec_of):
    """Of several methods, lengths, strengths of clipping, warm-ups and seeds."""
    return [
        spec_of(name, seed=i, steps=STEPS + i, grad_clip=(0.0, 20.0)[i % 2], warmup=(0, 5, 9)[i % 3])
        for i, name in enumerate(METHODS)
    ]


def test_each_is_what_it_is_alone(toy, specs):
    assert together([member(spec, toy) for spec in specs]) == [alone(spec, toy) for spec in specs]


def test_seeds_of_one_setting_do_not_mix(toy, spec_of):
    specs = [spec_of("factorvae", seed=seed, steps=STEPS) for seed in (0, 1, 0)]
    found = together([member(spec, toy) for spec in specs])
    assert found == [alone(spec, toy) for spec in specs]
    assert found[0] == found[2] != found[1]


def test_one_that_diverges_and_one_that_raises_leave_the_others(toy, spec_of):
    bad, broken, short = (spec_of("unruly", {"nan_at": 5}, steps=STEPS), spec_of(steps=STEPS), spec_of(steps=2))
    good = spec_of("infovae", steps=STEPS, seed=3)
    diverged, raised, ended, left = together(
        [member(bad, toy), member(broken, toy, raises_at=3), member(short, toy), member(good, toy)]
    )
    assert diverged[1].diverged_at == 6
    assert str(raised[1]) == "no such observation"
    assert ended == alone(short, toy)
    assert left == alone(good, toy)


def test_they_take_turns(toy, spec_of):
    order = []

    class Told(Watch):
        def __init__(self, name):
            self.name = name

        def after(self, step, state):
            order.append((self.name, step))

    specs = {name: spec_of(steps=steps, seed=i) for i, (name, steps) in enumerate({"a": 2, "b": 3}.items())}
    together([member(spec, toy, Told(name)) for name, spec in specs.items()])
    assert order == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("b", 3)]


def test_each_goes_on_from_its_own_checkpoint(toy, specs, tmp_path):
    """All are left after seven updates, kept after six; of one nothing is kept."""
    begun = [updates(*member(spec, toy, Keeping(tmp_path, spec))[1]) for spec in specs]
    for _ in range(7):
        for one in begun:
            next(one)
    checkpoint_file(tmp_path, specs[2].key).unlink()
    watches = [Keeping(tmp_path, spec) for spec in specs]
    again = together([member(spec, toy, watch) for spec, watch in zip(specs, watches, strict=True)])
    assert [watch.resumed for watch in watches] == [6, 6, 0, 6, 6, 6, 6]
    assert again == [alone(spec, toy) for spec in specs]


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
import msgspec, torch
torch.set_num_threads({threads})
from bench.datasets import load_dataset
from bench.spec import RunSpec
from test_in_turns import Keeping, in_turns, member, updates
specs = msgspec.json.decode(sys.stdin.read(), type=list[RunSpec])
data = load_dataset(specs[0].dataset)
in_turns([updates(*member(s, data, Keeping(Path({folder!r}), s, 0.02))[1]) for s in specs])
"""


def test_a_process_that_is_killed_loses_no_member(toy, spec_of, tmp_path):
    """kill -9 as soon as the last of three has been kept."""
    specs = [spec_of(name, seed=i, steps=60) for i, name in enumerate(("vae", "factorvae", "infovae"))]
    code = CHILD.format(here=str(Path(__file__).parent), folder=str(tmp_path), threads=torch.get_num_threads())
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    child.stdin.write(msgspec.json.encode(specs))
    child.stdin.close()
    last = checkpoint_file(tmp_path, specs[-1].key)
    while not last.exists() and child.poll() is None:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    watches = [Keeping(tmp_path, spec) for spec in specs]
    again = together([member(spec, toy, watch) for spec, watch in zip(specs, watches, strict=True)])
    assert all(0 < watch.resumed < 60 for watch in watches)
    assert again == [alone(spec, toy) for spec in specs]
