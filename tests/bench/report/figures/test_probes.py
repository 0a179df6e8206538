"""Figures of what was read off the trainings."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from report_fakes import LOGGED, FakeStore, record, score, spec

from bench.report.collect.groups import Group, collect, groups
from bench.report.figures.style import looks, styled
from bench.report.figures.training import LEAST_TOP, Probed, active_figure, kl_figure, probed, score_curve_figure
from bench.report.write import write

STEPS = np.array([250.0, 500.0, 750.0, 1000.0])


class Logged(FakeStore):
    """Two settings of a method of four seeds, and a baseline.

    At update t seed s has 10 s + j + t / 1000 nats in three dimensions, j = 0 to 2, which take turns. A unit less is
    active at each update and at each seed more.
    """

    def __init__(self, scale: float = 1.0) -> None:
        cases = [("betavae", {"beta": beta}, seed) for beta in (1.0, 4.0) for seed in range(4)]
        made = [record(spec(method, seed, params=params)) for method, params, seed in cases]
        super().__init__([(one, []) for one in [*made, record(spec("pca", params={}))]])
        self.scale = scale
        self.seeds = {one.key: one.spec.seed for one, _ in self.runs}

    def history(self, key: str) -> list[dict[str, float]]:
        rows = []
        for i, step in enumerate(STEPS):
            seed = self.seeds[key]
            kl = self.scale * np.roll(10.0 * seed + np.arange(3) + step / 1000, i)
            probes = {f"probe_kl_{j}": float(nats) for j, nats in enumerate(kl)}
            rows.append({"step": float(step), "loss": 1.0, "probe_active_units": 3.0 - i - seed, **probes})
        return rows


def group_of(store: FakeStore) -> Group:
    (found,) = groups(collect({"a": store}), resamples=50)
    return found


def drawn(group: Group) -> tuple[Figure | None, Figure | None]:
    look = looks(group.series.items())
    with styled():
        return active_figure(group, probed(group), look), kl_figure(group, probed(group), look)


@pytest.fixture(scope="module")
def group() -> Group:
    return group_of(Logged())


@pytest.fixture(scope="module")
def found(group: Group) -> list[Probed]:
    return list(probed(group).values())


def test_quartiles_are_of_each_runs_dimensions_in_falling_order(found: list[Probed]) -> None:
    assert len(found) == 2
    for one in found:
        np.testing.assert_array_equal(one.active.steps, STEPS)
        np.testing.assert_allclose(one.kl[1], 15 + np.array([2, 1, 0]) + STEPS[:, None] / 1000)
        np.testing.assert_allclose(one.kl[0], one.kl[1] - 7.5)  # seeds 0 to 3 are 10 nats apart
        np.testing.assert_allclose(one.kl[2], one.kl[1] + 7.5)
        low, middle, high = (value - np.arange(4) for value in (0.75, 1.5, 2.25))
        np.testing.assert_allclose(one.active[1:], [middle, low, high])


def test_a_run_logged_at_other_updates_is_left_out(found: list[Probed]) -> None:
    store = Logged()
    whole = store.history

    def history(key: str) -> list[dict[str, float]]:
        return whole(key)[:2] if store.seeds[key] == 3 else whole(key)

    store.history = history  # type: ignore[method-assign]
    (one, _) = probed(group_of(store)).values()
    assert (one.seeds, found[0].seeds) == (3, 4)
    np.testing.assert_allclose(one.kl[1, :, 0], found[0].kl[1, :, 0] - 5)


def test_units_have_a_panel_a_series_and_kls_one_a_setting(group: Group) -> None:
    active, kl = drawn(group)
    assert active is not None
    assert kl is not None
    assert [ax.get_title("left") for ax in active.axes] == ["β-VAE (β)"]
    assert [len(ax.lines) for ax in active.axes] == [2]
    assert [ax.get_title("left") for ax in kl.axes] == ["β-VAE, β = 1", "β-VAE, β = 4"]
    assert [len(ax.lines) for ax in kl.axes] == [3, 3]
    top = kl.axes[0].get_ylim()[1]
    assert top == pytest.approx(1.05 * (15 + 7.5 + 2 + 1))


def test_a_collapse_is_not_magnified() -> None:
    _, kl = drawn(group_of(Logged(scale=1e-4)))
    assert kl is not None
    assert kl.axes[0].get_ylim() == (0, LEAST_TOP)


def test_without_probes_there_is_neither(tmp_path: Path) -> None:
    store = FakeStore([(record(spec(seed=seed)), []) for seed in range(2)])
    store.logged = LOGGED
    assert drawn(group_of(store)) == (None, None)
    write(store, tmp_path, resamples=50)
    assert [path.name for path in (tmp_path / "figures").glob("*_active.*")] == []
    assert [path.name for path in (tmp_path / "figures").glob("*_curves.png")] != []


def test_they_stand_on_both_pages_with_their_captions(tmp_path: Path) -> None:
    write(Logged(), tmp_path, resamples=50)
    for name, told in (
        ("active", "Active units in training"),
        ("kl_curves", "KL of each latent dimension in training"),
    ):
        (picture,) = (tmp_path / "figures").glob(f"*_{name}.png")
        for page in ("report.md", "index.html"):
            text = (tmp_path / page).read_text(encoding="utf-8")
            assert f"figures/{picture.name}" in text
            assert f"{told}, 4 seeds a setting." in text
            assert "quartiles of the seeds" in text


def test_scores_in_training_are_drawn_where_their_name_says_their_protocol() -> None:
    store = Logged()
    whole = store.history
    store.history = lambda key: [row | {"mig": 0.1, "sap": 0.2} for row in whole(key)]  # type: ignore[method-assign]
    both = [score(0.3), score(0.2, "sap", "sap:a"), score(0.2, "sap", "sap:b")]
    store.runs = [(one, both) for one, _ in store.runs]
    group = group_of(store)
    figure = score_curve_figure(group, looks(group.series.items()))
    assert figure is not None
    assert [ax.get_ylabel() for ax in figure.axes] == ["MIG"]
    assert [len(ax.lines) for ax in figure.axes] == [2]
    assert {v for line in figure.axes[0].lines for v in line.get_ydata()} == {0.1}
    bare = group_of(Logged())
    assert score_curve_figure(bare, looks(bare.series.items())) is None
