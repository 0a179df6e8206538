"""How much of the spread over seeds is rounding? `python benchmarks/rounding.py OUT --methods vae,betavae`.

Trains each method at one setting of the study `quick` with several seeds, and its first seed again in copies: in each
copy one initial weight, chosen by the copy's number, is the next larger float. A copy has the seed's initial weights,
batches and noise but for that last bit, as it would on a processor that rounds otherwise. What differs between copies
is rounding alone; what differs between seeds is rounding and all that the seed draws.

OUT/seeds is a results folder with the seeds, OUT/copy-1 and so on each hold a copy. What is there is not trained again:
the same command goes on after an end of any kind, and --only-table trains nothing. Prints, and writes to
OUT/rounding.csv, a row a method and quantity: the standard deviation over seeds, that over the first seed and its
copies, and the share of the variance over seeds that is rounding, with the 95 % interval of a ratio of two normal
variances (F distribution). A copy whose numbers are the seed's own is left out: the last bit was lost before it told.
Scores are not normal and one seed's copies stand for those of all: read it as an order of magnitude.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import stats

from bench.environment import environment
from bench.execution.job import Job
from bench.execution.trial import trial
from bench.scoring.protocol import Protocol
from bench.seeds import stream
from bench.spec import RunSpec
from bench.store.runs import Run, run_values
from bench.store.store import Store
from bench.study.study import expand, parse, protocols, read
from bench.training.loop import State, Watch

STRENGTHS = {"betavae": {"beta": [16.0]}, "factorvae": {"gamma": [20.0]}, "infovae": {"lambda_": [100.0]}}
METRICS = ["mig", "dci", "factorvae_score", "r2"]
QUANTITIES = ("recon", "kl", "mig", "dci_disentanglement", "factorvae_score", "r2_linear", "r2_single")
EARLY = (50, 200, 500, 1000)  # updates at which copies' losses are held against the seed's


class NextFloat(Watch):
    """A training that begins with one of the backbone's weights moved to the next larger float."""

    def __init__(self, copy: int) -> None:
        super().__init__()
        self.copy = copy

    def begin(self, state: State) -> int:
        """Move the weight."""
        weights = list(state.method.backbone.parameters())
        sizes = np.array([w.numel() for w in weights])
        place = int(stream(self.copy, "rounding").integers(sizes.sum()))
        which = int(np.searchsorted(np.cumsum(sizes), place, side="right"))
        index = np.unravel_index(place - int(sizes[:which].sum()), weights[which].shape)
        with torch.no_grad():
            one = weights[which][tuple(int(i) for i in index)]
            one.copy_(torch.nextafter(one, torch.tensor(math.inf)))
        return 0


class Row(NamedTuple):
    """Of a method's quantity: sd over the seeds and over the copies, and the share of the variance that is rounding."""

    method: str
    quantity: str
    seeds: int
    copies: int
    mean: float
    sd_seeds: float
    sd_copies: float
    share: float
    share_lo: float
    share_hi: float


def share_of(seeds: Sequence[float], copies: Sequence[float]) -> tuple[float, float, float]:
    """Variance over copies / variance over seeds, with its 95 % interval by F; nan where either has one number."""
    if min(len(seeds), len(copies)) < 2 or np.var(seeds) == 0:
        return math.nan, math.nan, math.nan
    ratio = float(np.var(copies, ddof=1) / np.var(seeds, ddof=1))
    low, high = (float(stats.f.ppf(q, len(copies) - 1, len(seeds) - 1)) for q in (0.025, 0.975))
    return ratio, ratio / high, ratio / low


def specs_of(methods: Sequence[str], steps: int, seeds: int) -> tuple[list[RunSpec], tuple[Protocol, ...]]:
    """The runs of all seeds, one setting a method, all seeds of a method before the next one's; their protocols."""
    changes = {"methods": list(methods), "steps": steps, "seeds": seeds, "metrics": METRICS}
    content = read("quick") | changes
    content["set"] = content["set"] | {name: content["set"].get(name, {}) | v for name, v in STRENGTHS.items()}
    study = parse(content, "rounding")
    specs = expand(study)
    return [spec for method in methods for spec in specs if spec.method == method], protocols(study)


def run(spec: RunSpec, scored_by: tuple[Protocol, ...], store: Store, watch: Watch | None = None) -> None:
    """Train and store a run that is not there."""
    if spec in store:
        return
    result = trial(Job(spec, scored_by, environment=environment()), watch)
    assert result.record is not None
    store.put(result.record, result.artefacts)
    seconds = result.record.cost.get("seconds_training", 0)
    print(f"{store.root.name}: {spec.method} seed {spec.seed}: {result.record.status} {seconds:.0f} s", flush=True)


def train(specs: Sequence[RunSpec], scored_by: tuple[Protocol, ...], out: Path, copies: int) -> None:
    """A method's seeds and the copies of its first, in turns: what there is when it is stopped is comparable."""
    for i in range(max(len(specs), copies + 1)):
        if i < len(specs):
            run(specs[i], scored_by, Store(out / "seeds"))
        if 1 <= i <= copies:
            run(specs[0], scored_by, Store(out / f"copy-{i}"), NextFloat(i))


def values(store: Store, specs: Sequence[RunSpec]) -> list[dict[str, float]]:
    """The quantities of those of the runs that are done."""
    found = []
    for spec in specs:
        if spec in store and (record := store.record(spec.key)).status == "done":
            named = run_values(Run(record, tuple(store.scores(spec.key)), store))
            found.append({q.name: value for q, value in named.items()})
    return found


def rows(out: Path, methods: Sequence[str], specs: Sequence[RunSpec], copies: int) -> Iterator[Row]:
    """The table, of what there is."""
    for method in methods:
        mine = [spec for spec in specs if spec.method == method]
        seeds = values(Store(out / "seeds"), mine)
        made = [v for m in range(1, copies + 1) for v in values(Store(out / f"copy-{m}"), mine[:1])]
        repeated = seeds[:1] + [v for v in made if v not in seeds[:1]]
        for name in QUANTITIES:
            a, b = ([v[name] for v in several if name in v] for several in (seeds, repeated))
            if a:
                sd = [float(np.std(x, ddof=1)) if len(x) > 1 else math.nan for x in (a, b)]
                mean, copied = float(np.mean(a)), max(len(b) - 1, 0)
                yield Row(method, name, len(a), copied, mean, sd[0], sd[1], *share_of(a, b))


def departures(out: Path, spec: RunSpec, copies: int) -> Iterator[str]:
    """By update: how far the copies' losses are from the first seed's, relative to it (greatest over the copies)."""
    there = [s for s in [Store(out / f"copy-{m}") for m in range(1, copies + 1)] if spec in s]
    if spec in Store(out / "seeds") and there:
        first = {row["step"]: row["loss"] for row in Store(out / "seeds").history(spec.key)}
        apart: dict[float, float] = {}
        for row in [row for store in there for row in store.history(spec.key)]:
            relative = abs(row["loss"] / first[row["step"]] - 1)
            apart[row["step"]] = max(apart.get(row["step"], 0.0), relative)
        shown = (f"{step:.0f}: {apart[step]:.1e}" for step in (*EARLY, float(spec.steps)) if step in apart)
        yield f"{spec.method}: loss of copies, relative difference by update: {', '.join(shown)}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--methods", default="vae,betavae,infovae,factorvae")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--only-table", action="store_true")
    given = parser.parse_args(arguments)
    methods = given.methods.split(",")
    specs, scored_by = specs_of(methods, given.steps, given.seeds)
    if not given.only_table:
        for method in methods:
            train([spec for spec in specs if spec.method == method], scored_by, given.out, given.copies)
    table = pd.DataFrame(rows(given.out, methods, specs, given.copies))
    table.to_csv(given.out / "rounding.csv", index=False)
    print(table.to_string(index=False, float_format="{:.4f}".format))
    for spec in [s for s in specs if s.seed == 0]:
        print(*departures(given.out, spec, given.copies), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
