"""A report: the CSV files, tables, figures and the page of a set of stores, written into one folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.report.aggregate import Group, Run, Source, collect, groups
from bench.report.figures import draw, slugs
from bench.report.page import MARKDOWN_WIDTH, page
from bench.report.rows import run_rows, score_rows, summary_rows
from bench.report.style import save, styled
from bench.report.tables import csv_text, group_markdown, group_tables, latex

LATEX_WIDTH = 3  # quantities side by side in the text width of an article


def write(
    stores: Mapping[str, Source] | Source,
    out: Path,
    *,
    title: str = "",
    seed: int = 0,
    resamples: int = 2000,
) -> list[Path]:
    """Write the report of all runs in one store, or in several by name, into the folder `out`; the files written.

    runs.csv, scores.csv, summary.csv, summary.md, summary.tex, report.md, pareto.png, pareto.svg, and figures/ with a
    caption (.txt) beside each figure. Files of the same name are replaced, others left. The page's title is by default
    the folder's name. seed and resamples are the bootstrap's: the same runs give the same bytes.
    Raises BenchError without a done run, or if `out` is a file.
    """
    if out.exists() and not out.is_dir():
        raise BenchError(f"report: out is {str(out)!r}, which is a file; expected a folder")
    named = stores if isinstance(stores, Mapping) else {"results": stores}
    runs = collect(named)
    damaged = [f"{name}/{why}" for name, store in named.items() for why in store.damaged.values()]
    summed = groups(runs, seed=seed, resamples=resamples)
    (out / "figures").mkdir(parents=True, exist_ok=True)
    paths = [_write(out / name, text) for name, text in _texts(runs, summed).items()]
    with styled():
        drawn = list(draw(summed))
        for one in drawn:
            if one.figure is not None:
                paths += save(one.figure, out / one.stem)
                paths.append(_write(out / f"{one.stem}.txt", f"{one.head} {one.caption}\n"))
    return [*paths, _write(out / "report.md", page(title or out.resolve().name, runs, summed, drawn, damaged))]


def _texts(runs: Sequence[Run], summed: Sequence[Group]) -> dict[str, str]:
    texts = {
        "runs.csv": csv_text(run_rows(runs)),
        "scores.csv": csv_text(score_rows(runs)),
        "summary.csv": csv_text(summary_rows(summed)),
    }
    wide = [group_markdown(g, width=MARKDOWN_WIDTH) for g in summed]
    narrow = [
        latex(g, table, f"tab:{slug}-{i}")
        for slug, g in zip(slugs(summed), summed, strict=True)
        for i, table in enumerate(group_tables(g, width=LATEX_WIDTH), start=1)
    ]
    return texts | {"summary.md": "\n\n".join(wide) + "\n", "summary.tex": "\n".join(narrow)}


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
