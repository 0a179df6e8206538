import numpy as np
import pytest
from report_fakes import FakeStore, record, score, spec

from bench.plugins import Params
from bench.quantities import KL, RECON, Quantity
from bench.report.collect.findings import ELBO, choose, findings, halves
from bench.report.collect.groups import Group, collect, groups
from bench.report.tables.findings import finding_markdown, verdicts
from bench.report.tables.rows import agreement_rows, choice_rows, comparison_rows, hypervolume_rows, variance_rows

MIG = Quantity("mig", "mig", "mig:bins20")


def group_of(levels: dict[tuple[str, float | None], float], seeds: int = 20, noise: float = 0.02) -> Group:
    """Settings by method and strength, each with its level of the score; the ELBO falls as the strength grows."""
    rng = np.random.default_rng(0)
    runs = []
    for (method, strength), level in levels.items():
        params: Params = {} if strength is None else {"beta" if method == "betavae" else "gamma": strength}
        for seed in range(seeds):
            cost = 20.0 + (strength or 0.0)
            made = record(spec(method, seed, params=params), cost + rng.normal())
            runs.append(
                (made, [score(level + noise * rng.normal()), score(level + noise * rng.normal(), "sap", "sap:m")])
            )
    (group,) = groups(collect({"a": FakeStore(runs)}), resamples=50)
    return group


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


def test_no_seed_both_chooses_and_reports() -> None:
    assert halves([4, 0, 1, 2, 3]) == ((1, 3), (0, 2, 4))
    assert halves([7]) == ((), (7,))
    assert halves([]) == ((), ())


def test_the_setting_of_the_highest_median_is_chosen_and_reported_on_the_other_seeds(group: Group) -> None:
    by_method = {c.method: c for c in choose(group, MIG, MIG)}
    assert list(by_method) == ["vae", "betavae", "factorvae"]  # never a baseline
    beta = by_method["betavae"]
    assert beta.setting.strength_value == 4.0
    assert set(beta.values) == set(range(0, 20, 2))
    assert set(beta.choosing) == set(range(1, 20, 2))
    assert beta.picked is not None
    assert by_method["vae"].picked is None


def test_a_lucky_seed_among_those_that_report_does_not_choose() -> None:
    lucky = group_of({("betavae", 1.0): 0.3, ("betavae", 4.0): 0.2}, seeds=6, noise=0.0)
    lucky.settings[1].samples[MIG][0] = 5.0
    (choice,) = choose(lucky, MIG, MIG)
    assert choice.setting.strength_value == 1.0


def test_the_elbo_chooses_without_labels(group: Group) -> None:
    chosen = {c.method: c.setting.strength_value for c in choose(group, MIG, ELBO)}
    assert chosen["betavae"] == 1.0


def test_a_setting_whose_runs_fail_is_not_chosen() -> None:
    fails = group_of({("betavae", 1.0): 0.1, ("betavae", 4.0): 0.9}, seeds=6)
    for seed in (1, 3):
        del fails.settings[1].samples[MIG][seed]
    assert choose(fails, MIG, MIG)[0].setting.strength_value == 1.0


def test_pairs_are_separated_where_they_differ_and_n_is_enough(group: Group) -> None:
    found = findings(group, resamples=50)
    verdict = {(p.a.method, p.b.method): p.verdict for p in found.pairs if p.a.score == MIG}
    assert verdict[("vae", "betavae")] == verdict[("vae", "factorvae")] == "separated"
    assert verdict[("betavae", "factorvae")] == "too few seeds"
    assert all(p.pairs == 3 and p.p_holm >= p.result.p for p in found.pairs)


def test_lines_say_when_n_is_too_small() -> None:
    few = findings(group_of(LEVELS, seeds=6), resamples=50)
    reach, line, *_ = verdicts(few.pairs)
    assert reach.startswith("MIG: 3 seeds show no difference of any size: even if all agree, p after Holm over 3 pairs")
    head, _, told = line.partition(": ")
    assert head == "MIG, too few seeds for a claim; the difference seen, and the reporting seeds that it would take"
    pairs = told.removesuffix(".").split("; ")
    assert [pair.partition(" (")[0] for pair in pairs] == [
        "VAE and β-VAE",
        "VAE and FactorVAE",
        "β-VAE and FactorVAE",
    ]
    assert pairs[0].endswith(", 7)")
    many = verdicts(findings(group_of(LEVELS), resamples=50).pairs)
    assert many[0].startswith("MIG, VAE and β-VAE: β-VAE is higher (p = ")
    small = next(line for line in many if line.startswith("MIG, too few seeds"))
    assert "β-VAE and FactorVAE (" in small
    assert "resolves 0." in small


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
        "comparison_rows": 2 * 3,
        "hypervolume_rows": 2 * 2 * 3,
        "variance_rows": 2 * 4,
        "agreement_rows": 6,
    }
    assert {r["verdict"] for r in rows["comparison_rows"]} <= {"separated", "not separated", "too few seeds"}


def test_a_study_of_one_seed_has_findings_without_claims() -> None:
    text = finding_markdown(findings(group_of(LEVELS, seeds=1), resamples=50))
    assert "### Chosen settings" in text
    assert "### Where the variance comes from" not in text
    assert "nan" not in text
