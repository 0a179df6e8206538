"""What an update is made of; test_loop.py has the updates of a training, test_cuda.py their replay."""

import pytest
import torch

from bench.training.update import Log, laid_as, warmed_up
from methods._base import Player


def test_warm_up_ramps_every_term_but_the_reconstruction():
    terms = {"loss": torch.tensor(17.0), "recon": torch.tensor(5.0), "kl": torch.tensor(3.0), "d_loss": torch.ones(())}
    losses = [warmed_up(terms, step, 4)["loss"].item() for step in range(6)]
    assert losses == [5, 8, 11, 14, 17, 17]
    assert warmed_up(terms, 0, 0) == terms
    assert {name: t for name, t in warmed_up(terms, 1, 4).items() if name != "loss"} == {
        name: t for name, t in terms.items() if name != "loss"
    }


def test_a_gradient_lies_as_its_weight_with_the_same_numbers():
    w = torch.zeros(4, 3, 2, 2).contiguous(memory_format=torch.channels_last)
    g = torch.arange(48.0).reshape(4, 3, 2, 2)
    laid = laid_as(w, g)
    assert laid.stride() == w.stride()
    assert torch.equal(laid, g)
    assert laid_as(torch.zeros(4, 3, 2, 2), g) is g


def test_a_logs_sums_keep_their_place():
    """A recorded update adds to them wherever they were when it was recorded."""
    log = Log([Player("loss", torch.nn.Linear(1, 1))])
    places = []
    for values in ((1.0, 3.0), (5.0, 7.0)):
        for value in values:
            log.add({"loss": torch.tensor(value, requires_grad=True)})
            log.since += 1
            places.append((log.sums["loss"].data_ptr(), log.finite.data_ptr()))
        log.row(len(places), {})
    assert len(set(places)) == 1
    assert [row["loss"] for row in log.rows] == pytest.approx([2, 6])


def test_a_log_means_flags_and_counts_too():
    """Sums in place have one type for good: a flag's would stay a flag, and a count could not go on as a number."""
    log = Log([Player("loss", torch.nn.Linear(1, 1))])
    for flag, count in ((True, torch.tensor(0)), (True, torch.tensor(1.5)), (False, torch.tensor(3))):
        log.add({"loss": torch.ones(()), "flag": torch.tensor(flag), "count": count})
        log.since += 1
    assert log.row(3, {}) == pytest.approx({"step": 3, "loss": 1, "flag": 2 / 3, "count": 1.5})
