"""Figures as they are printed: nothing cut, nothing over something else, letters that can be read, panels of a size."""

import io
import itertools
from collections.abc import Callable

import msgspec
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from report_fakes import LOGGED, FakeStore, record, score, spec
from study_fakes import reference

from bench.quantities import Quantity
from bench.report.collect.findings import Findings, findings
from bench.report.collect.groups import Setting, collect, groups
from bench.report.comparison.beside import Beside
from bench.report.figures.catalogue import BOUNDS, draw, missing_text
from bench.report.figures.codes import unit_figure
from bench.report.figures.panels import _apart, mostly_collapsed
from bench.report.figures.pareto import Panel, on_front, pareto_figure, pareto_points, settings_span
from bench.report.figures.strength import strength_figure
from bench.report.figures.style import COLUMN, PAGE, PALE, looks, side_by_side, styled
from bench.report.figures.training import curve_figure
from bench.report.words.names import AGAINST

MIG = Quantity("mig", "mig", "mig:bins20-mean-n10000")


def found_of(store: FakeStore) -> Findings:
    (group,) = groups(collect({"a": store}), resamples=50)
    return findings(group, resamples=50)


@pytest.fixture(scope="module")
def seven() -> Findings:
    return found_of(reference(7))


@pytest.fixture(scope="module")
def four() -> Findings:
    return found_of(reference(4))


@pytest.fixture(scope="module")
def beside() -> Findings:
    """Four methods and somebody's four."""
    others = Beside(reference(4), "Jane Doe", AGAINST)
    (group,) = groups(collect({"a": reference(4), "Jane": others}), resamples=50)
    return findings(group, resamples=50)


def drawn(found: Findings, kind: str, width: float) -> Figure:
    group, look = found.group, looks(found.group.series.items())
    chosen = frozenset((c.score, c.setting.id) for c in found.choices if c.score == c.criterion)
    with styled():
        if kind == "pareto":
            panels = [Panel(group, q, chosen=frozenset(s for known, s in chosen if known == q)) for q in group.headline]
            return pareto_figure(panels, look, width=width)
        rows = [BOUNDS, (Quantity("tc_sample"),)] if kind == "tc" else [(q,) for q in group.headline]
        figure = strength_figure(group, rows, look, width=width, chosen=chosen)
    assert figure is not None
    return figure


def boxes(figure: Figure) -> dict[str, Bbox]:
    """Where each text that is seen stands, in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    with styled():
        figure.draw_without_rendering()
    texts = [t for legend in figure.legends for t in legend.get_texts()]
    for ax in [ax for ax in figure.axes if ax.get_visible()]:
        texts += [*ax.texts, ax.xaxis.label, ax.yaxis.label, ax.title, ax._left_title]
        for axis in (ax.xaxis, ax.yaxis):
            inside = [tick for tick in axis.get_major_ticks() if tick.label1.get_visible()]
            low, high = sorted(axis.get_view_interval())
            texts += [tick.label1 for tick in inside if low <= tick.get_loc() <= high]
    seen = [t for t in texts if t.get_text().strip() and t.get_visible()]
    return {f"{i} {t.get_text()}": t.get_window_extent(renderer) for i, t in enumerate(seen)}


@pytest.mark.parametrize("width", [PAGE, COLUMN])
@pytest.mark.parametrize("kind", ["pareto", "strength", "tc"])
@pytest.mark.parametrize("methods", ["seven", "four", "beside"])
def test_no_text_is_cut_or_over_another(methods: str, kind: str, width: float, request: pytest.FixtureRequest) -> None:
    figure = drawn(request.getfixturevalue(methods), kind, width)
    assert figure.get_figwidth() == width
    found = boxes(figure)
    assert len(found) > 15
    assert_readable(figure, found)


@pytest.mark.parametrize("make", [curve_figure, unit_figure])
def test_long_names_of_panels_and_rows_are_wrapped(make: Callable[..., Figure]) -> None:
    cases = [{"gamma": g, "lr_discriminator": lr} for lr in (1e-4, 3e-4, 1e-3, 3e-3) for g in (10.0, 20.0)]
    store = FakeStore([(record(spec("factorvae", params=params)), [score(0.1)]) for params in cases])
    store.logged = LOGGED
    (group,) = groups(collect({"a": store}), resamples=50)
    with styled():
        figure = make(group, looks(group.series.items()))
    assert [ax.get_title(loc="left").partition("\n")[0] for ax in figure.axes][:4] == ["FactorVAE,"] * 4
    assert_readable(figure, boxes(figure))


def assert_readable(figure: Figure, found: dict[str, Bbox]) -> None:
    """No text is cut, none over another."""
    canvas = figure.bbox
    outside = [t for t, b in found.items() if b.x0 < canvas.x0 - 1 or b.x1 > canvas.x1 + 1 or b.y1 > canvas.y1 + 1]
    assert outside == []
    over = [
        (a, b)
        for (a, one), (b, two) in itertools.combinations(found.items(), 2)
        if min(one.x1, two.x1) - max(one.x0, two.x0) > 1 and min(one.y1, two.y1) - max(one.y0, two.y0) > 2
    ]
    assert over == []


@pytest.mark.parametrize("width", [PAGE, COLUMN])
def test_panels_are_of_one_size_and_letters_at_least_five_points_high(four: Findings, width: float) -> None:
    figure = drawn(four, "pareto", width)
    heights = {round(ax.get_window_extent().height) for ax in figure.axes}
    assert max(heights) - min(heights) <= 1
    sizes = [t.get_fontsize() for ax in figure.axes for t in (*ax.texts, ax.xaxis.label, *ax.get_xticklabels())]
    assert min(sizes) >= 5


def test_many_methods_have_a_panel_each_with_the_others_in_grey(seven: Findings) -> None:
    figure = drawn(seven, "pareto", PAGE)
    titles = [ax.get_title(loc="left").partition("\n")[0] for ax in figure.axes[:6]]
    assert titles == ["β-VAE", "FactorVAE", "InfoVAE", "β-TCVAE", "AnnealedVAE", "DIP-VAE"]
    assert len(figure.axes) == 3 * 6
    assert [t.get_text() for t in figure.axes[5].texts] == ["VAE", "PCA", "supervised\n0.60 ↑"]


def test_others_have_no_panel_of_their_own_and_are_grey(beside: Findings) -> None:
    figure = drawn(beside, "pareto", PAGE)
    assert len(figure.axes) == 3
    look = looks(beside.group.series.items())
    grey = {key: one for key, one in look.items() if one.colour == PALE}
    assert {method for method, _ in grey} == {f"{m}@Jane Doe" for m in ("vae", "betavae", "factorvae", "infovae")}
    assert all(one.marker == look[method.partition("@")[0], rest].marker for (method, rest), one in grey.items())
    assert "Grey, with the same markers: Jane Doe." in next(draw([beside])).text


def test_series_differ_in_grey_as_well(four: Findings) -> None:
    figure = drawn(four, "pareto", PAGE)
    texts = {t.get_text() for t in figure.legends[0].get_texts()}
    assert {"β-VAE, β = 4, 8, 16", "InfoVAE, α = 0.9, λ = 10, 1000", "collapsed seed", "chosen setting"} <= texts
    look = looks(four.group.series.items())
    learnt = [one for key, one in look.items() if not four.group.series[key][0].is_baseline]
    assert len({one.marker for one in learnt}) == len(learnt)


def test_a_setting_whose_majority_collapsed_is_on_no_front() -> None:
    """β = 16 has the highest score by far; once most of its seeds collapsed it is neither on the front nor spans it."""
    for collapsed, on in ((5, True), (6, False)):
        found = found_of(reference(2, collapsed=collapsed))
        points, _ = pareto_points(Panel(found.group, MIG))
        kept = {p.setting.strength_value: front for p, front in zip(points, on_front(points), strict=True)}
        assert kept[16.0] is on
        assert [mostly_collapsed(p.setting) for p in points] == [False, False, False, not on]
        span, beyond = settings_span(points)
        assert span is not None
        assert (span[1] > 45) is on
        assert beyond >= collapsed
    with styled():
        figure = pareto_figure([Panel(found.group, MIG)], looks(found.group.series.items()))
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert [float(line.get_xdata()[0]) for line in crosses] == [span[1]]  # type: ignore[index]


def test_bounds_of_tc_lead_on_a_logarithmic_axis(four: Findings) -> None:
    figure = drawn(four, "tc", PAGE)
    assert {ax.get_yscale() for ax in figure.axes} == {"log"}
    labels = [ax.get_ylabel().replace("\n", " ") for ax in figure.axes if ax.get_ylabel()]
    assert labels == ["TC, bounds (nats)", "Gaussian TC of sampled codes (nats)"]


def test_gradients_and_losses_are_drawn_in_a_full_report_alone() -> None:
    found = found_of(reference(2, seeds=3))
    with styled():
        stems = {full: {d.stem.partition("_")[2] for d in draw([found], full=full)} for full in (False, True)}
    assert stems[True] - stems[False] == {"lost"}  # no gradient was logged


def test_files_are_small(seven: Findings) -> None:
    figure = drawn(seven, "pareto", PAGE)
    for kind, limit in (("png", 400e3), ("svg", 600e3)):
        out = io.BytesIO()
        with styled():
            figure.savefig(out, format=kind)
        assert len(out.getvalue()) < limit


def test_names_move_apart_and_no_further_nor_above_the_panel() -> None:
    assert _apart([0.0, 30.0], [10.0, 10.0], 200.0) == [0.0, 30.0]
    assert _apart([0.0, 2.0, 100.0], [10.0, 10.0, 10.0], 200.0) == [-4.0, 6.0, 100.0]
    assert _apart([0.0, 0.0, 0.0], [10.0, 10.0, 10.0], 200.0) == [-10.0, 0.0, 10.0]
    assert _apart([92.0, 100.0], [10.0, 20.0], 100.0) == [75.0, 90.0]


def test_of_settings_that_all_collapsed_there_is_no_front_and_the_legend_names_none() -> None:
    store = reference(1)
    store.runs = [
        (msgspec.structs.replace(r, diagnostics=r.diagnostics | {"collapsed": True}), s) for r, s in store.runs
    ]
    found = found_of(store)
    figure = drawn(found, "pareto", PAGE)
    told = {t.get_text() for t in figure.legends[0].get_texts()}
    assert {"collapsed seed", "setting that collapsed"} <= told
    assert not told & {"front of all settings", "chosen setting", "weakest to strongest"}


def test_a_caption_says_which_settings_a_figure_lacks() -> None:
    group = found_of(reference(4, seeds=2)).group
    lacking = {"infovae": 0.9, "betavae": 16.0}

    def known(s: Setting) -> bool:
        return lacking.get(s.spec.method, "none") not in (s.spec.params.get("alpha"), s.strength_value)

    told = missing_text(group, known, "no history")
    assert told == " Not shown: β-VAE, β = 16; InfoVAE, α = 0.9 (no history)."


def test_panels_side_by_side_leave_few_places_empty() -> None:
    assert [side_by_side(n) for n in (1, 4, 5, 6, 7, 9, 19)] == [1, 4, 5, 3, 4, 3, 5]
    assert all(-n % side_by_side(n) <= 2 for n in range(1, 60))


def test_lines_are_dark_enough_for_paper(four: Findings) -> None:
    for look in looks(four.group.series.items()).values():
        r, g, b = to_rgb(look.colour)
        assert 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.75
