"""What is asked of what changes a data set."""

import numpy as np

from bench import plugins
from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.testing._parts import expect

SIZES = (3, 4, 5)
ROWS = 60


def it_makes_the_same_data_set_each_time(name: str) -> None:
    """By its defaults it makes of 60 binary images the same each time, or refuses them in one line that names it.

    The rows are those that it was given, in their order, and what it was given is left as it was.
    """
    given = _images()
    before = given.x(np.arange(ROWS))
    try:
        a, b = (plugins.load("wrapper", name)(given) for _ in range(2))
    except BenchError as error:
        text = str(error)
        expect(text.startswith(name) and "\n" not in text, name, f"refuses with {text!r}", "one line that begins so")
        return
    expect(isinstance(a, FactorDataset), name, f"makes {type(a)}", "a bench.data._base.FactorDataset")
    expect(len(a) == ROWS and np.array_equal(a.v, given.v), name, "alters rows or factors", "those that it was given")
    expect(a.sha256 == given.sha256, name, "alters sha256", "that of the data set without wrappers")
    x, again = a.x(np.arange(ROWS)), b.x(np.arange(ROWS))
    found = x.shape, x.dtype
    expect(found == ((ROWS, *a.shape), np.dtype("float32")), name, f"x is {found}", f"{(ROWS, *a.shape)}, float32")
    some = np.array([7, 3, 7])
    same = np.array_equal(x, again) and np.array_equal(a.x(some), x[some])
    expect(same, name, "gives a row other observations at another call", "a function of the row alone")
    one, other = (d.drawn(np.random.default_rng(0), (1000,)) for d in (a, b))
    expect(np.array_equal(one, other), name, "draws other rows when made again", "the same rows")
    expect(np.array_equal(a.to_score, b.to_score), name, "scores other rows when made again", "the same rows")
    kept = np.array_equal(given.x(np.arange(ROWS)), before) and given.weights is None and given.scored is None
    expect(kept, name, "alters the data set that it is given", "that it is left as it was")


CHECKS = (it_makes_the_same_data_set_each_time,)


def _images() -> FactorDataset:
    v = np.stack(np.unravel_index(np.arange(ROWS), SIZES), axis=1)
    bits = np.random.default_rng(0).integers(2, size=(ROWS, 64), dtype=np.uint8)
    return FactorDataset(np.packbits(bits, axis=1), v, ("a", "b", "c"), SIZES, (1, 8, 8), "0" * 64, packed=True)
