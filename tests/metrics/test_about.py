import csv
import re
from pathlib import Path

import pytest

from bench import plugins
from bench.scoring.protocol import Protocol, explained
from metrics import _registry
from metrics._about import About
from metrics._codes import MetricError

FIGURE = re.compile(r"\d\.\d{3}")


@pytest.fixture(scope="module")
def calibrated():
    """What `bench calibrate` found on a grid for a code: score and value, by the default protocol or by any."""
    folder, found = Path(__file__).parents[2] / "docs" / "calibration", {}
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8") as file:
            found[path.stem] = list(csv.DictReader(file))

    def values(grid, metric, code, *, default=True):
        usual = Protocol(metric, plugins.resolve("metric", metric, {}), "given").id
        rows = [r for r in found[grid] if (r["metric"], r["code"]) == (metric, code)]
        return [f"{float(r['value']):.3f}" for r in rows if not default or r["protocol"] == usual]

    return values


@pytest.mark.parametrize("name", _registry.own())
@pytest.mark.parametrize(("said", "code"), [("chance", "pure noise"), ("ceiling", "perfect")])
def test_its_figures_are_those_of_the_calibration(calibrated, name, said, code):
    """The first outside brackets is of the first score by the default protocol; without one the text says 1."""
    text = getattr(_registry.about(name), said)
    elsewhere = re.findall(r"(\S+) on sprites32", text)
    assert set(elsewhere) <= set(calibrated("sprites32", name, code) if elsewhere else ())
    first = FIGURE.search(re.sub(r"\(.*?\)", "", text))
    assert (first[0] if first else f"{text[0]}.000") == calibrated("dsprites", name, code)[0]
    figures = set(FIGURE.findall(text)) - set(elsewhere)
    blurred = ["noise 1"] if "noise of 1 standard deviation" in text else []
    assert figures <= {v for c in (code, *blurred) for v in calibrated("dsprites", name, c, default=False)}
    if re.search("0 for (collapsed codes|a dead dimension)", text):
        assert set(calibrated("dsprites", name, "all dead")) == {"0.000"}


@pytest.mark.parametrize("name", _registry.own())
def test_every_metric_says_how_to_read_it(name):
    about = _registry.about(name)
    assert isinstance(about, About)
    assert all(isinstance(text, str) and (text or text is about.order) and "\n" not in text for text in about)
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
