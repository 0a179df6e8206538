"""A split of the rows into those to train on, to validate with and to test on."""

import math
from dataclasses import replace

import numpy as np

from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.seeds import stream
from bench.wrappers._factors import check_scored, training_weights, weighted
from bench.wrappers._noise import check_seed

__all__ = ["split"]

PARTS = ("train", "validation", "test")


def split(
    dataset: FactorDataset, *, train: float = 0.8, validation: float = 0.1, score: str = "test", seed: int = 0
) -> FactorDataset:
    """Rows at random, by `seed`, in three parts: a fraction to train on, one to validate with, and the rest to test on.

    Training draws from the first alone; metrics and diagnostics are of the part that `score` names; reconstruction is
    told apart for each part. A validation of 0 leaves that part out. BenchError for fractions that leave no test rows,
    and where a part is empty or tells no factor's values apart. It comes before `held_out`, whose parts are those
    of the rows to score.
    """
    check_seed("split", seed)
    for name, fraction in {"train": train, "validation": validation}.items():
        if not 0 <= fraction < 1 or (name == "train" and fraction == 0):
            raise BenchError(f"split.{name}={fraction}: expected a fraction between 0 and 1")
    if train + validation >= 1 - 1e-9:
        raise BenchError(
            f"split.train={train}, split.validation={validation}: expected a sum below 1, to test on the rest"
        )
    if score not in PARTS:
        raise BenchError(f"split.score={score}: expected one of {', '.join(PARTS)}")
    if dataset.parts:
        raise BenchError(f"split: put it before what makes the parts {', '.join(dataset.parts)}")
    order = stream(seed, "wrapper", "split").permutation(len(dataset))
    ends = [round(train * len(dataset)), round(math.fsum((train, validation)) * len(dataset))]
    parts = {name: np.sort(rows) for name, rows in zip(PARTS, np.split(order, ends), strict=True)}
    weights = training_weights(dataset)
    weights[np.concatenate([parts["validation"], parts["test"]])] = 0
    parts["train"] = np.flatnonzero(weights)
    if validation == 0:
        del parts["validation"]
    if empty := [name for name in PARTS if name in parts and not len(parts[name])] or [score] * (score not in parts):
        raise BenchError(f"split: no rows in the part {empty[0]}, of {len(dataset)} in all")
    scored = parts[score] if dataset.scored is None else np.intersect1d(dataset.scored, parts[score])
    wrapped = replace(dataset, parts=parts, scored=scored)
    return check_scored("split", weighted("split", wrapped, weights))
