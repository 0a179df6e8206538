"""What every plugin does, of this suite and of packages installed beside it. A new file is picked up here by itself.

The promises are `bench.testing`'s, which other packages run over their own plugins; here are also those of this house.
"""

import importlib
import inspect
import os
import re
import sys

import pytest

from bench import plugins
from bench.data._files.original import place
from bench.plugins import names
from bench.testing import Contract, check_dataset


def files_of(name):
    """The published files that a data set cannot do without."""
    about = getattr(sys.modules[plugins.load("dataset", name).__module__], "ABOUT", None)
    return () if about is None or about.made_here else about.files


READ = [name for name in plugins._own("dataset") if files_of(name)]
OWN = ("image_folder", "npz", "table")  # read what is the user's, as do tests/bench/data/_own/test_factors.py
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
    datasets = [name for name in names("dataset") if name not in ("dsprites", *READ, *OWN)]


@pytest.mark.skipif(
    not os.environ.get("BENCH_SLOW_TESTS"), reason="renders all of dSprites (360 MiB): set BENCH_SLOW_TESTS=1"
)
def test_dsprites():
    check_dataset("dsprites")


@pytest.mark.parametrize("name", READ)
def test_a_data_set_of_published_files(name):
    """Where they are; tests/bench/data has each loader on a small file in the published format."""
    missing = [file.name for file in files_of(name) if not (place(name) / file.name).is_file()]
    if missing or not os.environ.get("BENCH_SLOW_TESTS"):
        pytest.skip(f"needs {', '.join(missing) or 'minutes'}: python -m bench data fetch {name}, BENCH_SLOW_TESTS=1")
    check_dataset(name)


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_a_plugin_is_the_one_public_name_of_its_file(kind, name):
    plugin = plugins.load(kind, name)
    module = importlib.import_module(plugin.__module__)
    assert module.__name__ == f"{plugins.FOLDERS[kind]}.{name}"
    assert module.__all__ == [plugin.__name__]
    if kind not in ("dataset", "wrapper"):
        assert re.search(r"\b(19|20)\d\d\b", inspect.getdoc(module)), "cites a paper, with its year"
