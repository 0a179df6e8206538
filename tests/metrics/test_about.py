import re

import pytest

from bench.protocol import explained
from metrics import _registry
from metrics._about import About
from metrics._codes import MetricError


@pytest.mark.parametrize("name", _registry.own())
def test_every_metric_says_how_to_read_it(name):
    about = _registry.about(name)
    assert isinstance(about, About)
    assert all(isinstance(text, str) and text and "\n" not in text for text in about)
    assert re.search(r"\d to \d, (higher|lower) is better", about.range)
    assert re.search(r"\d", about.chance)
    assert re.search(r"\d", about.ceiling)


def test_the_lines_of_a_metric():
    protocol, meaning, *_ = explained("mig")
    assert protocol == "protocol: mig:bins20-mean-n10000 (on 10,000 rows drawn at random, posterior means)"
    assert meaning.startswith("meaning: how much more the best dimension")
    assert "on the whole data set" in explained("factorvae_score")[0]


def test_names_are_listed_and_unknown_ones_refused():
    assert set(_registry.own()) <= set(_registry.names())
    with pytest.raises(MetricError, match=r"unknown metric 'sp': choose from .* \(did you mean sap\?\)"):
        _registry.load("sp")
