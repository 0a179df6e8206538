"""Which runs the page shows, and what lies behind each: its matrices and its traversal."""

import base64
import io
import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from bench.quantities import fixed
from bench.report.collect.examples import Example, example
from bench.report.collect.groups import Group, Setting
from bench.report.figures.codes import MATRICES
from bench.report.figures.traversals import strip
from bench.report.words.names import factor_names
from bench.store.runs import Run

RUNS = 2000  # in the table and in the plots
PICTURES = 3_000_000  # characters of all pictures
ENTRIES = 250_000  # of all matrices
MEDIAN, BEST = "median", "best"


class PageRun(NamedTuple):
    """A run in the page.

    role: what it is among its setting's runs by the first score, `MEDIAN`, `BEST` or empty. place: the less, the more
    telling.
    """

    run: Run
    group: Group
    setting: Setting
    role: str
    place: tuple[int, int, int]


class RunDetails(NamedTuple):
    """What a click on a run shows.

    rows: names of its latent dimensions by falling KL; tracked: the factor that each says most about, or nothing.
    matrices: by label, (D, K), in the order of rows; picture: the traversal as a data URL, or nothing.
    """

    rows: list[str]
    tracked: list[str]
    factors: list[str]
    matrices: dict[str, list[list[float | None]]]
    picture: str


def page_runs(runs: Sequence[Run], groups: Sequence[Group], limit: int = RUNS) -> list[PageRun]:
    """Up to `limit` runs, in order: each setting's median and best, then one of every setting in turn."""
    of = {s.id: (g, s) for g in groups for s in g.settings}
    roles = {key: role for g, s in of.values() for key, role in _roles(g, s).items()}
    turns: Counter[str] = Counter()
    ranked = []
    for i, run in enumerate(runs):
        setting, role = run.setting, roles.get(run.record.key, "")
        ranked.append(PageRun(run, *of[setting], role, ((MEDIAN, BEST, "").index(role), turns[setting], i)))
        turns[setting] += 1
    kept = sorted(ranked, key=lambda one: one.place)[:limit]
    return sorted(kept, key=lambda one: one.place[2])


def run_details(several: Sequence[PageRun], *, pictures: int = PICTURES, entries: int = ENTRIES) -> list[RunDetails]:
    """What lies behind each; the most telling get pictures and matrices first, until so much of either is used up."""
    found = {}
    for i, one in sorted(enumerate(several), key=lambda item: item[1].place):
        e = example(one.group, one.setting, one.run)
        matrices = {label: m for name, label in MATRICES.items() if (m := e.matrix(name)) is not None}
        entries -= sum(m.size for m in matrices.values())
        url = _picture(e) if pictures > 0 else ""
        pictures -= len(url)
        known = isinstance(one.run.record.diagnostics.get("kl_per_dimension"), list)
        found[i] = RunDetails(
            rows=[f"z{j}, {fixed(e.kl[j], 2)} nats" if known else f"z{j}" for j in e.order],
            tracked=[e.tracked(j) for j in e.order],
            factors=list(factor_names(one.run.record, next((m.shape[1] for m in matrices.values()), 0))),
            matrices={k: [list(map(rounded, row)) for row in m] for k, m in matrices.items()} if entries >= 0 else {},
            picture=url if pictures >= 0 else "",
        )
    return [found[i] for i in range(len(several))]


def rounded(value: float | None) -> float | None:
    """Four significant digits; None for what is no number, which JSON has no word for."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.4g}")


def _roles(group: Group, setting: Setting) -> dict[str, str]:
    """By key. Of an even number of runs the lower middle one is the median; a single run is the median."""
    samples = setting.samples.get(group.headline[0], {}) if group.headline else {}
    known = [r.record for r in setting.runs if r.record.spec.seed in samples]
    known.sort(key=lambda r: (samples[r.spec.seed], -r.spec.seed))
    return {known[-1].key: BEST, known[(len(known) - 1) // 2].key: MEDIAN} if known else {}


def _picture(e: Example) -> str:
    """The last strip of the run, rows by KL, small: as lossy as a photograph on the web, a fortieth of a second."""
    rows = strip(e)
    if rows is None:
        return ""
    out = io.BytesIO()
    Image.fromarray(np.concatenate(list(rows[list(e.order)]))).save(out, format="WEBP", quality=75, method=4)
    return f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode('ascii')}"
