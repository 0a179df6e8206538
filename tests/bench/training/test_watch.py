"""What goes on beside a training hears of it."""

import torch

from bench.training.batches import Batches
from bench.training.build import build
from bench.training.loop import Watch, train


class Noted(Watch):
    """Notes what it is told, and how far the state is then."""

    def __init__(self):
        self.told = []

    def begin(self, state):
        self.told.append(("begin", 0))
        return 0

    def after(self, step, state):
        self.told.append(("after", step))

    def logged(self, row):
        self.told.append(("logged", row["step"]))

    def ended(self, step, state):
        self.told.append(("ended", step))


def watched(spec, dataset, method, log_every):
    watch = Noted()
    batches = Batches(dataset, spec, method.draws, torch.device("cpu"))
    train(method, batches, spec, torch.Generator().manual_seed(0), log_every, watch=watch)
    return watch


def test_a_watch_hears_of_each_update_and_of_the_end(toy, spec_of):
    watch = watched(spec_of(steps=3), toy, build(spec_of(steps=3), toy.shape), log_every=2)
    told = [("begin", 0), ("after", 1), ("logged", 2), ("after", 2), ("logged", 3), ("after", 3), ("ended", 3)]
    assert watch.told == told


def test_a_watch_hears_of_the_end_of_a_training_that_diverges(toy, spec_of):
    method = build(spec_of(steps=3), toy.shape)
    with torch.no_grad():
        next(method.parameters()).fill_(torch.nan)
    watch = watched(spec_of(steps=3), toy, method, log_every=1)
    assert watch.told == [("begin", 0), ("logged", 1), ("ended", 1)]
