"""A full-length dSprites study against published windows: `python benchmarks/reproduce.py reports/reproduce`.

The runs are the study `reproduce` (`python -m bench run --study reproduce`: 60 runs of 300,000 updates), the folder is
its report. A gate asks where the median over seeds of a score lies, by one protocol: a score outside is a reason to
suspect a bug before a finding. Windows: Locatello et al. 2019 and the tables that follow its protocol, widened to where
every trustworthy report lies.

Exit code 0: all gates passed. 1: one did not. 3: one cannot be decided, because the runs are missing, shorter than the
published ones, or fewer than five seeds; what there is is shown all the same, and is no result.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

SETUP = {"dataset": "dsprites", "backbone": "locatello", "batch_size": 64, "lr": 1e-4, "z_dim": 10, "warmup": 0}
STEPS, SEEDS = 300_000, 5
MIG = "mig:bins20-mean-n10000"
FACTORVAE_SCORE = "factorvae_score:batch64-eval_votes5000-mean-n_variance10000-prune_std0.05-votes10000"


class Gate(NamedTuple):
    """The best setting's median over seeds of a score must lie from low to high."""

    method: str
    score: str
    protocol: str
    low: float
    high: float


GATES = (
    Gate("vae", "mig", MIG, 0.04, 0.12),
    Gate("betavae", "mig", MIG, 0.08, 0.30),
    Gate("vae", "factorvae_score", FACTORVAE_SCORE, 0.55, 0.70),
    Gate("factorvae", "factorvae_score", FACTORVAE_SCORE, 0.70, 0.88),
)


class Outcome(NamedTuple):
    """What a gate says: passed, outside, or why it cannot be decided."""

    gate: Gate
    value: float | None
    said: str


def outcome(gate: Gate, summary: pd.DataFrame) -> Outcome:
    """A gate's word on the rows of a report's summary.csv."""
    rows = summary[(summary["method"] == gate.method) & (summary["protocol"] == gate.protocol)]
    rows = rows[rows["name"] == gate.score]
    for column, value in SETUP.items():
        rows = rows[rows[column] == value]
    if rows.empty:
        return Outcome(gate, None, "not run")
    full = rows[(rows["steps"] == STEPS) & (rows["n"] >= SEEDS)]
    if full.empty:
        longest = rows.loc[rows["steps"].idxmax()]
        why = f"reduced: {longest['steps']:,} of {STEPS:,} updates, {longest['n']} of {SEEDS} seeds; no result"
        return Outcome(gate, float(longest["median"]), why)
    best = float(full["median"].max())
    return Outcome(gate, best, "passed" if gate.low <= best <= gate.high else "outside")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="the folder of a report")
    file = parser.parse_args(arguments).report / "summary.csv"
    if not file.is_file():
        parser.error(f"report: no file {file}")
    outcomes = [outcome(gate, pd.read_csv(file)) for gate in GATES]
    print("| method | score | window | median over seeds, best setting | gate |\n|---|---|---|---:|---|")
    for gate, value, said in outcomes:
        shown = "" if value is None else f"{value:.3f}"
        print(f"| {gate.method} | {gate.score} | {gate.low:.2f} to {gate.high:.2f} | {shown} | {said} |")
    said_all = {o.said for o in outcomes}
    return 1 if "outside" in said_all else 0 if said_all == {"passed"} else 3


if __name__ == "__main__":
    raise SystemExit(main())
