"""Numbers as tables, figures and the terminal write them."""

import re
from pathlib import Path

import numpy as np
import pytest

from bench.quantities import fixed

BENCH = Path(__file__).parents[2] / "bench"
OWN_FORMAT = re.compile(r"(?<!%)\{[^{}]*:\.(?:[2-9]|\{\w+\})f\}")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (-0.0004, 3, "0.000"),
        (-0.0, 1, "0.0"),
        (-0.0005001, 3, "-0.001"),
        (0.0004, 3, "0.000"),
        (np.float32(-1e-9), 2, "0.00"),
        (np.float64(-1.25), 1, "-1.2"),
        (float("nan"), 2, "nan"),
    ],
)
def test_what_rounds_to_zero_has_no_sign(value, digits, text):
    assert fixed(value, digits) == text


@pytest.mark.parametrize("room", ["report", "scoring", "pictures", "cli"])
def test_there_is_one_way_to_write_decimals(room):
    others = [path.name for path in (BENCH / room).rglob("*.py") if OWN_FORMAT.search(path.read_text("utf-8"))]
    assert others == []
