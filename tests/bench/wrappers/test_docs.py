"""What docs/wrappers.md shows is what there is."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "wrappers.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", re.findall(r"^    python -m bench (run .*)$", PAGE, re.MULTILINE))
def test_its_commands_are_understood(bench, command):
    _, *words = shlex.split(command)
    code, _, err = bench("plan", "--no-calibration", *words)
    assert (code, err) == (0, "")


def test_its_wrapper_works(grid):
    defined = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], defined)
    wrapped = defined["left_half"](grid, factor="x")
    assert np.array_equal(wrapped.weights > 0, grid.v[:, 2] < 5)
    assert grid.weights is None


def test_every_wrapper_and_argument_has_its_row():
    from bench import plugins

    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert set(rows) >= set(plugins._own("wrapper"))  # the page's table of metrics has rows of its own
    for name in plugins._own("wrapper"):
        text = rows[name]
        assert [a for a in plugins.defaults("wrapper", name) if f"`{a}=" not in text and f"`{a}`" not in text] == []
