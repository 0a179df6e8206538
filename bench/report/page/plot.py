"""The interactive Pareto plot, as plotly figures without coordinates: the page's script fills in what is chosen."""

import html
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.quantities import KL, RECON, Quantity
from bench.report.collect.groups import Group, Series, Setting, setting_name
from bench.report.figures.pareto import Panel, Point, on_front, pareto_points, settings_span
from bench.report.figures.style import Look
from bench.report.tables.captions import points_text
from bench.report.words.names import method_label, value_text

COSTS = (RECON, KL)
SYMBOLS = {  # matplotlib's markers by plotly's names
    **{"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "v": "triangle-down", "P": "cross"},
    **{"X": "x", "<": "triangle-left", ">": "triangle-right", "p": "pentagon", "h": "hexagon", "*": "star"},
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
INK, GRID = "#222222", "#e4e4e4"
TEXT_PLACES = {  # around a point, the preferred first: plotly's name, and the direction
    **{"top right": (1, 1), "top left": (-1, 1), "bottom right": (1, -1), "bottom left": (-1, -1)},
    **{"top center": (0, 1), "bottom center": (0, -1), "middle right": (1, 0), "middle left": (-1, 0)},
}
WIDE, HIGH = 690, 430  # pixels of the plot on a laptop
LETTER, LINE, CLEAR = 6.5, 12, 8  # pixels: width and height of a letter, a text's distance from its point


def pareto_traces(group: Group, looks: Mapping[Series, Look], rows: Mapping[str, list[int]]) -> list[dict[str, Any]]:
    """Two traces a series, its runs and its settings, and the front. customdata: rows of the page, places of settings.

    rows: by setting, where its done runs stand in the page's table.
    """
    import plotly.graph_objects as go  # slow to import, and only a page needs it

    traces: list[Any] = []
    place = {s.id: i for i, s in enumerate(group.settings)}
    for series, several in group.series.items():
        settings = [s for s in several if not s.is_baseline]
        look = looks[series]
        colour = f"rgb({', '.join(str(round(255 * c)) for c in look.colour)})"
        ink = {"color": colour, "symbol": SYMBOLS[look.marker]}
        told = {"name": html.escape(look.name, quote=False), "legendgroup": str(len(traces))}
        text = {"hovertemplate": "%{hovertext}<extra></extra>"}
        if settings:
            own = [i for s in settings for i in rows.get(s.id, [])]
            seeds = go.Scatter(meta="runs", mode="markers", customdata=own, showlegend=False, **told, **text)
            traces.append(seeds.update(marker={**ink, "size": 6, "opacity": 0.4}))
            bars = {"type": "data", "symmetric": False, "thickness": 1, "width": 0}
            where = [place[s.id] for s in settings]
            points = go.Scatter(meta="settings", mode="markers+text", customdata=where, **told, **text)
            points.update(marker={**ink, "size": 11, "line": {"width": 2, "color": colour}}, error_x=bars, error_y=bars)
            traces.append(points.update(textposition="top right", textfont={"size": 11}))
    front = go.Scatter(meta="front", mode="lines", name="non-dominated front", hoverinfo="skip")
    traces.append(front.update(line={"shape": "hv", "color": "#595959", "width": 1.5}))
    return [t.to_plotly_json() for t in traces]


def pareto_views(group: Group, quantities: Sequence[Quantity]) -> list[dict[str, Any]]:
    """Every plane of a cost and a score: the settings on its front in order, its axes, and what it shows in words."""
    views = []
    texts = Counter(q.label.text for q in group.scores)
    for cost in [q for q in COSTS if q in group.quantities]:
        for score in group.scores:
            points, missing = pareto_points(Panel(group, score, cost))
            if points:
                name = score.label.text + (f" ({score.protocol})" if texts[score.label.text] > 1 else "")
                told = {"title": f"{name} against {cost.label.text}"}
                views.append(told | _view(group, quantities, points, missing))
    return views


def _view(group: Group, quantities: Sequence[Quantity], points: list[Point], missing: list[str]) -> dict[str, Any]:
    cost, score = points[0].cost, points[0].score
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
        "front": [group.settings.index(p.setting) for p in kept],
        "places": text_places(points, kept, span),
        "range": span,
        "x": f"← {_axis(cost)}",
        "y": f"{_axis(score)} →",
        "note": note,
        "alt": f"{score.label.text} against {cost.label.text} for {len(points)} settings of {methods}. "
        f"On the front: {names}.",
    }


def text_places(points: Sequence[Point], told: Sequence[Point], span: tuple[float, float] | None) -> list[str]:
    """Where the text of each told point covers least of the other points and of the texts before it."""
    xs = span or (min(p.x.iqm for p in points), max(p.x.iqm for p in points))
    ys = [
        y for p in points for y in (p.y.iqm, p.y.lo, p.y.hi, *p.setting.samples[p.score].values()) if math.isfinite(y)
    ]
    at = {p.setting.id: (_share(p.x.iqm, xs) * WIDE, _share(p.y.iqm, (min(ys), max(ys))) * HIGH) for p in points}
    taken = [(x, y, 2.0 * CLEAR, 2.0 * CLEAR) for x, y in at.values()]
    chosen = []
    for p in told:
        (x, y), wide = at[p.setting.id], LETTER * len(strength_text(p.setting))
        boxes = {
            name: (x + dx * (CLEAR + wide / 2), y + dy * (CLEAR + LINE / 2), wide, float(LINE))
            for name, (dx, dy) in TEXT_PLACES.items()
        }
        best = min(boxes, key=lambda name: sum(_covered(boxes[name], other) for other in taken))
        taken.append(boxes[best])
        chosen.append(best)
    return chosen


def _share(value: float, span: tuple[float, float]) -> float:
    return (value - span[0]) / (span[1] - span[0]) if span[1] > span[0] else 0.5


def _covered(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """What two boxes (middle x and y, width, height) have in common."""
    wide, high = ((a[i + 2] + b[i + 2]) / 2 - abs(a[i] - b[i]) for i in (0, 1))
    return max(min(wide, a[2], b[2]), 0) * max(min(high, a[3], b[3]), 0)


def _axis(q: Quantity) -> str:
    return q.label.text + (f" ({q.label.unit})" if q.label.unit else "")


def strength_text(setting: Setting) -> str:
    """The number beside a point."""
    return "" if setting.strength_value is None else value_text(setting.strength_value)


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
