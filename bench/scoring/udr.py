"""UDR of stored runs: how far runs that differ in their seed alone agree, from their codes of the same rows."""

from collections import defaultdict

import numpy as np
import torch

from bench.datasets import load_dataset
from bench.plugins import Params
from bench.quantities import BASELINES
from bench.scoring.evaluate import restored
from bench.seeds import SEARCH_SEEDS, stream
from bench.spec import Record, Repeat, ScoreFile, setting_id
from bench.store.files import Damaged
from bench.store.store import Store
from bench.training.encode import encode
from metrics._codes import Posterior
from metrics._protocol import protocol_id
from metrics._udr import Udr, udr

FEWEST = 5  # runs of a setting, for a median over the others
ROWS = 1_000
ALPHA, MIN_KL = 0.1, 0.01  # the Lasso's penalty; nats of a dimension that counts


def udr_scores(store: Store, device: str = "cpu") -> tuple[list[tuple[Record, ScoreFile]], int]:
    """UDR of each done run, of both kinds; and how many settings have too few runs for it.

    UDR ranks runs by each other, so that it is no score of a run alone and does not lie beside it: a further seed
    changes it, and the protocol names the number of runs. The rows that are encoded are drawn without replacement from
    a stream of their own, and are the same for every run of a data set. Runs that are damaged are noted in the store.
    """
    settings: dict[str, list[Record]] = defaultdict(list)
    for record in store:
        learnt = record.status == "done" and record.spec.method not in BASELINES
        if learnt and record.spec.seed < SEARCH_SEEDS:
            settings[setting_id(record.spec)].append(record)
    scores: list[tuple[Record, ScoreFile]] = []
    few = 0
    for records in settings.values():
        known = [(r, p) for r in records if (p := _posterior(r, store, device)) is not None]
        if len(known) < FEWEST:
            few += 1
            continue
        scores += _scored(known)
    return scores, few


def agreement(store: Store, records: list[Record], device: str = "cpu") -> list[float]:
    """UDR (Lasso) of each of these done runs, which differ in their seed alone. Damaged where one cannot be read."""
    known = [(r, p) for r in records if (p := _posterior(r, store, device)) is not None]
    if len(known) < len(records):
        raise Damaged("; ".join(store.damaged[r.key] for r in records if r.key in store.damaged))
    return [float(score) for score in _udr(known).lasso]


def _udr(known: list[tuple[Record, Posterior]]) -> Udr:
    return udr([(p.mu, p.logvar) for _, p in known], n_rows=len(known[0][1].index), alpha=ALPHA, min_kl=MIN_KL)


def _scored(known: list[tuple[Record, Posterior]]) -> list[tuple[Record, ScoreFile]]:
    n_rows, alpha, min_kl = len(known[0][1].index), ALPHA, MIN_KL
    scores = _udr(known)
    stated: Params = {"n_rows": n_rows, "alpha": alpha, "min_kl": min_kl, "models": len(known)}
    files = [
        ScoreFile(
            protocol=protocol_id("udr", stated, "mean"),
            metric="udr",
            params=stated,
            repeats=[Repeat(repeat=0, values={"udr_lasso": float(lasso), "udr_spearman": float(spearman)})],
        )
        for lasso, spearman in zip(scores.lasso, scores.spearman, strict=True)
    ]
    return [(record, file) for (record, _), file in zip(known, files, strict=True)]


def _posterior(record: Record, store: Store, device: str) -> Posterior | None:
    """The posterior of the common rows, encoded from the weights; None where these cannot be trusted."""
    dataset = load_dataset(record.spec.dataset)
    rows = dataset.to_score
    index = stream(0, "udr rows").choice(rows, min(ROWS, len(rows)), replace=False)
    try:
        method = restored(record.spec, store.weights(record.key), dataset.shape, device)
    except Damaged as error:
        store.damaged[record.key] = str(error)
        return None
    return encode(method.backbone, dataset, np.sort(index), torch.device(device))
