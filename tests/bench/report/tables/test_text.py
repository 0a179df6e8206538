import csv
import io
import math
import struct

import msgspec
import numpy as np
import pytest
from report_fakes import FakeStore, record, score, spec, store_of

from bench.report.collect.findings import findings
from bench.report.collect.groups import Group, collect, groups
from bench.report.tables.captions import encoding_text, training_text
from bench.report.tables.csv_file import cell_text, csv_text
from bench.report.tables.rows import run_rows, score_rows, summary_rows
from bench.report.tables.text import group_markdown, group_tables, latex, md_text, tex_text
from bench.spec import Record, ScoreFile


def group_of(store: FakeStore) -> Group:
    (group,) = groups(collect({"a": store}), resamples=50)
    return group


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x"])
def test_text_that_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    assert cell_text(text) == "'" + text


def test_numbers_are_never_guarded_and_text_is_kept() -> None:
    assert [cell_text(v) for v in (-1, -0.5, 1e-20, True, None, "a=b", "")] == [
        *("-1", "-0.5", "1e-20", "true", "", "a=b", "")
    ]
    assert [cell_text(v) for v in (math.nan, -math.inf)] == ["NaN", "-INF"]
    assert cell_text(np.float64(0.1)) == "0.1"


def test_floats_read_back_exactly() -> None:
    bits = np.random.default_rng(0).integers(0, 2**63, 300)
    values = [v for (v,) in (struct.unpack("d", struct.pack("q", b)) for b in bits) if math.isfinite(v)]
    runs = [(record(spec(seed=i), v), []) for i, v in enumerate(values)]
    text = csv_text(run_rows(collect({"a": FakeStore(runs)})))
    assert [float(row["diagnostic.recon"]) for row in read(text)] == values


def test_every_run_has_a_row_whatever_its_status() -> None:
    store = store_of({0: 0.1, 1: 0.2})
    trace = "Traceback (most recent call last):\n  File\nValueError: =cmd, bad"
    store.runs.append((record(spec(seed=2), status="failed", error=trace), []))
    store.runs.append((record(spec(seed=3), status="diverged", error="loss is nan\nmore"), []))
    rows = read(csv_text(run_rows(collect({"a": store}))))
    assert [row["status"] for row in rows] == ["done", "done", "failed", "diverged"]
    assert [row["error"] for row in rows] == ["", "", "ValueError: =cmd, bad", "loss is nan"]
    assert rows[0]["key"] == spec(seed=0).key
    assert (rows[0]["param.beta"], rows[0]["strength"], rows[0]["strength_value"]) == ("4.0", "beta", "4.0")
    assert [rows[0][f"diagnostic.kl_per_dimension.{i}"] for i in range(3)] == ["3.0", "2.0", "0.0"]
    assert rows[0]["environment.dirty"] == "false"
    assert not any("source" in name for name in rows[0])
    assert len({row["setting"] for row in rows} - {row["key"] for row in rows}) == 1


def test_columns_do_not_depend_on_the_order_of_runs() -> None:
    many = {"kl_per_dimension": [0.0] * 12}
    runs = [(record(spec(seed=0), status="failed"), []), (record(spec(seed=1), diagnostics=many), [])]
    header = [csv_text(run_rows(collect({"a": FakeStore(r)}))).split("\n")[0] for r in (runs, runs[::-1])]
    assert header[0] == header[1]
    names = [n for n in header[0].split(",") if n.startswith("diagnostic.")]
    assert names == [f"diagnostic.kl_per_dimension.{i}" for i in range(12)]


def test_scores_have_a_row_per_repeat_and_per_factor() -> None:
    rows = read(csv_text(score_rows(collect({"a": FakeStore([(record(spec()), [score([0.25, 0.5])])])}))))
    found = [(r["repeat"], r["name"], r["factor"], r["value"]) for r in rows]
    assert found == [
        *(("0", "mig", "", "0.25"), ("0", "mig", "0", "0.25"), ("0", "mig", "1", "")),
        *(("1", "mig", "", "0.5"), ("1", "mig", "0", "0.5"), ("1", "mig", "1", "")),
    ]
    assert {r["protocol"] for r in rows} == {"mig:bins20"}


def test_the_summary_is_long_and_leaves_a_single_seeds_interval_empty() -> None:
    rows = read(csv_text(summary_rows([group_of(store_of({0: 0.25}))])))
    (mig,) = [r for r in rows if r["name"] == "mig"]
    assert (mig["n"], mig["n_done"], mig["iqm"], mig["lo"], mig["hi"], mig["sd"]) == ("1", "1", "0.25", "", "", "")
    assert "seed" not in mig


def test_a_setting_without_a_done_run_stays_in_the_summary() -> None:
    store = store_of({0: 0.1})
    store.runs.append((record(spec(params={"beta": 16.0}), status="diverged"), []))
    group = group_of(store)
    (lost,) = [r for r in read(csv_text(summary_rows([group]))) if r["strength_value"] == "16.0"]
    assert (lost["n_done"], lost["n_diverged"], lost["iqm"]) == ("0", "1", "")
    (table, *_) = group_tables(findings(group, resamples=50), width=2)
    assert table.rows[-1] == ["β-VAE", "β = 16", "0", "1", "", ""]


def test_a_table_states_n_losses_protocol_and_units() -> None:
    store = store_of({0: 0.1, 1: 0.2, 2: 0.3})
    store.runs.append((record(spec(seed=3)), []))
    text = group_markdown(findings(group_of(store), resamples=50), width=2)
    assert "| β-VAE | β = 4 | 4 | 20.5 [" in text
    assert "(n = 3) |" in text
    for part in ("mig:bins20", "nats per observation", "4 runs done", "95 % percentile bootstrap", "1,000 updates"):
        assert part in text


def test_no_table_has_more_columns_than_asked_or_two_protocols_of_one_score() -> None:
    scores = [score(0.1, protocol=f"mig:{p}") for p in "ab"] + [score(0.2, "sap", f"sap:{p}") for p in "ab"]
    tables = group_tables(findings(group_of(FakeStore([(record(spec()), scores)])), resamples=50), width=4)
    heads = [t.header[3:] for t in tables]
    assert heads[0] == ["reconstruction ↓", "MIG ↑", "SAP ↑"]
    assert "MIG by protocol mig:a; SAP by protocol sap:a." in tables[0].caption
    assert all(len(head) == len(set(head)) <= 4 for head in heads)


def test_latex_and_markdown_escape_what_they_would_interpret() -> None:
    assert tex_text("50 % of a_b & β ↑ {x}\\") == r"50 \% of a\_b \& $\beta$ $\uparrow$ \{x\}\textbackslash{}"
    assert md_text("a|b <i> __init__ [x](http://y)\nz") == r"a\|b \<i\> \_\_init\_\_ [x]\(http://y) z"


def test_latex_rows_have_as_many_cells_as_columns() -> None:
    group = group_of(store_of({0: 0.1, 1: 0.2}))
    (table, *_) = group_tables(findings(group, resamples=50), width=3)
    text = latex(group, table, "tab:toy")
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().split("\n")
    assert all(line.count(" & ") == len(table.header) - 1 and line.endswith(r"\\") for line in body)
    assert r"\begin{tabular}{llrrrr}" in text
    assert r"95 \% percentile" in text


def test_negative_numbers_have_a_minus_sign() -> None:
    store = FakeStore([(record(spec(seed=s)), [score(-0.25)]) for s in range(2)])
    (table, *_) = group_tables(findings(group_of(store), resamples=50), width=2)
    assert table.rows[0][-1] == "−0.250 [−0.250, −0.250]"


def test_data_sets_arguments_are_columns_and_caption() -> None:
    run = spec()
    run = msgspec.structs.replace(run, dataset=msgspec.structs.replace(run.dataset, args={"size": 32}))
    store = FakeStore([(record(run), [])])
    assert read(csv_text(run_rows(collect({"a": store}))))[0]["dataset.size"] == "32"
    assert "toy (size = 32), sha256 abababababab" in group_markdown(findings(group_of(store), resamples=50), width=2)


def test_how_fast_the_backbone_encodes_is_told_by_machine() -> None:
    def run(seed: int, ms: float, machine: dict[str, object]) -> tuple[Record, list[ScoreFile]]:
        cost = {"encode_ms_batch1": ms, "encode_per_second_batch256": 1000 * ms}
        return record(spec(seed=seed), cost=cost, environment=machine), []

    cpu, gpu = {"cpu": "A 9", "threads": 2}, {"cpu": "A 9", "gpu": "G 1", "threads": 1}
    runs = [run(0, 0.5, cpu), run(1, 2.345, cpu), run(2, 90.0, cpu), run(3, 0.25, gpu), (record(spec(seed=4)), [])]
    group = group_of(FakeStore(runs))
    assert encoding_text(group) == (
        f"Backbone {group.spec.backbone} encodes in "
        "2.35 ms for one observation, 2,345 a second in batches of 256 (A 9, 2 threads; median over 3 runs); "
        "0.25 ms for one observation, 250 a second in batches of 256 (G 1, 1 thread; 1 run)."
    )
    assert encoding_text(group) in group_markdown(findings(group, resamples=50), width=2)
    assert encoding_text(group_of(store_of({0: 0.1}))) == ""


def test_images_seen_and_weights_stand_beside_the_results() -> None:
    def run(method: str, seed: int, images: float, weights: float) -> tuple[Record, list[ScoreFile]]:
        cost = {"images_seen": images, "parameters": weights}
        return record(spec(method=method, params={}, seed=seed), cost=cost), []

    runs = [run("vae", 0, 6400.0, 1000.0), run("betavae", 0, 6400.0, 1000.0), run("factorvae", 0, 12800.0, 3500.0)]
    group = group_of(FakeStore(runs))
    text = training_text(group)
    assert "VAE, β-VAE: 6,400 images, 1,000 weights" in text
    assert "FactorVAE: 12,800 images, 3,500 weights" in text
    assert text in group_markdown(findings(group, resamples=50), width=2)
    assert training_text(group_of(store_of({0: 0.1}))) == ""
