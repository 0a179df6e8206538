"""From a results folder to a bundle (bench.store.bundle): what scores can be recomputed from, and nothing private."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.environment import environment
from bench.errors import BenchError
from bench.report.tables.rows import reason
from bench.report.words.names import method_label
from bench.report.write import gathered, write_data
from bench.scoring.arrays import Arrays
from bench.scoring.protocol import Facts, Protocol, protocol_of
from bench.seeds import SEARCH_SEEDS, stream
from bench.spec import DataSpec, Record, RunSpec, ScoreFile
from bench.store import atomic, bundle, searches
from bench.store.bundle import Entry
from bench.store.files import ENTRY, Artefacts, Damaged
from bench.store.store import Store
from metrics._arrays import paired
from metrics._codes import Posterior

ROWS = 50  # of a history, about: every so many
CARD = """---
license: {e.licence}
library_name: pytorch
tags: [disentanglement, {methods}]
---

# {e.study}, by {e.who} ({e.party} party)

{runs} trained encoders ({named}) on {data}; their scores lie beside them in scores.csv, their specs in KEY/run.json.

    import bench
    encoder = bench.encoder("{e.study}-HASH/KEY")  # q(z|x) of a run
    mu, logvar = encoder(x)

Paper: {e.paper}. Code: {e.code}, commit {e.commit}. Settings tried: {e.search}. Labels used: {e.labels}.
A score says how codes relate to the factors of this data set, and nothing of other data.
"""


def pack(results: Path, out: Path, about: Mapping[str, Any], *, weights: bool = False) -> Path:
    """Write the bundle of a results folder into `out`; its folder, STUDY-HASH. The same runs give the same bytes.

    about: fields of the entry; what it leaves out is what the runs tell, or the default. weights: with safetensors and
    a model card. BenchError where a run is damaged, none is done, or a field is not what it must be.
    """
    store, found = Store(results), searches.read(results)
    commits = ", ".join(sorted({str(r.environment["commit"])[:12] for r in store if "commit" in r.environment}))
    trials = "; ".join(f"{s.method}: {s.budget} trials" for s in found)
    known = {name: text for name, text in (("commit", commits), ("search", trials)) if text}
    entry = bundle.entry_of({"study": results.resolve().name} | known | dict(about))
    out.mkdir(parents=True, exist_ok=True)
    new = atomic.aside(out)
    packed = Store(new)
    try:
        for record in [record for record in store if record.spec.seed < SEARCH_SEEDS]:
            packed.put(_public(record), _artefacts(store, record, weights))
        for why in store.damaged.values():
            raise Damaged(why)
        for search in found:
            searches.write(new, search)
        runs, told, looked = gathered({entry.study: packed}, found)
        write_data(new, entry.study, runs, told, looked)
        (new / ENTRY).write_bytes(bundle.entry_bytes(entry))
        if weights:
            (new / "README.md").write_text(_card(entry, [r.record for r in runs]), encoding="utf-8", newline="\n")
        target = out / f"{entry.study}-{bundle.content_hash(new)}"
        if not target.is_dir():
            new.rename(target)
    except Damaged as error:
        raise BenchError(f"pack: {results}: damaged: {error}") from None
    finally:
        atomic.discard(new)
    bundle.opened(target)
    return target


def pack_codes(out: Path, about: Mapping[str, Any], record: Record, artefacts: Artefacts) -> Path:
    """The bundle of one run that `codes_run` made; about: as for `pack`."""
    with tempfile.TemporaryDirectory() as folder:
        Store(Path(folder)).put(record, artefacts)
        return pack(Path(folder), out, {"study": record.spec.dataset.name} | dict(about))


def codes_run(
    arrays: Arrays,
    protocols: Callable[[Facts], Sequence[Protocol]],
    seed: int,
    method: str = "given",
    data: str = "given",
    continuous_bins: int = 20,
    binning: str = "width",
) -> tuple[Record, Artefacts]:
    """A run made of anyone's codes, with its scores: `method` on `data`, at no budget, so a group of its own.

    Its rows are shuffled as `metrics.score` does. Metrics that select rows from a whole data set are left out: no
    stored codes give their scores again. MetricError for arrays that cannot be scored.
    """
    from bench.scoring.evaluate import scores_of  # imports torch, which packing stored runs does without

    z, factors = paired(arrays.z, arrays.v, continuous_bins, binning, arrays.names)
    order = stream(seed, "rows").permutation(len(z))
    mu = z[order].astype(np.float64)
    posterior = Posterior(mu, np.full(mu.shape, -np.inf, np.float16), factors.v[order], order)
    names = ", ".join(factors.binned)
    word = f"v{binning}{continuous_bins}" if names else ""
    facts = Facts(len(z), continuous=names, binning=word, kinds=", ".join(factors.kinds))
    asked = [p for p in protocols(facts) if not p.on_table]
    digest = hashlib.sha256(factors.v.tobytes()).hexdigest()
    no_budget = {"likelihood": "none", "batch_size": 0, "steps": 0, "lr": 0.0}
    of = {"dataset": DataSpec(name=data, sha256=digest), "method": method, "backbone": "given", "seed": seed}
    spec = RunSpec(**of, **no_budget, params={}, backbone_params={}, z_dim=mu.shape[1])  # type: ignore[arg-type]
    where = {**environment(), "device": "cpu", "threads": 1}
    told = {"factors": list(factors.names), "evaluation": facts.stated, "environment": where}
    record = Record(key=spec.key, spec=spec, status="done", **told)  # type: ignore[arg-type]
    scores = scores_of(asked, 1, seed, lambda protocol, repeat: posterior)
    return record, Artefacts(posterior=posterior.arrays, scores=scores)


def _public(record: Record) -> Record:
    """Without the path of the user's data and the traceback of a failure, which hold names of folders."""
    dataset = msgspec.structs.replace(record.spec.dataset, source="")
    spec = msgspec.structs.replace(record.spec, dataset=dataset)
    return msgspec.structs.replace(record, spec=spec, error=reason(record.error))


def _artefacts(store: Store, record: Record, weights: bool) -> Artefacts:
    """Scores, the posterior and the history, thinned; weights where asked for; no pictures."""
    key = record.key
    files, scores, history = store.manifest(key).files, store.scores(key), store.history(key)
    posterior = thinned(store.posterior(key), record, scores) if "posterior.npz" in files else {}
    kept = store.weights(key) if weights and "model.safetensors" in files else {}
    every = max(1, -(-len(history) // ROWS))
    return Artefacts(history[::-1][::every][::-1], posterior, kept, scores=scores)


def thinned(posterior: Mapping[str, NDArray[Any]], record: Record, scores: list[ScoreFile]) -> dict[str, NDArray[Any]]:
    """What the run's own protocols read of a posterior, bit for bit, and no more rows; of the rest as much as is cheap.

    Where every protocol reads means alone, log variances have half precision. Where one is not known to this version,
    all is kept.
    """
    protocols = [protocol_of(file, record.evaluation) for file in scores]
    known = [p for p in protocols if p is not None]
    if len(known) < len(protocols):
        return dict(posterior)
    rows = max((p.rows for p in known), default=0)
    all_known = bool((posterior["v"] >= 0).all())  # else the rows that are read are not the first ones
    kept = Posterior(**posterior).rows(slice(rows if rows and all_known else None)).arrays
    if all(p.codes == "mean" for p in known):
        kept["logvar"] = kept["logvar"].astype(np.float16)
    return kept | {"index": kept["index"].astype(np.min_scalar_type(int(kept["index"].max(initial=0))))}


def _card(entry: Entry, records: list[Record]) -> str:
    methods = list(dict.fromkeys(r.spec.method for r in records))
    named, data = map(method_label, methods), dict.fromkeys(r.spec.dataset.label for r in records)
    told = {"methods": methods, "named": named, "data": data}
    return CARD.format(e=entry, runs=len(records), **{name: ", ".join(several) for name, several in told.items()})
