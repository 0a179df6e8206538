"""Which rows a picture of a data set shows, and that each kind of observation gets one."""

from dataclasses import replace

import numpy as np
import pytest

from bench.pictures.data_sheet import COLUMNS, sheet, traversed
from bench.report.figures.style import styled


def test_a_line_moves_one_factor_over_its_values(toy):
    for k, rows in enumerate(traversed(toy)):
        v = toy.v[rows]
        assert len(v) == min(COLUMNS, toy.sizes[k])
        assert (np.diff(v[:, k].astype(int)) > 0).all()
        assert (v[0, k], v[-1, k]) == (0, toy.sizes[k] - 1)
        assert (np.delete(v, k, axis=1) == np.delete(v[0], k)).all()


def test_all_lines_pass_through_one_row(toy):
    through = [{tuple(v) for v in toy.v[rows].tolist()} for rows in traversed(toy)]
    assert len(set.intersection(*through)) == 1


def test_rows_that_are_not_there_are_left_out(toy):
    """Three rows: the first, one that differs from it in both factors, and one that does in one."""
    v = np.array([[0, 0], [1, 1], [1, 0]])
    few = replace(toy, observations=toy.observations[:3], v=v, names=("a", "b"), sizes=(3, 2))
    assert [rows.tolist() for rows in traversed(few)] == [[0, 2], [0]]


def test_of_a_sample_the_nearest_rows_are_shown(toy):
    """Every value that occurs is there, in a row whose other factors are as near to the one row's as any."""
    rng = np.random.default_rng(0)
    x = rng.random(60)
    v = np.stack([rng.integers(3, size=60), (20 * x).astype(int), rng.integers(-1, 4, 60)], axis=1)
    few = replace(
        toy,
        observations=np.zeros((60, 64), np.uint8),
        v=v,
        names=("a", "b", "c"),
        sizes=(3, 20, 4),
        sampled=True,
        unordered=("a",),
        numbers={"b": x},
        binned="vwidth20",
    )
    rows = traversed(few)
    known = (v >= 0).all(axis=1)
    base = set.intersection(*({tuple(row) for row in v[r].tolist()} for r in rows[::2])).pop()

    def apart(row, k):
        each = [row[0] != base[0], abs(row[1] - base[1]) / 19, abs(row[2] - base[2]) / 3]
        return sum(each) - each[k]

    for k, chosen in enumerate(rows):
        assert known[chosen].all()
        values = np.unique(v[known, k])
        assert len(chosen) == min(COLUMNS, len(values))
        for row in chosen:
            others = [apart(v[i], k) for i in np.flatnonzero(known & (v[:, k] == v[row, k]))]
            assert apart(v[row], k) == pytest.approx(min(others))
    with styled():
        titles = [ax.get_title("left") for ax in sheet(few).axes]
    assert titles[COLUMNS] == f"{x[rows[1][0]]:.3g}", "a continuous factor's true value"


@pytest.mark.parametrize(
    ("shape", "kind", "likelihood", "panels"),
    [
        ((3, 4, 5), "image", "bernoulli", 2 * COLUMNS),
        ((1, 4, 5), "image", "gaussian", 2 * COLUMNS),
        ((6,), "vector", "gaussian", 2),
        ((2, 9), "sequence", "gaussian", 2),
        ((4, 9), "sequence", "categorical", 2 * COLUMNS),
    ],
)
def test_observations_are_drawn_as_their_kind_asks(toy, shape, kind, likelihood, panels):
    v = np.stack(np.unravel_index(np.arange(12), (4, 3)), axis=1)
    x = np.random.default_rng(0).random((12, *shape), dtype=np.float32)
    data = replace(
        toy, observations=x, v=v, names=("a", "b"), sizes=(4, 3), shape=shape, kind=kind, likelihood=likelihood
    )
    with styled():
        axes = sheet(data).axes
    assert len(axes) == panels
    base = traversed(data)[1][2]
    first = axes[COLUMNS + 2] if panels > 2 else axes[1]
    if panels == 2:
        np.testing.assert_array_equal(first.lines[-1].get_ydata(), np.atleast_2d(x[base])[-1])
    else:
        shown = np.asarray(first.images[0].get_array())
        channels = x[base] if x.ndim == 4 else x[base][None]
        np.testing.assert_array_equal(np.moveaxis(shown, -1, 0)[: len(channels)], channels)
