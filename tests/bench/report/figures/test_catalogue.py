import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from report_fakes import LOGGED, FakeStore, record, score, spec

from bench.plugins import Params
from bench.report.collect.examples import Example, examples
from bench.report.collect.findings import findings
from bench.report.collect.groups import Group, collect, groups
from bench.report.figures import traversals
from bench.report.figures.catalogue import draw
from bench.report.figures.codes import agreement_figure, factor_figure, matrix_figure, unit_figure
from bench.report.figures.strength import strength_figure
from bench.report.figures.style import looks, styled
from bench.report.figures.training import curve_figure, lost_figure, penalty_figure
from bench.report.figures.traversals import strip as strip_of
from bench.report.figures.traversals import traversal_figure
from bench.report.write import write
from bench.spec import Repeat, ScoreFile
from bench.training import traversals as training

GRID: list[tuple[str, Params]] = [("vae", {}), ("betavae", {"beta": 1.0}), ("betavae", {"beta": 4.0}), ("pca", {})]
MI = [[0.0, 0.1], [0.9, 0.2], [0.0, 0.0]]


def strip() -> bytes:
    """Three rows of 4 pixels, as white as their number, with a grey line between them."""
    picture = np.full((3 * 5 - 1, 9 * 5 - 1), 128, np.uint8)
    for j in range(3):
        picture[5 * j : 5 * j + 4] = j
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()


def store(seeds: int = 4) -> FakeStore:
    rng = np.random.default_rng(0)
    runs = []
    for i, (method, params) in enumerate(GRID):
        for seed in range(seeds):
            made = record(spec(method, seed, params=params), 20.0 + i + rng.random())
            mig = Repeat(
                repeat=0,
                values={"mig": 0.1 * i + 0.1 * rng.random()},
                per_factor={"mig": [0.2, None]},
                matrices={"mutual_information": MI},
            )
            scores = [
                ScoreFile(protocol="mig:m", metric="mig", params={}, repeats=[mig]),
                score(rng.random(), "sap", "sap:m"),
            ]
            runs.append((made, scores))
    runs.append((record(spec("betavae", 9, params={"beta": 4.0}), status="diverged"), []))
    made = FakeStore(runs)
    made.logged = [{**row, "mmd": 0.1} for row in LOGGED]
    made.images = {"traversals/step0000500.png": b"", "traversals/step0001000.png": strip()}
    return made


@pytest.fixture(scope="module")
def group() -> Group:
    (found,) = groups(collect({"a": store()}), resamples=50)
    return found


@pytest.fixture(scope="module")
def shown(group: Group) -> list[Example]:
    return examples(findings(group, resamples=50))


def texts(figure: Figure) -> list[str]:
    axes = [ax for ax in figure.axes if ax.get_visible()]
    found = [t.get_text() for ax in axes for t in (*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.title)]
    return found + [ax.get_title(loc="left") for ax in axes] + [ax.get_ylabel() for ax in axes]


def test_examples_are_the_chosen_settings_at_one_seed_that_reports(shown: list[Example]) -> None:
    assert [e.title for e in shown] == ["VAE", "β-VAE, β = 4"]
    assert {e.run.record.spec.seed for e in shown} == {0}
    assert shown[0].order == (0, 1, 2)


def test_a_latent_is_named_after_the_factor_that_it_tells_most_about(shown: list[Example]) -> None:
    assert [shown[0].tracked(j) for j in range(3)] == ["factor 1 0.10", "factor 0 0.90", ""]


def test_traversals_are_the_last_strips_with_the_rows_in_order_of_kl(shown: list[Example]) -> None:
    turned = [e._replace(order=(2, 0, 1), kl=(1.0, 0.5, 3.0)) for e in shown]
    with styled():
        figure = traversal_figure(turned)
    assert figure is not None
    picture = figure.axes[0].images[0].get_array()
    assert picture is not None
    assert picture[[0, 5, 10], 0].tolist() == [2, 0, 1]
    assert {"factor 1 0.10", "1.00"} <= set(texts(figure))


def test_runs_without_strips_have_no_traversals(shown: list[Example]) -> None:
    bare = store()
    bare.images = {}
    (group,) = groups(collect({"a": bare}), resamples=50)
    assert traversal_figure(examples(findings(group, resamples=50))) is None


def test_heat_maps_leave_what_is_undefined_white(group: Group, shown: list[Example]) -> None:
    with styled():
        figure, matrices = factor_figure(group), matrix_figure(group, shown)
    assert figure is not None
    assert matrices is not None
    assert texts(figure).count("0.20") == 4  # a setting each; the second factor has no number
    assert {"MIG", "PCA", "β-VAE β = 4"} <= set(texts(figure))
    assert texts(matrices).count("0.90") == 2


def test_agreement_has_a_cell_for_each_pair(group: Group) -> None:
    with styled():
        figure = agreement_figure(findings(group, resamples=50))
    assert figure is not None
    assert sum("[" in t for t in texts(figure)) == 3  # of MIG, SAP and reconstruction; KL does not vary
    assert "reconstruction ↓" in texts(figure)


def test_training_figures_have_a_panel_a_method_and_no_baseline(group: Group) -> None:
    found = looks(group.series.items())
    with styled():
        curves, units, lost = curve_figure(group, found), unit_figure(group, found), lost_figure(group, found)
        penalties = penalty_figure(group, found)
    assert curves is not None
    assert units is not None
    assert lost is not None
    assert penalties is not None
    assert len(curves.axes) == 2 * 2
    assert "MMD²" in texts(penalties)
    assert len(lost.axes) == 2


def test_without_losses_there_is_no_figure_of_them() -> None:
    (group,) = groups(collect({"a": FakeStore(store().runs[:-1])}), resamples=50)
    assert lost_figure(group, looks(group.series.items())) is None


def test_every_figure_has_a_caption_with_n_and_protocol(group: Group) -> None:
    with styled():
        drawn = list(draw([findings(group, resamples=50)]))
    names = {d.stem.partition("_")[2] for d in drawn if d.group is not None}
    assert {"factors", "matrices", "traversals", "units", "curves", "agreement", "pareto_mig"} <= names
    for d in drawn:
        assert "mig:m" in d.caption or d.stem.endswith("_vs_strength") or "sap:m" in d.caption
        assert "toy, sha256" in d.text
    assert not any("PCA" in d.head for d in drawn)


def test_baselines_are_rows_of_the_tables_and_on_no_front(tmp_path: Path) -> None:
    write(store(), tmp_path, resamples=50)
    assert "| PCA | – | 4 |" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "pca" not in (tmp_path / "hypervolume.csv").read_text(encoding="utf-8")
    assert "pca" not in (tmp_path / "comparisons.csv").read_text(encoding="utf-8")


def test_what_is_far_above_the_methods_has_no_line_in_a_figure_of_scores() -> None:
    """One would flatten what methods differ in; PCA, which is among them, has its own."""
    plain = store(2)
    for method in ("supervised", "ceiling"):
        plain.runs += [(record(spec(method, seed, params={})), [score(0.9, "mig", "mig:m")]) for seed in (0, 1)]
    (beside,) = groups(collect({"a": plain}), resamples=20)
    quantity = next(q for q in beside.scores if q.name == "mig")
    with styled():
        figure = strength_figure(beside, [(quantity,)], looks(beside.series.items()))
    assert figure is not None
    assert [text.get_text() for text in figure.axes[0].texts] == ["VAE", "PCA", "supervised\n0.90 ↑"]
    assert figure.axes[0].get_ylim()[1] < 0.6


def test_each_pixel_of_a_frame_is_four_of_the_printed_figure(shown: list[Example]) -> None:
    """Five of the nine frames, two pixels a pixel, whatever stands beside them."""
    with styled():
        figure = traversal_figure(shown)
        assert figure is not None
        out = io.BytesIO()
        figure.savefig(out)
    ax = figure.axes[0]
    box = ax.get_window_extent()
    printed = np.asarray(Image.open(out).convert("L"))
    x0, y0 = round(box.x0), round(figure.bbox.height - box.y1)
    rows = strip_of(shown[0])
    assert rows is not None
    frames = np.concatenate([rows[:2, :, 5 * k : 5 * k + 5] for k in (0, 2, 4, 6, 8)], axis=2)
    twice = np.concatenate(list(frames)).repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(printed[y0 : y0 + twice.shape[0], x0 : x0 + twice.shape[1]], twice)
    assert {"−2.5", "0", "2.5", "factor", "KL", "and 1 below 0.1 nats"} <= set(texts(figure))


def test_strips_have_as_many_frames_as_trainings_draw() -> None:
    assert (traversals.STEPS, traversals.SPAN) == (training.STEPS, training.SPAN)
