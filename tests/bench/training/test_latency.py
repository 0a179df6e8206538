import itertools
import time

import numpy as np
import pytest
import torch

from bench.execution.job import Job
from bench.execution.trial import trial
from bench.training.build import build
from bench.training.encode import FEWEST, MANY, REPEATS, encoding_speed

CPU = torch.device("cpu")
NAMES = {"encode_ms_batch1", "encode_per_second_batch256"}


class Clocked:
    """A backbone that takes a first second to wake up, then `seconds` a call and 1 ms an observation, by its clock."""

    def __init__(self, monkeypatch, seconds):
        self.now, self.seconds, self.batches = 0.0, seconds, []
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def encode(self, x):
        self.now += self.seconds + 0.001 * len(x) + (0 if self.batches else 1)
        self.batches.append(len(x))
        return torch.zeros(len(x), 2), torch.zeros(len(x), 2)


def test_figures_are_those_of_the_clock_without_the_warm_up(toy, monkeypatch):
    backbone = Clocked(monkeypatch, 0.004)
    found = encoding_speed(backbone, toy, CPU)  # toy has fewer rows than a batch
    assert found["encode_ms_batch1"] == pytest.approx(5)
    assert found["encode_per_second_batch256"] == pytest.approx(256 / 0.26)
    alone, together = ([*group] for _, group in itertools.groupby(backbone.batches))
    assert alone == [1] * (1 + REPEATS)
    assert together == [MANY] * (1 + FEWEST)  # 0.26 s would be enough, but not one timing alone


def test_one_slow_encoding_does_not_move_the_median(toy, monkeypatch):
    backbone = Clocked(monkeypatch, 0.004)
    plain = backbone.encode

    def disturbed(x):
        backbone.now += 0.01 * (len(backbone.batches) == 3)
        return plain(x)

    monkeypatch.setattr(backbone, "encode", disturbed)
    assert encoding_speed(backbone, toy, CPU)["encode_ms_batch1"] == pytest.approx(5)


def test_one_slow_encoding_of_many_does_not_move_the_median_either(toy, monkeypatch):
    backbone = Clocked(monkeypatch, 0.004)
    plain = backbone.encode

    def disturbed(x):
        backbone.now += len(x) == MANY and backbone.batches.count(MANY) == 1
        return plain(x)

    monkeypatch.setattr(backbone, "encode", disturbed)
    assert encoding_speed(backbone, toy, CPU)["encode_per_second_batch256"] == pytest.approx(256 / 0.26)


def test_a_backbone_that_cannot_encode_one_alone_lacks_that_figure(toy, monkeypatch):
    backbone = Clocked(monkeypatch, 0.004)
    plain = backbone.encode

    def several(x):
        if len(x) == 1:
            raise ValueError("expected more than\n1 value")
        return plain(x)

    monkeypatch.setattr(backbone, "encode", several)
    found = encoding_speed(backbone, toy, CPU)
    assert found["encode_error"] == "ValueError: expected more than 1 value"
    assert found["encode_per_second_batch256"] == pytest.approx(256 / 0.26)
    assert "encode_ms_batch1" not in found


def test_observations_that_cannot_be_read_cost_the_figures_alone(toy, monkeypatch):
    monkeypatch.setattr(type(toy), "x", lambda *_: [][0])
    assert encoding_speed(Clocked(monkeypatch, 0.004), toy, CPU) == {
        "encode_error": "IndexError: list index out of range"
    }


def test_such_a_backbone_does_not_cost_its_run(spec_of, protocol_of, monkeypatch):
    """A training that is done stays so, with its scores."""
    from methods.backbones.small import Small

    plain = Small.encode

    def several(self, x):
        if len(x) == 1:
            raise ValueError("expected more than 1 value")
        return plain(self, x)

    monkeypatch.setattr(Small, "encode", several)
    monkeypatch.setattr("bench.execution.trial.traversal_rows", lambda *_: lambda step: None)  # which encodes one image
    result = trial(Job(spec_of(), (protocol_of("row_mean"),)))
    assert (result.record.status, result.record.error, result.trouble) == ("done", None, "")
    assert result.record.cost["encode_error"] == "ValueError: expected more than 1 value"
    assert result.artefacts.scores


def test_a_real_backbone_is_timed_and_left_as_it_was(spec_of, toy):
    backbone = build(spec_of(), toy.shape).backbone.eval()
    before = {name: w.clone() for name, w in backbone.state_dict().items() if name != "clamp_hits"}
    start = time.perf_counter()
    found = encoding_speed(backbone, toy, CPU)
    assert set(found) == NAMES
    assert all(0 < value < np.inf for value in found.values())
    assert found["encode_ms_batch1"] / 1e3 < time.perf_counter() - start
    assert all(torch.equal(w, backbone.state_dict()[name]) for name, w in before.items())


def test_a_run_that_is_done_has_both_and_one_that_diverged_neither(spec_of):
    assert set(trial(Job(spec_of())).record.cost) >= NAMES
    assert not NAMES & set(trial(Job(spec_of("unruly", {"nan_at": 1}))).record.cost)
