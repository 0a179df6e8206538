"""The contract suite finds plugins that break a promise, and says which and how."""

import dataclasses
import itertools
import unittest

import numpy as np
import pytest
import torch

from bench import plugins
from bench.data.sprites32 import sprites32
from bench.testing import CHECKS, Contract, check_dataset, check_method
from methods._base import Method
from methods.backbones.mlp import MLP
from methods.vae import VAE
from metrics._codes import Scores
from metrics.mig import mig

COUNTER = itertools.count()


class Another(Method):
    """A VAE, to be changed."""

    def terms(self, x, step, rng):
        return VAE.terms(self, x, step, rng)


def method(**changes):
    return type("Changed", (Another,), {"__doc__": "A VAE that breaks a promise.", **changes})


def also(**further):
    """Terms of a VAE, with others among them or in their place."""
    return lambda self, x, step, rng: VAE.terms(self, x, step, rng) | {n: f(self, x) for n, f in further.items()}


def idle(self, backbone):
    Another.__init__(self, backbone)
    self.idle = torch.nn.Linear(2, 2)


def counted(self, x, step, rng):
    self.count = getattr(self, "count", 0) + 1
    terms = VAE.terms(self, x, step, rng)
    return terms | {"count": torch.tensor(float(self.count)), "loss": terms["loss"] + 0 * self.count}


def written_to(self, x, step, rng):
    terms = VAE.terms(self, x, step, rng)
    x += 1
    return terms


def ramped(self, x, step, rng):
    return VAE.terms(self, x, step, rng) | {"weight": torch.tensor(float(step))}


METHODS = {
    "its_sweep_and_strength_are_arguments": [
        (method(sweep={"beta": (1,)}), "sweep has ['beta']; expected some of its arguments, []"),
        (method(strength="beta"), "strength is 'beta'"),
        (method(marker="q"), "marker is 'q'; expected one of o s ^"),
        (method(title="Mine"), "title is 'Mine', '' in its source; expected a text that stands there"),
        (mig, "a subclass of methods.Method"),
    ],
    "terms_are_named_finite_scalars": [
        (method(terms=lambda *_: {}), "terms are []; expected ['kl', 'loss', 'recon'] among them"),
        (method(terms=also(kl=lambda *_: torch.zeros(3))), "term kl has shape (3,); expected a scalar"),
        (method(terms=also(kl=lambda *_: torch.tensor(torch.nan))), "term kl is nan"),
    ],
    "terms_are_a_function_of_batch_step_and_generator": [
        (method(terms=also(more=lambda *_: torch.tensor(float(next(COUNTER))))), "terms ['more'] differ"),
        (method(terms=also(recon=lambda *_: torch.zeros(()))), "recon is the same for two generators"),
        (method(terms=also(more=lambda *_: torch.rand(()) * 0)), "draws from torch's global generator"),
        (method(terms=written_to), "changes the batch"),
    ],
    "terms_leave_the_step_alone_where_they_say_so": [
        (method(terms=ramped, uses_step=False), "uses_step is False, and terms ['weight'] differ between updates")
    ],
    "players_share_no_weights_and_leave_none_out": [(method(__init__=idle), "no player holds ['idle.weight'")],
    "an_update_moves_every_players_weights": [
        (
            method(terms=also(loss=lambda self, x: sum((w * 0).sum() for w in self.parameters()))),
            "['the encoder', 'the decoder', 'the player of loss'] as they were",
        )
    ],
    "the_same_seed_gives_the_same_training": [
        (method(terms=also(more=lambda *_: torch.tensor(float(next(COUNTER))))), "two trainings of one seed differ")
    ],
    "its_state_is_in_its_weights_and_buffers": [
        (method(terms=counted), "terms ['count'] differ after load_state_dict")
    ],
    "it_is_documented": [(method(__doc__=None), "Changed has no docstring")],
}


class Normed(MLP):
    """The encoder with batch normalisation."""

    def __init__(self, x_shape, z_dim, likelihood):
        super().__init__(x_shape, z_dim, likelihood, 0.01)
        self.encoder.append(torch.nn.BatchNorm1d(2 * z_dim))


class Flat(MLP):
    """A decoder to vectors, whatever it is asked for."""

    def __init__(self, x_shape, z_dim, likelihood):
        super().__init__(x_shape, z_dim, likelihood, 0.01)
        self.decoder.append(torch.nn.Flatten())


class Numb(MLP):
    """A decoder that does not listen to the codes."""

    def __init__(self, x_shape, z_dim, likelihood):
        super().__init__(x_shape, z_dim, likelihood, 0.01)

    def decode(self, z):
        return super().decode(z * 0).detach() + sum((w * 0).sum() for w in self.decoder.parameters())


class Picky(MLP):
    """A backbone that fits nothing."""

    def __init__(self, x_shape, z_dim, likelihood):
        raise ValueError("no")


BACKBONES = {
    "it_treats_rows_alike": [(Normed, "differs by")],
    "it_encodes_and_decodes": [(Flat, "decode gives (5, 1024); expected (5, 1, 32, 32)"), (Picky, "fits none of")],
    "a_method_trains_it": [(Numb, "two updates move ['encoder']")],
}


def wrapped(change, *, kept=mig):
    def metric(sample, rng, *, n_train: int = 10_000) -> Scores:
        """A metric that breaks a promise."""
        return change(kept(sample, rng, n_train=n_train), sample)

    return metric


def scores(value):
    return lambda found, sample: Scores({"mig": value(found, sample)})


def positional(sample, rng, n_train: int = 3) -> Scores:
    """A metric whose argument is no keyword."""


def rowless(sample, rng, *, bins: int = 3) -> Scores:
    """A metric that does not say how many rows it reads."""


def mutating(found, sample):
    sample.z[:] = 0
    return found


METRICS = {
    "its_protocol_is_its_signature": [(positional, "one after *, with a default"), (rowless, "n_train, its rows")],
    "it_tells_a_perfect_code_from_noise": [
        (wrapped(scores(lambda *_: 0.5)), "expected some value to be higher"),
        (wrapped(scores(lambda *_: np.float32(1))), "mig is a float32; expected a float"),
        (wrapped(scores(lambda *_: float("nan"))), "finite numbers"),
        (wrapped(lambda found, _: found._replace(per_factor={"mig": np.zeros(2)})), "has shape (2,) of 3 factors"),
    ],
    "it_is_a_function_of_codes_and_generator": [
        (wrapped(mutating), "changes the codes"),
        (wrapped(scores(lambda *_: float(next(COUNTER)))), "two calls of equal arguments"),
        (wrapped(scores(lambda *_: 0 * np.random.rand())), "NumPy's global generator"),  # noqa: NPY002
    ],
}


def dataset(**changes):
    def made():
        """sprites32, broken."""
        found = {name: value() if callable(value) else value for name, value in changes.items()}
        return dataclasses.replace(sprites32(), **found)

    return made


def rolled():
    return np.roll(sprites32().observations, next(COUNTER), axis=1)


def logits():
    return np.full((len(sprites32()), 32, 32), np.linspace(-1, 2, 32), np.float32)


DATASETS = {
    "it_is_a_grid_of_factors": [
        (dataset(sizes=(3, 4, 8, 8, 2)), "as many of each"),
        (dataset(names=("shape",)), "one of each for each factor"),
        (dataset(v=lambda: sprites32().v * 0), "expected 0 to"),
    ],
    "its_observations_fit_its_likelihood": [
        (dataset(observations=logits, packed=False), "expected numbers from 0 to 1"),
        (dataset(likelihood="poisson"), "likelihood is 'poisson'"),
    ],
    "it_is_the_same_each_time": [
        (dataset(observations=rolled), "is another when made a second time"),
        (dataset(sha256="abc"), "expected 64 hex digits"),
    ],
}
BROKEN = [
    pytest.param(kind, check, plugin, told, id=f"{kind}-{check}-{i}")
    for kind, cases in {"method": METHODS, "backbone": BACKBONES, "metric": METRICS, "dataset": DATASETS}.items()
    for check, several in cases.items()
    for i, (plugin, told) in enumerate(several)
]


@pytest.fixture
def put(monkeypatch):
    """A plugin in place of one of that name, without its being installed."""
    load = plugins.load

    def put(kind, name, plugin):
        monkeypatch.setattr(plugins, "load", lambda k, n: plugin if (k, n) == (kind, name) else load(k, n))

    return put


@pytest.mark.parametrize(("kind", "check", "plugin", "told"), BROKEN)
def test_a_broken_promise_is_named(put, kind, check, plugin, told):
    put(kind, "mine", plugin)
    (found,) = [c for c in CHECKS[kind] if c.__name__ == check]
    with pytest.raises(AssertionError) as error:
        found("mine")
    assert str(error.value).startswith("mine: ")
    assert told in str(error.value)


def test_all_promises_of_a_plugin_at_once(put):
    put("method", "mine", Another)
    check_method("mine")
    put("dataset", "mine", dataset(sha256="abc"))
    with pytest.raises(AssertionError, match="64 hex digits"):
        check_dataset("mine")


def test_an_argument_that_no_study_can_state(put):
    def mine(*, sides: tuple[int, ...] = (3, 4)):
        """A data set whose argument is no number and no word."""

    put("dataset", "mine", mine)
    with pytest.raises(AssertionError, match="argument sides is annotated tuple"):
        check_dataset("mine")


def test_a_name_of_two_kinds(put, monkeypatch):
    put("method", "mig", Another)
    with pytest.raises(AssertionError, match="mig: is the name of a method and a metric"):
        check_method("mig")


def test_a_class_has_a_case_per_plugin_and_promise():
    class Mine(Contract):
        methods = ("a", "b")
        metrics = ("c",)

    class Asked:
        fixturenames = ("name", "check")

        def parametrize(self, names, cases, ids):
            self.names, self.cases, self.ids = names, cases, ids

    asked = Asked()
    Mine().pytest_generate_tests(asked)
    assert len(asked.cases) == 2 * len(CHECKS["method"]) + len(CHECKS["metric"])
    assert "b-terms_are_named_finite_scalars" in asked.ids
    assert len(set(asked.ids)) == len(asked.ids)


def test_a_data_set_whose_file_is_not_here_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    with pytest.raises(unittest.SkipTest, match="python -m bench data fetch shapes3d"):
        check_dataset("shapes3d")
