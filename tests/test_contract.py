"""What every plugin does, of this suite and of packages installed beside it. A new file is picked up here by itself.

The promises are `bench.testing`'s, which other packages run over their own plugins; here are also those of this house.
"""

import importlib
import inspect
import os
import re

import pytest

from bench import plugins
from bench.plugins import names
from bench.testing import Contract, check_dataset

PLUGINS = [(kind, name) for kind in plugins.FOLDERS for name in plugins._own(kind)]


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    """Data sets that are kept on disk are not kept among the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


class TestEveryPlugin(Contract):
    methods = names("method")
    backbones = names("backbone")
    metrics = names("metric")
    wrappers = names("wrapper")
    datasets = [name for name in names("dataset") if name != "dsprites"]


@pytest.mark.skipif(
    not os.environ.get("BENCH_SLOW_TESTS"), reason="renders all of dSprites (360 MiB): set BENCH_SLOW_TESTS=1"
)
def test_dsprites():
    check_dataset("dsprites")


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_a_plugin_is_the_one_public_name_of_its_file(kind, name):
    plugin = plugins.load(kind, name)
    module = importlib.import_module(plugin.__module__)
    assert module.__name__ == f"{plugins.FOLDERS[kind]}.{name}"
    assert module.__all__ == [plugin.__name__]
    if kind not in ("dataset", "wrapper"):
        assert re.search(r"\b(19|20)\d\d\b", inspect.getdoc(module)), "cites a paper, with its year"
