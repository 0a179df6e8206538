"""The page of a report, readable on GitHub: counts, tables, figures with captions, losses, environment, files."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from bench.quantities import BASELINES
from bench.report.collect.findings import Findings
from bench.report.collect.searches import SearchResult
from bench.report.figures.catalogue import Drawn
from bench.report.page.cite import Citation
from bench.report.tables.conclusion import conclusion
from bench.report.tables.findings import finding_markdown
from bench.report.tables.rows import reason
from bench.report.tables.searches import search_markdown
from bench.report.tables.text import Table, folded, group_tables, group_title, markdown, md_text, shared_markdown
from bench.report.words.names import method_label, params_text
from bench.store.runs import Run

MARKDOWN_WIDTH = 6  # quantities side by side, readable on GitHub
CSV = {
    "runs.csv": "a row per run, whatever its status",
    "scores.csv": "a row per run, protocol, evaluation repeat and value, per factor as well",
    "matrices.csv": "a row per run and entry of a metric's matrix: mutual information, importance",
    "skipped.csv": "a row per run and protocol that the data or the codes could not be scored by, with the reason",
    "notes.csv": "a row per run and note on what decided a score beside what the codes hold: pruning, a penalty",
    "history.csv": "a row per run and logged update: loss terms, gradient norms and what was read off the training",
    "summary.csv": "a row per setting and quantity: n; IQM, median and mean with 95 % intervals; standard deviation",
    "choices.csv": "a row per method, score and criterion: the chosen setting, and the score on other seeds",
    "comparisons.csv": "a row per family, score and pair of settings: U, P(A>B), p, verdict, seeds needed",
    "hypervolume.csv": "a row per method, cost and score: what its settings dominate",
    "variance.csv": "a row per score and source of variance",
    "agreement.csv": "a row per pair of scores: rank correlation over runs",
    "searches.csv": "a row per trial of a search: what was proposed, what came of it, its runs",
    "search_best.csv": "a row per search and objective: the chosen setting, as searched and as confirmed",
    "search_importances.csv": "a row per search, objective and number searched for: its importance",
}
FILES = {
    "index.html": "this report as a page to explore: tables to sort and filter, a plot whose points show their run",
    "datapackage.json": "every column of these files: type, unit, meaning, allowed values; sha256 of each file",
    "summary.tex": "the tables below for LaTeX (package booktabs)",
    "CITATION.cff": "how to cite these results",
    "citation.bib": "the same for BibTeX",
}


class Report(NamedTuple):
    """What the pages of a report are made from, beside its figures.

    damaged: why run folders were passed over; origins: whose the runs are, where not all are one's own.
    """

    runs: Sequence[Run]
    found: Sequence[Findings]
    cited: Citation
    searches: Sequence[SearchResult] = ()
    damaged: Sequence[str] = ()
    origins: Table | None = None


def page(report: Report, drawn: Sequence[Drawn], of_searches: Sequence[Drawn], tables: Collection[str]) -> str:
    """The Markdown text; the paths in it are relative to the report's folder. tables: the CSV files written."""
    runs, found, cited, searches, damaged, origins = report
    files = {name: text for name, text in CSV.items() if name in tables} | FILES
    parts = [f"# {md_text(cited.study)}", f"{counted(runs)}."]
    parts += _section("Whose numbers these are", origins) if origins is not None else []
    overview = [d for d in drawn if d.group is None]
    parts += map(_figure, overview) if len(found) > 1 else []
    for f in found:
        mine = [d for d in drawn if d.group is f.group]
        parts += _group(f, mine if len(found) > 1 else [*overview, *mine], cited.study)
    parts += [search_markdown(searches), *map(_figure, of_searches)] if searches else []
    parts += _section("Not scored", unscored(runs)) + _section("Notes on scores", noted(runs))
    parts += [*_section("Runs that are not done", losses(runs)), *_damaged(damaged)]
    parts += [
        "## Files",
        "\n".join(f"- [{name}]({name}): {text}" for name, text in files.items()),
        f"sha256 of the data (`sha256sum *.csv | sha256sum`): `{cited.hash}`.",
    ]
    return "\n\n".join([*parts, *_section("Environment", environment(runs))]) + "\n"


def _group(f: Findings, drawn: Sequence[Drawn], title: str) -> list[str]:
    """The answer first: the conclusion, one figure, one table; all else under lines that open it."""
    first, *further = group_tables(f, width=MARKDOWN_WIDTH)
    return [
        f"## {md_text(group_title(f.group))}",
        "\n".join(f"- {md_text(line)}" for line in conclusion(f, f"results/{title}")),
        *map(_figure, drawn[:1]),
        markdown(first),
        *folded("What all of these runs share, and how the numbers were made", [shared_markdown(f.group)]),
        *folded("Further scores and diagnostics", map(markdown, further)),
        *folded("Comparisons, chosen settings, fronts, variance, agreement of scores", [finding_markdown(f)]),
        *folded("Further figures", map(_figure, drawn[1:])),
    ]


def counted(runs: Sequence[Run]) -> str:
    """How many runs there are, and how they ended; baselines apart."""
    beside = sum(r.record.spec.method in BASELINES for r in runs)
    counts = Counter(r.record.status for r in runs if r.record.spec.method not in BASELINES)
    told = ", ".join(f"{counts[status]} {status}" for status in ("done", "diverged", "failed"))
    return f"{len(runs) - beside} runs: {told}" + (f"; and {beside} of baselines" if beside else "")


def _figure(drawn: Drawn) -> str:
    if drawn.figure is None:
        return md_text(drawn.head)
    head = md_text(drawn.head)
    # What a group's runs share stands above the group's figures.
    told = md_text(drawn.text if drawn.group is None else f"{drawn.head} {drawn.caption}")
    narrow = f" [For a column]({drawn.stem}_column.png)." if drawn.column is not None else ""
    return f"![{head}]({drawn.stem}.png)\n\n*Figure.* {told}{narrow}"


def losses(runs: Sequence[Run]) -> Table:
    """A row per run that is not done, with its error in one line."""
    rows = [
        [
            method_label(r.spec.method),
            params_text(r.spec.params),
            *(r.spec.dataset.label, str(r.spec.seed), r.status, "" if r.step is None else str(r.step)),
            *(reason(r.error) or "", r.key),
        ]
        for r in [run.record for run in runs]
        if r.status != "done"
    ]
    header = ["method", "parameters", "data set", "seed", "status", "update", "error", "run"]
    return Table("", header, rows, left=len(header))


def unscored(runs: Sequence[Run]) -> Table:
    """A row per data set, metric and reason why it could not be scored."""
    found: Counter[tuple[str, str, str]] = Counter()
    for run in runs:
        skipped = {(file.metric, repeat.skipped) for file in run.scores for repeat in file.repeats if repeat.skipped}
        found.update((run.record.spec.dataset.label, metric, why) for metric, why in skipped)
    rows = [[*named, str(n)] for named, n in sorted(found.items())]
    return Table("", ["data set", "metric", "reason", "runs"], rows, left=3)


def noted(runs: Sequence[Run]) -> Table:
    """A row per data set and metric whose scores something decided beside the codes: its first note, and how many."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for run in runs:
        for file in run.scores:
            notes = [note for repeat in file.repeats for note in repeat.notes or ()]
            if notes:
                found[run.record.spec.dataset.label, file.metric].append(notes[0])
    rows = [[*named, notes[0], str(len(notes))] for named, notes in sorted(found.items())]
    return Table("", ["data set", "metric", "the first of the notes", "runs"], rows, left=3)


def environment(runs: Sequence[Run]) -> Table:
    """Where the runs were made: a row per thing that they say of it, with every value and how often it stands."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for run in runs:
        for name, value in run.record.environment.items():
            found[name][str(value)] += 1
    rows = [
        [name, "; ".join(f"{value} ({n} runs)" if len(values) > 1 else value for value, n in sorted(values.items()))]
        for name, values in sorted(found.items())
    ]
    return Table("", ["what", "value"], rows)


def _section(heading: str, table: Table) -> list[str]:
    return [f"## {heading}", markdown(table)] if table.rows else []


def _damaged(reasons: Sequence[str]) -> list[str]:
    listed = "\n".join(f"- {md_text(reason)}" for reason in sorted(reasons))
    return ["## Run folders passed over as damaged", listed] if reasons else []
