"""What the interactive Pareto plot shows: series with their looks, and planes; the page's script draws them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.quantities import BASELINES, KL, RECON, Quantity
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group, Series, setting_name
from bench.report.figures.panels import sizes
from bench.report.figures.pareto import Panel, Point, on_front, pareto_points, settings_span
from bench.report.figures.style import Look, learnt
from bench.report.page.runs import rounded
from bench.report.tables.captions import points_text
from bench.report.words.names import method_label

COSTS = (RECON, KL)
SYMBOLS = {  # matplotlib's markers by plotly's names
    **{"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "v": "triangle-down", "P": "cross"},
    **{"X": "x", "<": "triangle-left", ">": "triangle-right", "p": "pentagon", "h": "hexagon", "*": "star"},
}
DASHES = {"pca": "dash", "supervised": "dot", "ceiling": "dot", "ica": "dashdot", "untrained": "longdash"}
HIDDEN = ("ceiling", "untrained", "chance")  # baselines whose lines are drawn when the legend is asked for them
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
INK, GRID = "#222222", "#e4e4e4"
SIZE = 2.2  # pixels of a marker here for a point in print


def pareto_series(group: Group, looks: Mapping[Series, Look]) -> list[dict[str, Any]]:
    """Each series of a method: name, colour, plotly's symbol, and its settings by rising strength with marker sizes."""
    found = []
    for key, settings in learnt(group).items():
        look = looks[key]
        marked = zip(settings, sizes(len(settings)), strict=True)
        found.append(
            {
                "name": look.name,
                "colour": f"rgb({', '.join(str(round(255 * c)) for c in look.colour)})",
                "symbol": SYMBOLS[look.marker],
                "settings": [{"id": s.id, "size": round(SIZE * size, 1)} for s, size in marked],
            }
        )
    return found


def pareto_views(found: Findings, quantities: Sequence[Quantity]) -> list[dict[str, Any]]:
    """Every plane of a cost and a score: its front and baselines, its axes, and what it shows in words."""
    views, group = [], found.group
    texts = Counter(q.label.text for q in group.scores)
    for cost in [q for q in COSTS if q in group.quantities]:
        for score in group.scores:
            points, missing = pareto_points(Panel(group, score, cost))
            if points:
                name = score.label.text + (f" ({score.protocol})" if texts[score.label.text] > 1 else "")
                told = {"title": f"{name} against {cost.label.text}"}
                views.append(told | _view(found, quantities, points, missing))
    return views


def _view(found: Findings, quantities: Sequence[Quantity], points: list[Point], missing: list[str]) -> dict[str, Any]:
    group, cost, score = found.group, points[0].cost, points[0].score
    kept = sorted((p for p, on in zip(points, on_front(points), strict=True) if on), key=lambda p: p.x.iqm)
    span, beyond = settings_span(points)
    names = "; ".join(setting_name(group, p.setting) for p in kept)
    note = f"{score.label.text} by protocol {score.protocol}. {points_text(p.y.n for p in points)}."
    if beyond:
        seeds = "1 seed lies" if beyond == 1 else f"{beyond} seeds lie"
        note += f" {seeds} left or right of the axis, at whose ends intervals are cut off: zoom out to see."
    note += f" Not shown: {'; '.join(missing)}." if missing else ""
    methods = ", ".join(dict.fromkeys(method_label(p.setting.spec.method) for p in points))
    return {
        "cost": quantities.index(cost),
        "score": quantities.index(score),
        "front": [p.setting.id for p in kept],
        "chosen": [s.id for s in found.chosen(score).values()],
        "baselines": _baselines(group, score),
        "range": span or (min(p.x.iqm for p in points) - 1, max(p.x.iqm for p in points) + 1),
        "x": f"← {_axis(cost)}",
        "y": f"{_axis(score)} →",
        "note": note,
        "alt": f"{score.label.text} against {cost.label.text} for {len(points)} settings of {methods}. "
        f"On the front: {names or 'none'}.",
    }


def _baselines(group: Group, score: Quantity) -> list[dict[str, Any]]:
    """A line for each baseline that has the score; those that would flatten the plot wait in the legend."""
    known = [s for s in group.settings if s.is_baseline and score in s.estimates]
    return [
        {
            "name": BASELINES[s.spec.method],
            "y": rounded(s.estimates[score].iqm),
            "dash": DASHES.get(s.spec.method, "longdashdot"),
            "hidden": s.spec.method in HIDDEN,
        }
        for s in known
    ]


def _axis(q: Quantity) -> str:
    return q.label.text + (f" ({q.label.unit})" if q.label.unit else "")


def layouts() -> dict[str, Any]:
    """What all plots of the page share, and the look of a heat map."""
    import plotly.graph_objects as go  # slow to import, and only a page needs it

    base = {"template": "none", "font": {"family": FONT, "size": 13, "color": INK}, "hovermode": "closest"}
    title = {"font": {"size": 13}, "standoff": 8}
    axis = {
        "title": title,
        "automargin": True,
        "gridcolor": GRID,
        "linecolor": INK,
        "showline": True,
        "zeroline": False,
        "ticks": "outside",
    }
    # With margins of its own on two sides beside a legend of many rows plotly does not settle on a small screen.
    plot = go.Layout(**base, xaxis=axis, yaxis={**axis, "automargin": False})
    plot.update(margin={"l": 64, "r": 10, "t": 10, "b": 10}, dragmode="zoom")
    plot.update(legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0})
    flat = {"showgrid": False, "zeroline": False, "automargin": True, "ticks": "", "fixedrange": True}
    matrix = go.Layout(**base, xaxis={**flat, "tickangle": -60}, yaxis={**flat, "autorange": "reversed"})
    matrix.update(margin={"l": 10, "r": 10, "t": 30, "b": 10}, dragmode=False)
    heat = go.Heatmap(colorscale="Cividis", zmin=0, texttemplate="%{z:.2f}", colorbar={"thickness": 10})
    heat.update(hovertemplate="%{y}<br>%{x}: %{z:.3f}<extra></extra>", textfont={"size": 10})
    return {
        "plot": plot.to_plotly_json(),
        "matrix": matrix.to_plotly_json(),
        "heat": heat.to_plotly_json(),
    }
