"""A report: the CSV files, tables, figures and the page of a set of stores, written into one folder."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.errors import BenchError
from bench.report.collect.findings import Findings, findings
from bench.report.collect.groups import collect, groups
from bench.report.collect.searches import SearchResult, search_results
from bench.report.comparison.beside import Origin, origin_table
from bench.report.figures.catalogue import draw, slugs
from bench.report.figures.searches import search_drawn
from bench.report.figures.style import save, styled
from bench.report.page.cite import Citation, bibtex, cff, citation
from bench.report.page.html import web_page
from bench.report.page.markdown import CSV, MARKDOWN_WIDTH, Report, page
from bench.report.tables.csv_file import Block, Written, blocks_of, write_csv
from bench.report.tables.data_package import content_hash, data_package
from bench.report.tables.findings import finding_tables
from bench.report.tables.rows import (
    agreement_rows,
    choice_rows,
    comparison_rows,
    history_blocks,
    hypervolume_rows,
    matrix_blocks,
    note_blocks,
    run_rows,
    score_blocks,
    skipped_blocks,
    summary_rows,
    variance_rows,
)
from bench.report.tables.searches import search_rows, with_budgets
from bench.report.tables.text import Table, group_markdown, group_tables, latex
from bench.store import atomic
from bench.store.runs import Run, Source
from bench.store.searches import Search

LATEX_WIDTH = 3  # quantities side by side in the text width of an article


def write(
    stores: Mapping[str, Source] | Source,
    out: Path,
    *,
    searches: Sequence[Search] = (),
    origins: Sequence[Origin] = (),
    title: str = "",
    seed: int = 0,
    resamples: int = 2000,
    full: bool = False,
) -> list[Path]:
    """Write the report of all runs in one store, or in several by name, into the folder `out`; the files written.

    The CSV files of `page.CSV` and datapackage.json, which describes them, CITATION.cff and citation.bib, summary.md,
    summary.tex, report.md with a caption under each figure, index.html, pareto.png and pareto.svg (of several groups,
    one for each), and figures/. They take the place of an older report's at once, when all are whole; other files there
    are left. The page's title is by default the folder's name. searches: those whose chosen settings are among the
    runs. origins: whose the runs are, where not all are one's own. seed and resamples are the bootstrap's: the same
    runs give the same bytes. full: also the figures by which faults are found.
    Raises BenchError without a done run, or if `out` is a file.
    """
    if out.exists() and not out.is_dir():
        raise BenchError(f"report: out is {str(out)!r}, which is a file; expected a folder")
    named = stores if isinstance(stores, Mapping) else {"results": stores}
    runs, found, results = gathered(named, searches, seed=seed, resamples=resamples)
    damaged = [f"{name}/{why}" for name, store in named.items() for why in store.damaged.values()]
    name = title or out.resolve().name
    with atomic.replacing_folder(out) as new:
        paths = _write_all(new, name, runs, found, results, damaged, origin_table(origins), full)
    return [out / path.relative_to(new) for path in paths]


def gathered(
    stores: Mapping[str, Source], searches: Sequence[Search] = (), *, seed: int = 0, resamples: int = 2000
) -> tuple[list[Run], list[Findings], list[SearchResult]]:
    """All that a report is made of: the runs, what each group of them says taken together, the searches."""
    runs = collect(stores)
    summed = groups(runs, seed=seed, resamples=resamples)
    results = search_results(searches, runs, seed=seed, resamples=resamples)
    confirmed = {one.setting for one in results if one.setting is not None}
    found = [findings(group, searched=confirmed, seed=seed, resamples=resamples) for group in summed]
    return runs, found, results


def write_data(
    out: Path, name: str, runs: Sequence[Run], found: Sequence[Findings], searches: Sequence[SearchResult]
) -> tuple[dict[str, Written], Citation]:
    """Write the CSV files and datapackage.json; what was written, and how it is cited."""
    tables = csv_tables(runs, found, searches)
    written = {file: done for file, rows in tables.items() if (done := write_csv(out / file, rows)) is not None}
    cited = citation(name, runs, content_hash(written))
    _write(out / "datapackage.json", data_package(cited.title, CSV, written))
    return written, cited


def _write_all(
    out: Path,
    name: str,
    runs: Sequence[Run],
    found: Sequence[Findings],
    searches: Sequence[SearchResult],
    damaged: Sequence[str],
    origins: Table,
    full: bool,
) -> list[Path]:
    (out / "figures").mkdir()
    written, cited = write_data(out, name, runs, found, searches)
    texts = {"CITATION.cff": cff(cited), "citation.bib": bibtex(cited)} | _texts(found)
    paths = [out / file for file in (*written, "datapackage.json")]
    paths += [_write(out / file, text) for file, text in texts.items()]
    with styled():
        drawn, of_searches = list(draw(found, full=full)), list(search_drawn(searches))
        for one in [*drawn, *of_searches]:
            for figure, stem in ((one.figure, one.stem), (one.column, f"{one.stem}_column")):
                paths += [] if figure is None else save(figure, out / stem, one.text)
    report = Report(runs, found, cited, searches, damaged, origins)
    paths.append(_write(out / "report.md", page(report, drawn, of_searches, written)))
    return [*paths, _write(out / "index.html", web_page(report, [*drawn, *of_searches], paths))]


def csv_tables(
    runs: Sequence[Run], found: Sequence[Findings], searches: Sequence[SearchResult]
) -> dict[str, Iterable[Block]]:
    """The rows of each CSV file, by its name as in `page.CSV`, as they come."""
    summed = with_budgets(summary_rows(f.group for f in found), searches)
    few = {
        "summary.csv": list(summed),
        "choices.csv": choice_rows(found),
        "comparisons.csv": comparison_rows(found),
        "hypervolume.csv": hypervolume_rows(found),
        "variance.csv": variance_rows(found),
        "agreement.csv": agreement_rows(found),
        **search_rows(searches),
    }
    return {
        "runs.csv": blocks_of(lambda: with_budgets(run_rows(runs), searches)),
        "scores.csv": score_blocks(runs),
        "matrices.csv": matrix_blocks(runs),
        "skipped.csv": skipped_blocks(runs),
        "notes.csv": note_blocks(runs),
        "history.csv": history_blocks(runs),
        **{name: blocks_of(partial(iter, rows)) for name, rows in few.items()},
    }


def _texts(found: Sequence[Findings]) -> dict[str, str]:
    wide = [group_markdown(f, width=MARKDOWN_WIDTH) for f in found]
    narrow = []
    for slug, f in zip(slugs([f.group for f in found]), found, strict=True):
        tables = [*group_tables(f, width=LATEX_WIDTH), *(one.table for one in finding_tables(f) if one.table.rows)]
        narrow += [latex(f.group, table, f"tab:{slug}-{i}") for i, table in enumerate(tables, start=1)]
    return {"summary.md": "\n\n".join(wide) + "\n", "summary.tex": "\n".join(narrow)}


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
