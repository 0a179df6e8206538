"""Evaluation rows, and the scores of posteriors by every protocol."""

import time
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.scoring.protocol import EVALUATION_ROWS, Protocol
from bench.seeds import stream
from bench.spec import Repeat, RunSpec, ScoreFile
from bench.store.files import Arrays, Damaged
from bench.training.build import build
from methods._base import Method
from metrics._checks import coarse
from metrics._codes import Codes, Floats, MetricError, Posterior, Scores


def restored(spec: RunSpec, weights: Arrays, x_shape: tuple[int, ...], device: str) -> Method:
    """The trained method of a run from its stored weights. Damaged where these are not the weights of its method."""
    method = build(spec, x_shape)
    tensors = {name: torch.from_numpy(np.array(w)) for name, w in weights.items()}
    expected = {name: (w.shape, w.dtype) for name, w in method.state_dict().items()}
    found = {name: (w.shape, w.dtype) for name, w in tensors.items()}
    if found != expected:
        wrong = sorted(name for name in {**expected, **found} if expected.get(name) != found.get(name))
        raise Damaged(f"{spec.key}/model.safetensors: not the tensors of {spec.method}: {', '.join(wrong[:3])}")
    method.load_state_dict(tensors)
    return method.to(device).eval()


def scores_of(
    protocols: Sequence[Protocol], repeats: int, seed: int, posterior: Callable[[Protocol, int], Posterior]
) -> list[ScoreFile]:
    """Every protocol on every repeat of the `posterior` that it is given for it."""
    files = []
    for p in protocols:
        scored = [evaluate(p, p.drawn(posterior(p, r), seed, r), seed, r) for r in range(repeats)]
        files.append(ScoreFile(protocol=p.id, metric=p.metric, params=p.params, repeats=scored))
    return files


def evaluate(protocol: Protocol, codes: Codes, seed: int, repeat: int) -> Repeat:
    """One evaluation of one protocol.

    What the metric refuses to score is skipped, with its reason: the same codes would be refused again.
    """
    start, scores, skipped, notes = time.perf_counter(), Scores({}), protocol.lacking, list[str]()
    if not skipped:
        try:
            scores = protocol.call(codes, stream(seed, "metric", protocol.id, repeat), **protocol.params)
            notes = [*scores.notes, *coarse(codes.z)]
        except MetricError as error:
            skipped = str(error)
    return Repeat(
        repeat=repeat,
        values=scores.values,
        per_factor={name: _listed(values) for name, values in scores.per_factor.items()},
        matrices={name: [_listed(row) for row in matrix] for name, matrix in scores.matrices.items()},
        seconds=time.perf_counter() - start,
        skipped=skipped,
        notes=notes or msgspec.UNSET,
    )


def evaluation_rows(spec: RunSpec, dataset: FactorDataset, repeat: int) -> NDArray[np.int64]:
    """Rows drawn independently and uniformly from those to score, apart from every training batch's stream.

    Of those of which every factor is known, or of all where there are none; of a sampled data set without replacement.
    """
    rng, rows = stream(spec.seed, "evaluation rows", repeat), dataset.population
    if dataset.sampled:
        return rng.permutation(rows)[:EVALUATION_ROWS]
    return rows[rng.integers(len(rows), size=EVALUATION_ROWS)]


def _listed(values: Floats) -> list[float | None]:
    """As JSON: nan, which a metric gives where it is undefined, as null."""
    return [None if np.isnan(value) else float(value) for value in values]
