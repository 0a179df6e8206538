import pytest
from report_fakes import group_of

from bench.quantities import KL, RECON, Quantity
from bench.report.collect.comparisons import CHOSEN, METHODS, VAE
from bench.report.collect.findings import findings
from bench.report.collect.groups import Group
from bench.report.tables.rows import agreement_rows, choice_rows, comparison_rows, hypervolume_rows, variance_rows

MIG = Quantity("mig", "mig", "mig:bins20")
LEVELS = {
    ("vae", None): 0.1,
    ("betavae", 1.0): 0.1,
    ("betavae", 4.0): 0.3,
    ("factorvae", 10.0): 0.3,
    ("pca", None): 0.9,
}


@pytest.fixture(scope="module")
def group() -> Group:
    return group_of(LEVELS)


def test_findings_hold_three_families_of_each_score(group: Group) -> None:
    found = findings(group, resamples=50)
    assert [f.name for f in found.families if f.score == MIG] == [VAE, METHODS, CHOSEN]
    assert set(found.ties) == set(group.headline)


def test_hypervolumes_share_a_box_and_count_no_baseline(group: Group) -> None:
    found = findings(group, resamples=50)
    fronts = [f for f in found.fronts if f.score == MIG]
    assert {f.cost for f in fronts} == {RECON, KL}
    assert {f.method for f in fronts} == {"vae", "betavae", "factorvae"}
    assert len({f.within for f in fronts if f.cost == RECON}) == 1
    costs = [s.estimates[RECON].iqm for s in group.settings if not s.is_baseline]
    assert fronts[0].within.cost == pytest.approx(max(costs) + 0.1 * (max(costs) - min(costs)))


def test_every_finding_has_its_rows_and_they_are_unique(group: Group) -> None:
    found = [findings(group, resamples=50)]
    rows = {
        f.__name__: f(found) for f in (choice_rows, comparison_rows, hypervolume_rows, variance_rows, agreement_rows)
    }
    assert {name: len(r) for name, r in rows.items()} == {
        "choice_rows": 2 * 2 * 3,
        "comparison_rows": 2 * (3 + 5 + 3),
        "hypervolume_rows": 2 * 2 * 3,
        "variance_rows": 2 * 4,
        "agreement_rows": 6,
    }
    compared = rows["comparison_rows"]
    assert len({(r["name"], r["family"], r["setting_a"], r["setting_b"]) for r in compared}) == len(compared)


def test_a_row_of_a_comparison_can_be_traced(group: Group) -> None:
    found = findings(group, resamples=50)
    row, pair = comparison_rows([found])[1], found.families[0].pairs[1]
    assert (row["family"], row["method_a"], row["method_b"], row["seeds_a"]) == ("vae", "betavae", "vae", 20)
    assert (row["u"], row["p"], row["p_holm"], row["verdict"]) == (pair.u, pair.p, pair.p_holm, "differs")
    assert row["improvement"] == pair.u / 400
    assert (row["comparisons"], row["more_seeds"]) == (3, 0)
    assert row["seed_correlation"] == found.families[0].correlation
