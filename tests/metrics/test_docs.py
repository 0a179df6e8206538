"""The figures of docs/metrics.md are those of the run that it names."""

import csv
import re
from pathlib import Path

import pytest

from bench import plugins
from bench.scoring.protocol import Protocol
from metrics import _registry

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def values():
    """Rounded values by score, code and protocol."""
    with (DOCS / "calibration" / "dsprites.csv").open() as file:
        return {(r["name"], r["code"], r["protocol"]): f"{float(r['value']):.3f}" for r in csv.DictReader(file)}


@pytest.fixture(scope="module")
def tables():
    """The lines of each table, as cells; the first is the head."""
    found, lines = [], (DOCS / "metrics.md").read_text(encoding="utf-8").splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|"):
            found += [] if before.startswith("|") else [[]]
            found[-1].append([cell.strip(" `") for cell in line.strip("|").split("|")])
    return found


def of_default(values, name, code):
    """The value of the protocol without a changed argument: of 10,000 rows and 20 bins where there are bins."""
    usual = [p for n, c, p in values if (n, c) == (name, code) and "n1000-" not in f"{p}-"]
    return {values[name, code, p] for p in usual if "bins" not in p or "bins20" in p}


def test_the_codes_by_every_score(values, tables):
    (_, *codes), _, *rows = tables[0]
    assert {name for name, *_ in rows} == {name for name, _, _ in values}
    for name, *cells in rows:
        for code, cell in zip(codes, cells, strict=True):
            assert {cell} == of_default(values, name, code), (name, code)


def test_what_a_score_cannot_tell_from_a_perfect_code(values, tables):
    codes = tables[0][0][2:-2]
    for name, blind in tables[1][2:]:
        perfect = float(*of_default(values, name, "perfect"))
        close = [c for c in codes[1:] if abs(float(*of_default(values, name, c)) - perfect) <= 0.02]
        assert blind.split(", ") == close, name


def test_rows_and_bins(values, tables):
    for name, n, bins, *cells in tables[2][2:]:
        words = {f"n{n.replace(',', '')}"} | ({f"bins{bins}"} if bins else set())
        for code, cell in zip(("perfect", "noise 0.3", "pure noise"), cells, strict=True):
            of = {
                v
                for (m, c, p), v in values.items()
                if (m, c) == (name, code) and words <= set(p.split(":")[1].split("-"))
            }
            assert cell in of, (name, n, bins, code)


@pytest.mark.parametrize("name", _registry.own())
def test_every_metric_is_described_with_its_protocol(name):
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^### {name}\n((?:(?!#).*\n?)*)", text, re.MULTILINE)
    usual = Protocol(name, plugins.resolve("metric", name, {}))
    assert f"Protocol: `{usual.id}`" in section
