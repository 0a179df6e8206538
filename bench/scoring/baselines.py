"""Rows for comparison: codes that no method of the study learnt, scored like a run's by the same protocols and rows.

A baseline is stored as a run of the study's spec with its own name in place of a method: it shares data set, z_dim and
seed with the runs it stands beside, and a report needs to know nothing more. None has made an update but `supervised`.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA, FastICA
from sklearn.exceptions import ConvergenceWarning

from bench.data._base import FactorDataset
from bench.plugins import Params
from bench.scoring.evaluate import evaluation_rows, scores_of
from bench.scoring.protocol import Facts, Protocol
from bench.scoring.supervised import explained, train_supervised
from bench.seeds import stream, word
from bench.spec import Record, RunSpec, ScoreFile
from bench.training.build import build
from bench.training.encode import Diagnostics, code_diagnostics, encode, part_diagnostics, reconstruction
from bench.training.loop import History, Watch
from metrics._analytic import scaled
from metrics._codes import Posterior

ROWS_FITTED = 10_000  # observations that PCA and ICA see, drawn from a stream of the seed
BLOCK = 4096  # observations in memory at once


@dataclass(frozen=True)
class BaselineCodes:
    """Codes of a whole data set (a row of `everything` each), and what is said of the code beside its scores.

    everything: None where a training did not end in any. ended, history: of a code that was trained.
    """

    everything: Posterior | None
    diagnostics: Diagnostics
    definitions: Params
    ended: Record | None = None
    history: History = field(default_factory=list)


def record_of(codes: BaselineCodes, spec: RunSpec, dataset: FactorDataset, seconds_scoring: float) -> Record:
    """What is told of a baseline."""
    ended = codes.ended or Record(key=spec.key, spec=spec, status="done", cost={"updates": 0.0})
    today = datetime.now(UTC).date().isoformat()
    return msgspec.structs.replace(
        ended,
        definitions=codes.definitions,
        diagnostics=codes.diagnostics,
        factors=list(dataset.names),
        evaluation=Facts.of(dataset).stated,
        cost={"finished": today, **ended.cost, "seconds_scoring": seconds_scoring},
    )


def score(
    codes: BaselineCodes, spec: RunSpec, dataset: FactorDataset, protocols: Sequence[Protocol], repeats: int
) -> list[ScoreFile]:
    """Every protocol on every repeat, on the rows and with the random numbers of a run of this seed."""
    everything = codes.everything
    if everything is None:
        return []

    def posterior(p: Protocol, repeat: int) -> Posterior:
        return everything.rows(dataset.to_score if p.on_table else evaluation_rows(spec, dataset, repeat))

    return scores_of(protocols, repeats, spec.seed, posterior)


def untrained(spec: RunSpec, dataset: FactorDataset, device: str, watch: Watch) -> BaselineCodes:
    """The encoder at the initial weights of this seed, which every method starts from."""
    plain = msgspec.structs.replace(spec, method="vae", params={}, precision=msgspec.UNSET)
    method = build(plain, dataset.shape).to(device)
    where = torch.device(device)
    rows = encode(method.backbone, dataset, evaluation_rows(spec, dataset, 0), where)
    told = reconstruction(method.backbone, dataset, rows, spec.seed, where)
    told |= part_diagnostics(method.backbone, dataset, spec.seed, where)
    told |= code_diagnostics(rows, stream(spec.seed, "diagnostics"))
    del told["collapsed"]  # which is said of a training
    return BaselineCodes(encode(method.backbone, dataset, np.arange(len(dataset)), where), told, {})


def linear(spec: RunSpec, dataset: FactorDataset, device: str, watch: Watch, *, independent: bool) -> BaselineCodes:
    """The first z_dim principal components of the observations or, rotated and scaled, independent components of these.

    Hyvarinen & Oja 2000 (FastICA, log cosh). mse: squared error per element of the observations put together again.
    """
    rng = stream(spec.seed, "baseline rows")
    fitted = dataset.x(_rows_fitted(dataset, rng))
    flat = fitted.reshape(len(fitted), -1)
    state = word(spec.seed, "baseline", "components") % 2**32
    pca = PCA(min(spec.z_dim, flat.shape[1]), svd_solver="randomized", random_state=state).fit(flat)
    definitions: Params = {"rows": len(flat)}
    turn = None
    if independent:
        turn = FastICA(whiten="unit-variance", max_iter=1000, tol=1e-3, random_state=state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            turn.fit(pca.transform(flat))
        definitions["converged"] = bool(turn.n_iter_ < 1000)
    parts, errors = [], []
    for at in range(0, len(dataset), BLOCK):
        x = dataset.x(np.arange(at, min(at + BLOCK, len(dataset)))).reshape(-1, flat.shape[1])
        z = pca.transform(x)
        errors.append(np.square(pca.inverse_transform(z) - x).mean(axis=1))
        parts.append(z if turn is None else turn.transform(z))
    # Of a rotation of the components the observations put together again are the same.
    mse = float(np.concatenate(errors)[evaluation_rows(spec, dataset, 0)].mean())
    return BaselineCodes(_certain(np.concatenate(parts), dataset), {"mse": mse}, definitions)


def chance(spec: RunSpec, dataset: FactorDataset, device: str, watch: Watch) -> BaselineCodes:
    """z_dim dimensions of normal noise that know nothing."""
    noise = stream(spec.seed, "baseline", "chance").standard_normal((len(dataset), spec.z_dim))
    return BaselineCodes(_certain(noise, dataset), {}, {})


def ceiling(spec: RunSpec, dataset: FactorDataset, device: str, watch: Watch) -> BaselineCodes:
    """The factors themselves, each in a dimension of its own: the code that `bench calibrate` calls perfect."""
    z = scaled(dataset.v, dataset.sizes)
    for name, values in dataset.numbers.items():
        z[:, dataset.names.index(name)] = (values - np.nanmean(values)) / np.nanstd(values)
    return BaselineCodes(_certain(z, dataset), {}, {})


def supervised(spec: RunSpec, dataset: FactorDataset, device: str, watch: Watch) -> BaselineCodes:
    """The encoder trained on the factors, dimension k on factor k; the dimensions beyond them are set to 0.

    Left free they would know of every factor, as the layers below them do, and cost the gap that MIG measures.
    r2_per_factor: share of each factor's variance that its dimension explains, on the evaluation rows.
    """
    found = train_supervised(spec, dataset, device, watch)
    if found.codes is None:
        return BaselineCodes(None, {}, found.record.definitions, found.record, found.history)
    rows = evaluation_rows(spec, dataset, 0)
    codes = np.pad(found.codes, ((0, 0), (0, spec.z_dim - found.codes.shape[1])))
    told: Diagnostics = {"r2_per_factor": explained(found.codes[rows], found.y[rows])}
    return BaselineCodes(_certain(codes, dataset), told, found.record.definitions, found.record, found.history)


BASELINE_CODES: dict[str, Callable[[RunSpec, FactorDataset, str, Watch], BaselineCodes]] = {
    "chance": chance,
    "untrained": untrained,
    "pca": partial(linear, independent=False),
    "ica": partial(linear, independent=True),
    "supervised": supervised,
    "ceiling": ceiling,
}


def _certain(z: NDArray[np.floating], dataset: FactorDataset) -> Posterior:
    """Codes without uncertainty: a sample of them is their mean."""
    mu = z.astype(np.float32)
    every = np.arange(len(dataset))
    return Posterior(mu, np.full_like(mu, -np.inf), dataset.v, every, dataset.numbers_at(every))


def _rows_fitted(dataset: FactorDataset, rng: np.random.Generator) -> NDArray[np.integer]:
    """Rows without replacement; where training draws some more often than others, as training draws them."""
    n = min(ROWS_FITTED, len(dataset))
    rows = rng.choice(len(dataset), n, replace=False) if dataset.weights is None else dataset.drawn(rng, (n,))
    return np.sort(rows)
