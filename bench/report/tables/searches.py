"""Rows and tables of searches."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.report.collect.searches import SearchResult, label
from bench.report.tables.csv_file import Row
from bench.report.tables.rows import known_cells
from bench.report.tables.text import Table, markdown, md_text
from bench.report.words.names import decimals, interval_text, method_label, number_text, params_text
from bench.seeds import SEARCH_SEEDS
from bench.store.searches import Goal, Number, Search

OF_RUN = ("lr", "z_dim", "warmup")  # what is searched beside a method's own parameters
NOTE = (
    f"Runs of trials have seeds from {SEARCH_SEEDS:,} on. They are in no table, figure or CSV file of this report but "
    "those of this section: a number by which a setting was chosen is no measure of it. The chosen settings were "
    "trained again on report seeds, and those runs stand beside all others. Methods that were searched together "
    "had the same number of trials each, those that failed included."
)
TABLE = (
    "Searched: the objective's median over the runs of the chosen trial, the best of all trials and so too good on "
    "average (the winner's curse). Confirmed: median over n report seeds [95 % percentile bootstrap interval]."
)


def search_rows(found: Iterable[SearchResult]) -> dict[str, list[Row]]:
    """The rows of the CSV files about searches."""
    several = list(found)
    return {
        "searches.csv": [row for one in several for row in _trial_rows(one)],
        "search_best.csv": [row for one in several for row in _best_rows(one)],
        "search_importances.csv": [
            {**_head(one.search), "name": name, "dimension": dimension, "importance": share}
            for one in several
            for name, shares in one.search.importances.items()
            for dimension, share in shares.items()
        ],
    }


def with_budgets(rows: Iterable[Row], found: Iterable[SearchResult]) -> Iterator[Row]:
    """Rows with the number of trials that their setting was chosen from, where a search chose it."""
    budgets = {one.setting: one.search.budget for one in found if one.setting is not None}
    for row in rows:
        yield row | {"search_trials": budgets[str(row["setting"])]} if row["setting"] in budgets else row


def search_table(found: Sequence[SearchResult]) -> tuple[str, Table]:
    """What is to be known of searches, and a table of chosen settings, searched and confirmed."""
    rows = []
    for one in found:
        for i, goal in enumerate(one.search.objectives):
            rows.append(_line(one, i, goal))
    header = ["method", "objective", "chosen", "trials", "failed", "seeds a trial"]
    header += ["searched", "n", "confirmed", "confirmed − searched"]
    rules = "; ".join(dict.fromkeys(one.search.rule for one in found))
    caption = f"{TABLE} Chosen by: {rules}."
    labels = any(g.protocol for one in found for g in one.search.objectives)
    note = f"{NOTE} Searching by a score uses labels; by UDR it does not." if labels else NOTE
    for one in found:
        note += "".join(
            f" Left out for {one.search.method}: {what}: {why}." for what, why in one.search.left_out.items()
        )
    return note, Table(caption, header, rows, left=3)


def search_markdown(found: Sequence[SearchResult]) -> str:
    """The section on searches."""
    note, table = search_table(found)
    return "\n\n".join(["## Searches", md_text(note), markdown(table)])


def _head(search: Search) -> Row:
    return {"search": search.name, "method": search.method}


def _params(params: Mapping[str, Number]) -> Row:
    return {name if name in OF_RUN else f"param.{name}": value for name, value in params.items()}


def _trial_rows(one: SearchResult) -> list[Row]:
    search = one.search
    rows = []
    for t in search.trials:
        row: Row = _head(search) | {"trial": t.number + 1, "trial_state": t.state, "reason": t.reason or None}
        row |= _params(t.params) | {"recon": t.recon, "chosen": t.number == search.chosen}
        row |= {f"objective.{g.name}": v for g, v in zip(search.objectives, t.values, strict=False)}
        rows.append(row | {"trial_runs": " ".join(t.keys), "trial_seeds": " ".join(map(str, search.seeds))})
    return rows


def _best_rows(one: SearchResult) -> list[Row]:
    search, best = one.search, one.best
    rows = []
    for i, goal in enumerate(search.objectives):
        row: Row = _head(search) | {"metric": goal.metric, "name": goal.name, "protocol": goal.protocol}
        row |= {"direction": goal.direction, "sampler": search.sampler, "search_trials": search.budget}
        row |= {"failed_trials": sum(t.state == "failed" for t in search.trials), "rule": search.rule}
        row |= {"seeds_per_trial": len(search.seeds), "setting": one.setting}
        e = one.estimates.get(goal.name)
        if best is not None:
            row |= _params(best.params) | {"trial": best.number + 1, "searched": best.values[i]}
        if e is not None:
            row |= known_cells(e._asdict())
        if e is not None and best is not None:
            row["drop"] = e.median - best.values[i]
        rows.append(row)
    return rows


def _line(one: SearchResult, i: int, goal: Goal) -> list[str]:
    failed = str(sum(t.state == "failed" for t in one.search.trials))
    head = [method_label(one.search.method), label(goal)]
    counts = [str(one.search.budget), failed, str(len(one.search.seeds))]
    if one.best is None:
        return [*head, "no trial is done", *counts, "", "0", "", ""]
    value, e = one.best.values[i], one.estimates.get(goal.name)
    digits = decimals([value, statistics.median(one.samples[goal.name] or [value])])
    told = [params_text(one.best.params), *counts, number_text(value, digits)]
    if e is None:
        return [*head, *told, "0", "", ""]
    drop = f"{e.median - value:+.{digits}f}".replace("-", "−")
    return [*head, *told, str(e.n), interval_text(e.median, e.median_lo, e.median_hi, digits), drop]
