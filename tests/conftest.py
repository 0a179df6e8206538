"""Plugins of an installed package (tests/plugins), and runs of a few updates with them."""

import os
from pathlib import Path

import pytest

collect_ignore = ["packages"]  # they run where they are installed: test_example_package.py
PLUGINS = str(Path(__file__).parent / "plugins")


@pytest.fixture(scope="session")
def installed():
    """Puts tests/plugins on the path, of this process and of those it starts: its entry points are then found."""
    from bench import plugins

    caches = (plugins.names, plugins.load, plugins.stated, plugins._installed)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PLUGINS)
        patch.setenv("PYTHONPATH", PLUGINS, prepend=os.pathsep)
        for cached in caches:
            cached.cache_clear()
        yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def toy(installed):
    """The data set of tests/plugins."""
    from bench.datasets import data_spec, load_dataset

    return load_dataset(data_spec("toy", {}))


@pytest.fixture
def spec_of(installed):
    """A spec on the toy data set, by default a VAE's of four updates: spec_of("betavae", {"beta": 4}, steps=2)."""
    from bench import plugins
    from bench.datasets import data_spec
    from bench.spec import RunSpec

    def make(method="vae", params=None, **changes):
        params = {"width": 8} | (params or {}) if method == "factorvae" else params or {}
        made = {
            "dataset": data_spec("toy", {}),
            "method": method,
            "params": plugins.resolve("method", method, params),
            "backbone": "small",
            "backbone_params": {"width": 0.25},
            "likelihood": "bernoulli",
            "z_dim": 3,
            "batch_size": 8,
            "steps": 4,
            "lr": 1e-3,
            "seed": 0,
        }
        return RunSpec(**made | changes)

    return make


@pytest.fixture
def protocol_of(installed):
    """A protocol of a metric, scaled down: protocol_of("mig", n_train=500)."""
    from bench import plugins
    from bench.scoring.protocol import Protocol

    def make(metric, **params):
        return Protocol(metric, plugins.resolve("metric", metric, params))

    return make
