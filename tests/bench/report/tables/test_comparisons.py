import math

import pytest
from report_fakes import group_of

from bench.quantities import Quantity
from bench.report.collect.comparisons import METHODS, VAE
from bench.report.collect.findings import Findings, findings
from bench.report.tables.captions import resolution_text
from bench.report.tables.comparisons import family_finding, tie_finding
from bench.report.tables.findings import finding_markdown, finding_tables
from bench.report.tables.text import group_tables, tex_text

MIG = Quantity("mig", "mig", "mig:bins20")
LEVELS = {("vae", None): 0.1, ("betavae", 1.0): 0.1, ("betavae", 4.0): 0.3, ("factorvae", 10.0): 0.02}


@pytest.fixture(scope="module")
def found() -> Findings:
    return findings(group_of(LEVELS), resamples=50)


def test_a_comparison_is_told_with_its_verdict(found: Findings) -> None:
    one = family_finding(found.group, VAE, found.families)
    rows = {row[1]: row for row in one.table.rows if row[0] == "MIG"}
    assert list(rows) == ["β-VAE, β = 1", "β-VAE, β = 4", "FactorVAE, γ = 10"]
    assert [row[2:4] for row in rows.values()] == [["VAE", "20"]] * 3
    assert rows["β-VAE, β = 4"][-1] == "A is higher"
    assert rows["FactorVAE, γ = 10"][-1] == "B is higher"
    assert rows["FactorVAE, γ = 10"][4].startswith("−0.0")
    assert rows["β-VAE, β = 1"][-1].startswith("undecided (")
    assert rows["β-VAE, β = 4"][5] == "1.00 [0.94, 1.00]"
    assert "correlate on average by MIG" in one.table.caption


def test_lines_name_what_differs_and_count_the_rest(found: Findings) -> None:
    line = family_finding(found.group, VAE, found.families).lines[0]
    head, _, rest = line.partition(". ")
    assert head.startswith("MIG: 2 of 3 comparisons differ: β-VAE, β = 4 above VAE (p = ")
    assert "VAE above FactorVAE, γ = 10 (p = " in head
    assert rest.startswith("0 equivalent, 1 undecided; differences from 0.0")


def test_between_methods_only_what_is_decided_is_shown(found: Findings) -> None:
    one = family_finding(found.group, METHODS, found.families)
    assert len(one.table.rows) == 2 * 4
    assert "The other 2 comparisons are in comparisons.csv alone." in one.table.caption


def test_groups_are_named(found: Findings) -> None:
    row = tie_finding(found.group, found.ties.values()).table.rows[0]
    assert row == ["MIG", "β-VAE, β = 4", "all 2 of β-VAE", "β-VAE β = 4", "VAE; β-VAE β = 1", "FactorVAE"]


def test_too_few_seeds_are_said_to_show_nothing() -> None:
    few = findings(group_of(LEVELS, seeds=3), resamples=50)
    line = family_finding(few.group, VAE, few.families).lines[0]
    assert line.startswith("MIG: so few seeds show no difference of any size: even if all of A are higher")
    assert line.endswith("p after Holm over 3 comparisons is no less than 0.3.")
    assert "MIG no difference from the VAE (3), no difference between methods (5)" in resolution_text(few, [MIG])


def test_the_resolution_stands_above_each_table_and_marks_in_its_cells(found: Findings) -> None:
    (table, *_) = group_tables(found, width=2)
    vae = next(f for f in found.families if f.name == VAE and f.score == MIG)
    assert f"MIG {vae.resolution:.3f} from the VAE (3)" in table.above
    assert "20 seeds a setting" in table.above
    by_setting = {tuple(row[:2]): row[-1] for row in table.rows}
    assert by_setting["VAE", "–"].endswith("] ᵛ")
    assert by_setting["β-VAE", "β = 1"].endswith("] ᵇᵛ")
    assert by_setting["FactorVAE", "γ = 10"].endswith("]")
    assert "ᵇ: cannot be told apart from the highest IQM" in table.caption
    assert tex_text("ᵇᵛ") == "$^{b}$$^{v}$"


def test_a_diagnostic_has_neither(found: Findings) -> None:
    assert resolution_text(found, [Quantity("recon")]) == ""
    last = group_tables(found, width=3)[-1]
    assert last.above == ""
    assert "ᵇ" not in last.caption


def test_a_study_of_one_seed_has_findings_without_claims() -> None:
    one = findings(group_of(LEVELS, seeds=1), resamples=50)
    text = finding_markdown(one)
    assert "### Chosen settings" in text
    assert "### Where the variance comes from" not in text
    assert "nan" not in text
    assert all(math.isnan(f.resolution) for f in one.families)


def test_a_study_of_one_method_has_no_comparisons() -> None:
    alone = findings(group_of({("betavae", 4.0): 0.3}, seeds=4), resamples=50)
    headings = [one.heading for one in finding_tables(alone)]
    assert "Groups of settings" not in headings
    assert "Against the VAE" not in headings
    assert group_tables(alone, width=2)[0].above == ""
