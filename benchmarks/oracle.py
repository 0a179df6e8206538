"""Our metrics against reference values: `python benchmarks/oracle.py tests/data/oracle`, half a minute.

The folder holds index.json and an npz file a case, as tests/data/oracle/README.md describes them. A row a quantity: in
how many cases it was compared, the largest deviation, and the largest share of its tolerance that one took up; with
--all a row a case. Exit code 1 if any is beyond its tolerance.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metrics._codes import Codes
from metrics._gaussian import gaussian_tc
from metrics.betavae_score import _score as betavae_accuracy
from metrics.betavae_score import betavae_score
from metrics.dci import dci
from metrics.explicitness import explicitness
from metrics.factorvae_score import agreement, factorvae_score, least_varying
from metrics.irs import irs
from metrics.mig import mig
from metrics.modularity import modularity
from metrics.sap import sap

SEEDS = 5  # of the sampled metrics


class Case(NamedTuple):
    name: str
    about: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def sample(self) -> Codes:
        return Codes(
            *(np.concatenate([self.arrays[f"{a}_{part}"] for part in ("train", "test")]) for a in ("mus", "ys"))
        )

    @property
    def sizes(self) -> dict[str, int]:
        return {"n_train": self.about["n_train"], "n_test": self.about["n_test"]}

    @property
    def table(self) -> Codes | None:
        """The whole grid where the reference drew uniformly from fixed codes of it, and they are stored."""
        if "grid_mus" not in self.arrays or self.about["stochastic_representation"] or self.about["sampler"]:
            return None
        sizes = self.about["factor_sizes"]
        return Codes(self.arrays["grid_mus"], np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1))


class Row(NamedTuple):
    case: str
    quantity: str
    reference: float
    ours: float
    tolerance: float

    @property
    def deviation(self) -> float:
        return abs(self.ours - self.reference)

    @property
    def used(self) -> float:
        return self.deviation / self.tolerance if self.tolerance > 0 else float(self.deviation > 0)

    @property
    def beyond(self) -> bool:
        return not self.used <= 1  # nor is it within where it is nan


Found = Iterator[tuple[str, float, float, float]]  # quantity, reference, ours, tolerance


def _mig(case: Case, expected: dict[str, Any]) -> Found:
    ours = mig(case.sample, np.random.default_rng(0), n_train=case.about["n_train"])
    yield "mig", expected["value"], ours.values["mig"], expected["tol"]
    mi = np.abs(ours.matrices["mutual_information"] - case.arrays["mi"]).max()
    yield "mutual information, each entry", 0.0, float(mi), expected["tol"]


def _modularity(case: Case, expected: dict[str, Any]) -> Found:
    ours = modularity(case.sample, np.random.default_rng(0), n_train=case.about["n_train"])
    yield "modularity", expected["value"], ours.values["modularity"], expected["tol"]


def _explicitness(case: Case, expected: dict[str, Any]) -> Found:
    converged = case.about["metrics"].get("explicitness_fully_converged_float64", expected)
    if "error" not in converged:
        ours = explicitness(case.sample, np.random.default_rng(0), **case.sizes).values["explicitness"]
        yield "explicitness", converged["test"], ours, converged["tol"]


def _sap(case: Case, expected: dict[str, Any]) -> Found:
    ours = sap(case.sample, np.random.default_rng(0), **case.sizes)
    yield "sap", expected["value"], ours.values["sap"], expected["tol"]
    yield (
        "sap, each entry",
        0.0,
        float(np.abs(ours.matrices["sap"] - case.arrays["sap_matrix"]).max()),
        expected["tol_matrix"],
    )


def _sap_continuous(case: Case, expected: dict[str, Any]) -> Found:
    ours = sap(case.sample, np.random.default_rng(0), continuous=True, **case.sizes)
    yield "sap, continuous", expected["value"], ours.values["sap"], expected["tol"]


def _irs(case: Case, expected: dict[str, Any]) -> Found:
    ours = irs(case.sample, np.random.default_rng(0), n_train=case.about["n_train"]).values["irs"]
    reference = expected["value_float64"]
    yield "irs", 0.0 if isinstance(reference, str) else reference, ours, expected["tol"]


def _unsupervised(case: Case, expected: dict[str, Any]) -> Found:
    reference = expected["gaussian_total_correlation"]
    if not isinstance(reference, str) and not case.about["constant_dims"]:
        yield (
            "gaussian tc",
            reference,
            gaussian_tc(case.arrays["mus_train"]),
            expected["tol"] * max(1.0, abs(reference)),
        )


def _dci(case: Case, expected: dict[str, Any]) -> Found:
    ours = dci(case.sample, np.random.default_rng(0), **case.sizes).values
    for name in ("disentanglement", "completeness"):
        yield f"dci {name}", expected[name], ours[f"dci_{name}"], expected["tol"]
    yield (
        "dci informativeness",
        expected["informativeness_test"],
        ours["dci_informativeness"],
        expected["tol_informativeness"],
    )


def _factor_vae(case: Case, expected: dict[str, Any]) -> Found:
    a = case.arrays
    if "fv_votes_train" in a:
        votes = zip(a["fv_votes_train"], a["fv_votes_eval"], strict=True)
        ours = [agreement(train.T, test.T).sum() / test.sum() for train, test in votes]
        off = np.abs(np.subtract(ours, expected["eval_accuracy"]["values"])).max()
        yield "factorvae score of its own votes", 0.0, float(off), 1e-12
    codes = _batches(case)
    if codes is not None:
        active = np.flatnonzero(a["fvb_active"])
        wrong = np.mean(least_varying(codes, a["fvb_global_variances"], active) != active[a["fvb_argmin"]])
        yield "factorvae votes of its own batches, share that differs", 0.0, float(wrong), 0.0
    if case.table is not None:
        yield _sampled("factorvae score", factorvae_score, case.table, expected["eval_accuracy"])


def _batches(case: Case) -> np.ndarray | None:
    """The codes of the stored batches, (batches, rows, D)."""
    if "fvb_mus" in case.arrays or "fvb_factors" not in case.arrays:
        return case.arrays.get("fvb_mus")
    if "grid_mus" not in case.arrays:
        return None
    factors = tuple(np.moveaxis(case.arrays["fvb_factors"].astype(int), -1, 0))
    return case.arrays["grid_mus"][np.ravel_multi_index(factors, case.about["factor_sizes"])]


def _beta_vae(case: Case, expected: dict[str, Any]) -> Found:
    a, fixed = case.arrays, expected["fixed_points"]
    train, test = ((a[f"bvb_points_{part}"], a[f"bvb_labels_{part}"].astype(int)) for part in ("train", "eval"))
    ours = betavae_accuracy(*train, *test, a["ys_train"].shape[1], 1.0).values["betavae_score"]
    yield "betavae score of its own points", fixed["eval"], ours, fixed["tol"]
    if case.table is not None:
        yield _sampled("betavae score", betavae_score, case.table, expected["eval_accuracy"])


def _sampled(
    name: str, metric: Callable[..., Any], table: Codes, reference: dict[str, Any]
) -> tuple[str, float, float, float]:
    """Means over seeds, with four standard errors of their difference for tolerance."""
    ours = [next(iter(metric(table, np.random.default_rng(seed)).values.values())) for seed in range(SEEDS)]
    spread = np.sqrt(reference["sd"] ** 2 / reference.get("n", 10) + np.var(ours, ddof=1) / SEEDS)
    return f"{name}, mean over {SEEDS} seeds", reference["mean"], float(np.mean(ours)), 4 * spread + 2e-3


CHECKS: dict[str, Callable[[Case, dict[str, Any]], Found]] = {
    "mig": _mig,
    "modularity": _modularity,
    "explicitness": _explicitness,
    "sap": _sap,
    "sap_continuous": _sap_continuous,
    "irs": _irs,
    "unsupervised": _unsupervised,
    "dci": _dci,
    "factor_vae": _factor_vae,
    "beta_vae": _beta_vae,
}


def compare(folder: Path, chosen: list[str]) -> Iterator[Row]:
    """Every quantity of every case of the folder."""
    for name, about in json.loads((folder / "index.json").read_text())["cases"].items():
        with np.load(folder / about.get("file", f"{name}.npz"), allow_pickle=False) as arrays:
            case = Case(name, about, dict(arrays))
        for metric in chosen:
            if metric in about["metrics"]:
                for quantity, reference, ours, tolerance in CHECKS[metric](case, about["metrics"][metric]):
                    yield Row(name, quantity, reference, ours, tolerance)


def show(rows: list[Row]) -> None:
    print(f"{'quantity':<56}{'cases':>6}{'largest deviation':>19}{'of tolerance':>14}  in case")
    for quantity in dict.fromkeys(row.quantity for row in rows):
        some = [row for row in rows if row.quantity == quantity]
        worst = max(some, key=lambda row: row.used)
        far = max(row.deviation for row in some)
        print(f"{quantity:<56}{len(some):>6}{far:>19.2e}{worst.used:>14.2f}  {worst.case}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--metrics", default=",".join(CHECKS), help="comma-separated names of the index")
    parser.add_argument("--all", action="store_true", help="a row for each case as well")
    arguments = parser.parse_args()
    rows = []
    for row in compare(arguments.folder, arguments.metrics.split(",")):
        rows.append(row)
        if arguments.all or row.beyond:
            mark = "BEYOND" if row.beyond else ""
            print(
                f"{row.case:<32}{row.quantity:<56}{row.reference:>10.5f}{row.ours:>10.5f}{row.tolerance:>10.1e} {mark}"
            )
    show(rows)
    beyond = sum(row.beyond for row in rows)
    print(f"\n{len(rows)} comparisons, {beyond} beyond tolerance")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
