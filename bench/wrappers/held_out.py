"""Combinations never trained on. Montero et al., The Role of Disentanglement in Generalisation, ICLR 2021."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.seeds import stream
from bench.wrappers._factors import Mask, columns_of, conditions_of, known, training_weights, weighted
from bench.wrappers._noise import check_seed

__all__ = ["held_out"]


def held_out(
    dataset: FactorDataset, *, factors: str = "", fraction: float = 0.25, where: str = "", seed: int = 0
) -> FactorDataset:
    """Training never draws some combinations of factor values; reconstruction is told apart for `seen` and `unseen`.

    Either factors: two or more with colons between (`shape:posX`), of whose combinations a `fraction` is held out,
    drawn with `seed`; or where: conditions on indices with commas between (`shape=2,posX>=8`), all of which a row that
    is held out meets, and fraction and seed do nothing. Every single value of these factors is still seen; rows of
    which one is not known are neither drawn nor of a part. Rows to score stay as they are, and the parts `seen` and
    `unseen` are theirs.

    BenchError for unknown factors, or where a value would never be seen.
    """
    check_seed("held_out", seed)
    if bool(factors) == bool(where):
        raise BenchError(
            "held_out: expected either factors=, such as "
            f"{':'.join(dataset.names[:2])}, or where=, such as {dataset.names[0]}=0,{dataset.names[-1]}>=1"
        )
    if where:
        conditions = conditions_of("held_out.where", where, dataset.names)
        columns = tuple(sorted({c.column for c in conditions}))
        weights = training_weights(dataset, columns)
        unseen = np.logical_and.reduce([c.met(dataset.v) for c in conditions]) & known(dataset, columns)
    else:
        columns = columns_of("held_out.factors", factors, dataset.names)
        weights = training_weights(dataset, columns)
        unseen = _fraction(dataset, weights > 0, columns, fraction, seed) & known(dataset, columns)
    _check(dataset, weights > 0, unseen, columns, f"held_out.{'where' if where else 'factors'}={where or factors}")
    weights[unseen] = 0
    rows = dataset.to_score[known(dataset, columns)[dataset.to_score]]
    parts = {"seen": rows[~unseen[rows]], "unseen": rows[unseen[rows]]}
    if not all(map(len, parts.values())):
        raise BenchError("held_out: all rows to score are of one kind, seen or unseen: nothing to tell apart")
    trained = {"train": np.flatnonzero(weights)} if "train" in dataset.parts else {}
    return weighted("held_out", replace(dataset, parts={**dataset.parts, **trained, **parts}), weights)


def _fraction(dataset: FactorDataset, drawn: Mask, columns: tuple[int, ...], fraction: float, seed: int) -> Mask:
    """Which rows are of a combination held out: of those that training draws a fraction, no value's last among them."""
    if not 0 < fraction < 1:
        raise BenchError(f"held_out.fraction={fraction}: expected a number between 0 and 1")
    sizes = tuple(dataset.sizes[k] for k in columns)
    cell = np.ravel_multi_index(tuple(dataset.v[:, k].clip(0) for k in columns), sizes)
    cells = np.unique(cell[drawn])
    values = np.stack(np.unravel_index(cells, sizes), axis=1)  # (cells, columns)
    wanted, held = max(1, round(fraction * len(cells))), _spared(values, stream(seed, "wrapper", "held_out"))
    if len(held) < wanted:
        raise BenchError(
            f"held_out.fraction={fraction}: at most {len(held)} of {len(cells)} combinations can be held out with "
            f"every value still seen, {wanted} are asked for"
        )
    return np.isin(cell, cells[held[:wanted]])


def _spared(values: NDArray[np.integer], rng: np.random.Generator) -> list[int]:
    """In random order all combinations that can be held out one after another, each value left in another one."""
    left = [np.bincount(column) for column in values.T]
    held = []
    for c in rng.permutation(len(values)):
        if all(count[value] > 1 for count, value in zip(left, values[c], strict=True)):
            held.append(int(c))
            for count, value in zip(left, values[c], strict=True):
                count[value] -= 1
    return held


def _check(dataset: FactorDataset, drawn: Mask, unseen: Mask, columns: tuple[int, ...], given: str) -> None:
    if len(columns) < 2:
        raise BenchError(f"{given}: expected two factors or more, whose combinations are held out")
    if not (drawn & unseen).any():
        raise BenchError(f"{given}: no row that training draws is held out")
    for k in columns:
        lost = np.setdiff1d(dataset.v[drawn, k], dataset.v[drawn & ~unseen, k])
        if len(lost):
            raise BenchError(
                f"{given}: value {lost[0]} of {dataset.names[k]} would never be seen: expected combinations of values "
                "that are seen"
            )
