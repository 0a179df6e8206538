"""One run: seed, data, train, encode, score."""

import dataclasses
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

import msgspec
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from bench.data._base import FactorDataset
from bench.datasets import load_dataset
from bench.environment import pinned
from bench.errors import optional
from bench.execution.job import Job, Result
from bench.scoring import baselines
from bench.scoring.baselines import BASELINE_CODES
from bench.scoring.evaluate import evaluation_rows, restored, scores_of
from bench.scoring.protocol import Facts
from bench.seeds import stream, word
from bench.spec import Record, ScoreFile
from bench.store.files import Arrays, Artefacts
from bench.training.batches import Batches
from bench.training.build import build
from bench.training.encode import (
    code_diagnostics,
    encode,
    encoding_speed,
    kl_diagnostics,
    part_diagnostics,
    reconstruction,
)
from bench.training.loop import Watch, train
from bench.training.outcome import outcome
from bench.training.probes import PROBE_ROWS, before, log_every, probe, traversal_rows, undisturbed
from bench.training.process_memory import forget_peak, keep_freed_memory, peak_memory_mb
from methods._base import Method
from metrics._codes import Posterior

DURING_TRAINING = ("recon", "mse", "elbo", "active_units")  # what a history tells if asked, beside the KL per dimension


def trial(job: Job, watch: Watch | None = None) -> Result:
    """Carry a job out. An exception becomes a record of a failed run, with its traceback; the study goes on."""
    try:
        prepare(job)
        if job.done:
            return rescored(job)
        make = made if job.spec.method in BASELINE_CODES else trained
        return make(job, watch or Watch())
    except Exception:
        failed = Record(key=job.spec.key, spec=job.spec, status="failed", error=traceback.format_exc())
        return Result(job, _placed(failed, job), Artefacts())


def prepare(job: Job) -> None:
    """Settle what belongs to the process: threads, by whose number sums round, and the allocator."""
    torch.set_num_threads(job.threads)
    threadpool_limits(job.threads)  # NumPy's and SciPy's, which read the environment only as they load
    keep_freed_memory()


def trained(job: Job, watch: Watch) -> Result:
    """Train a run from its spec and score it."""
    spec, device, forgotten = job.spec, torch.device(job.device), forget_peak()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    dataset = load_dataset(spec.dataset, write=job.keeps)
    method = build(spec, dataset.shape).to(device)
    images: dict[str, bytes] = {}
    start = time.perf_counter()
    training = train(
        method,
        Batches(dataset, spec, method.draws, device),
        spec,
        torch.Generator(device).manual_seed(word(spec.seed, "noise")),
        log_every=log_every(spec),
        on_log=_on_log(job, method, dataset, images, watch.errors),
        watch=watch,
        gathered=images,
    )
    seconds = time.perf_counter() - start
    record, trouble = outcome(spec, method, training), ""
    artefacts = Artefacts(training.history, weights=_weights(method), images=images)
    if record.status == "done" and (job.keeps or job.protocols):
        record, artefacts, trouble = scored(job, method, dataset, record, artefacts)
    scoring = time.perf_counter() - start - seconds
    updates = training.history[-1]["step"]
    cost: dict[str, float | str] = {
        "finished": datetime.now(UTC).date().isoformat(),
        "updates": updates,
        "images_seen": updates * spec.batch_size * method.draws,
        "parameters": float(sum(w.numel() for w in method.parameters())),
        "seconds_training": watch.earlier + seconds,
        "seconds_scoring": scoring,
        "peak_memory_mb": peak_memory_mb(forgotten),
    }
    cost |= {"resumed_at": watch.resumed} if watch.resumed else {}
    cost |= {"peak_gpu_memory_mb": torch.cuda.max_memory_allocated() / 2**20} if device.type == "cuda" else {}
    cost |= encoding_speed(method.backbone, dataset, device) if record.status == "done" else {}
    cost |= watch.errors
    return Result(job, _placed(msgspec.structs.replace(record, cost=cost), job), artefacts, trouble=trouble)


def made(job: Job, watch: Watch) -> Result:
    """Make the code of a baseline from its spec and score it."""
    spec, start = job.spec, time.perf_counter()
    dataset = load_dataset(spec.dataset, write=job.keeps)
    codes = BASELINE_CODES[spec.method](spec, dataset, job.device, watch)
    scores, trouble = attempted(lambda: baselines.score(codes, spec, dataset, job.protocols, job.repeats))
    training = float(codes.ended.cost["seconds_training"]) - watch.earlier if codes.ended else 0.0
    record = baselines.record_of(codes, spec, dataset, time.perf_counter() - start - training)
    return Result(job, _placed(record, job), Artefacts(codes.history, scores=scores), trouble=trouble)


def attempted(score: Callable[[], list[ScoreFile]]) -> tuple[list[ScoreFile], str]:
    """Scores, or why there are none. A metric that raises costs the scores, never the training."""
    try:
        return score(), ""
    except Exception:
        return [], traceback.format_exc()


def scored(
    job: Job, method: Method, dataset: FactorDataset, record: Record, artefacts: Artefacts
) -> tuple[Record, Artefacts, str]:
    """The record with its diagnostics, the artefacts with posterior and scores, and why there are no scores.

    The next run of the study scores it again.
    """
    method.eval()
    device = torch.device(job.device)
    hits = int(method.backbone.clamp_hits)
    posterior = encode(method.backbone, dataset, evaluation_rows(job.spec, dataset, 0), device)
    diagnostics = {
        **reconstruction(method.backbone, dataset, posterior, job.spec.seed, device),
        **part_diagnostics(method.backbone, dataset, job.spec.seed, device),
        **code_diagnostics(posterior, stream(job.spec.seed, "diagnostics")),
        **kl_diagnostics(posterior, len(dataset.population), stream(job.spec.seed, "kl diagnostics")),
        "clamp_hits": float(hits),
    }
    at_hand = dataclasses.replace(job, posterior=posterior.arrays)  # repeat 0 reads the same rows
    scores, trouble = attempted(lambda: score(at_hand, method, dataset))
    artefacts = dataclasses.replace(artefacts, posterior=posterior.arrays, scores=scores)
    stated = {"factors": list(dataset.names), "evaluation": Facts.of(dataset).stated}
    record = msgspec.structs.replace(record, diagnostics=diagnostics, **stated)
    return record, artefacts, trouble


def rescored(job: Job) -> Result:
    """Score a run that is done by further protocols, from its posterior or weights."""
    method = dataset = None
    if job.weights is not None:
        dataset = load_dataset(job.spec.dataset)
        method = restored(job.spec, job.weights, dataset.shape, job.device)
    return Result(job, None, Artefacts(scores=score(job, method, dataset)))


def score(job: Job, method: Method | None, dataset: FactorDataset | None) -> list[ScoreFile]:
    """Every protocol on every repeat. All rows to score are encoded once, and only if a protocol selects from them."""
    encoded = cache(lambda repeat: _posterior(job, method, dataset, repeat))
    return scores_of(job.protocols, job.repeats, job.spec.seed, lambda p, r: encoded(None if p.on_table else r))


def _posterior(job: Job, method: Method | None, dataset: FactorDataset | None, repeat: int | None) -> Posterior:
    """Of a repeat's evaluation rows or, without a repeat, of all rows to score; the stored one where it serves."""
    if repeat == 0 and job.posterior is not None:
        return Posterior(**job.posterior)
    assert method is not None
    assert dataset is not None
    rows = dataset.to_score if repeat is None else evaluation_rows(job.spec, dataset, repeat)
    return encode(method.backbone, dataset, rows, torch.device(job.device))


def _placed(record: Record, job: Job) -> Record:
    """The record with where it was made."""
    where: dict[str, str | int | bool] = {"device": job.device, "threads": job.threads, **pinned()}
    where["kernels"] = torch.backends.cpu.get_cpu_capability()
    if job.device.startswith("cuda"):
        where |= {
            "gpu": torch.cuda.get_device_name(),
            "cuda": torch.version.cuda or "",
            "tf32_convolutions": torch.backends.cudnn.allow_tf32,
            "tf32_products": torch.backends.cuda.matmul.allow_tf32,
            "deterministic": torch.are_deterministic_algorithms_enabled(),
        }
    return msgspec.structs.replace(record, environment={**job.environment, **where})


def _weights(method: Method) -> Arrays:
    return {name: w.detach().cpu().contiguous().numpy() for name, w in method.state_dict().items()}


def _on_log(
    job: Job, method: Method, dataset: FactorDataset, images: dict[str, bytes], errors: dict[str, str]
) -> Callable[[dict[str, float]], None]:
    """What is done with each row of a history; it leaves the training as it was, and where it fails tells `errors`."""
    device, every = torch.device(job.device), job.score_every
    rows = evaluation_rows(job.spec, dataset, 0)[:PROBE_ROWS]
    draw_rows = traversal_rows(method, dataset, job.spec, rows, device, images)

    def done(row: dict[str, float]) -> None:
        step = int(row["step"])
        with optional("traversals_error", errors):
            draw_rows(step)
        if not np.isfinite(row["loss"]):
            return
        with optional("history_error", errors):
            row.update(probe(method, dataset, rows, device))
            if every and step // every > before(job.spec, step) // every:
                row.update(_during_training(job, method, dataset))

    return done


def _during_training(job: Job, method: Method, dataset: FactorDataset) -> dict[str, float]:
    """A training's diagnostics and scores at this update, as after the last: the same rows, the same streams."""
    record = Record(key=job.spec.key, spec=job.spec, status="done")
    with undisturbed(method):
        record, artefacts, _ = scored(job, method, dataset, record, Artefacts())
    diagnostics = record.diagnostics
    kl_j = diagnostics["kl_per_dimension"]
    assert isinstance(kl_j, list)
    row = {
        name: float(value)
        for name, value in diagnostics.items()
        if name in DURING_TRAINING and not isinstance(value, list)
    }
    row |= {f"kl_{j}": nats for j, nats in enumerate(kl_j)} | {"recon_at_mu": row.pop("recon")}
    return row | {name: value for s in artefacts.scores for name, value in s.repeats[0].values.items()}
