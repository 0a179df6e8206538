import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from report_fakes import LOGGED, FakeStore, record, score, search, spec

from bench.report.collect.groups import collect
from bench.report.page.cite import bibtex, cff, citation
from bench.report.page.markdown import CSV
from bench.report.tables.columns import COLUMNS, NATS, described
from bench.report.tables.data_package import KEYS
from bench.report.write import write
from bench.spec import Repeat, ScoreFile

NOTED = Repeat(repeat=0, values={"sap": 0.1}, notes=["=SUM(1) of 4 dimensions", "and 3"])
NOT_SCORED = Repeat(repeat=0, values={}, skipped="it needs values in an order, and those of shape have none")


def study() -> FakeStore:
    """Two methods, three seeds, every kind of cell: booleans, lists, per-factor values, matrices, a run that failed."""
    runs = []
    for method, params in (("betavae", {"beta": 4.0}), ("infovae", {"alpha": 0.0, "kernel": "=gauss", "closed": True})):
        for seed in range(3):
            made = record(spec(method, seed, params=params), 20.0 + seed)
            made = msgspec.structs.replace(
                made,
                terms={"loss": 1e-300 * seed},
                cost={"finished": f"2026-01-0{seed + 1}"},
                evaluation={"rows": 488, "unordered": "shape"},
            )
            repeat = Repeat(
                repeat=0, values={"dci": 0.1 + seed / 3}, matrices={"importance": [[0.1, None], [0.3, 0.4]]}
            )
            further = ScoreFile(protocol="dci:x", metric="dci", params={}, repeats=[repeat])
            skipped = ScoreFile(protocol="mcc:x", metric="mcc", params={}, repeats=[NOT_SCORED])
            noted = ScoreFile(protocol="sap:x", metric="sap", params={}, repeats=[NOTED])
            runs.append((made, [score([0.1 * seed, 0.2]), further, skipped, noted]))
    runs.append((record(spec("vae", 9, params={}), status="failed", error='a "quoted",\nerror'), []))
    store = FakeStore(runs)
    store.logged = LOGGED
    return store


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    confirmed = [spec("betavae", seed, params={"beta": 4.0}).key for seed in range(3)]
    write(study(), folder, searches=[search(confirmed=confirmed)], title="toy study", resamples=50)
    return folder


def test_the_package_is_valid_for_the_frictionless_tool(out: Path) -> None:
    command = [sys.executable, "-m", "frictionless", "validate", "datapackage.json"]
    done = subprocess.run(command, cwd=out, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tool_would_notice_a_changed_number(out: Path, tmp_path: Path) -> None:
    for path in (*out.glob("*.csv"), out / "datapackage.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    changed = (tmp_path / "scores.csv").read_text(encoding="utf-8").replace("0.2", "0.3", 1)
    (tmp_path / "scores.csv").write_text(changed, encoding="utf-8")
    command = [sys.executable, "-m", "frictionless", "validate", "datapackage.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert "hash" in done.stdout


def test_every_column_of_every_file_is_described(out: Path) -> None:
    package: dict[str, Any] = json.loads((out / "datapackage.json").read_text(encoding="utf-8"))
    assert [r["path"] for r in package["resources"]] == list(CSV) == list(KEYS)
    for resource in package["resources"]:
        content = (out / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        header = next(csv.reader(content.decode().splitlines()))
        fields = resource["schema"]["fields"]
        assert [f["name"] for f in fields] == header
        assert all(f["description"] and f["type"] for f in fields)
        assert set(resource["schema"]["primaryKey"]) <= set(header)
    types = {f["name"]: f for f in package["resources"][0]["schema"]["fields"]}
    assert types["param.closed"]["type"] == "boolean"
    assert types["diagnostic.recon"]["unit"] == "nats per observation"
    assert types["status"]["constraints"]["enum"] == ["done", "diverged", "failed"]


def test_the_table_of_columns_holds_no_column_that_no_file_has(out: Path) -> None:
    used = {
        n.split(".")[0] for p in out.glob("*.csv") for n in p.read_text(encoding="utf-8").splitlines()[0].split(",")
    }
    assert set(COLUMNS) - used == {
        "definition",
        "wrap",
        "precision",
    }  # these runs define nothing, on a data set as it is, in fp32


def test_numbers_read_back_exactly(out: Path) -> None:
    with (out / "scores.csv").open(newline="", encoding="utf-8") as file:
        found = {float(row["value"]) for row in csv.DictReader(file) if row["name"] == "dci"}
    assert found == {0.1, 0.1 + 1 / 3, 0.1 + 2 / 3}
    with (out / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert 2e-300 in {float(row["term.loss"] or 0) for row in rows}
    assert {row["param.kernel"] for row in rows} == {"", "'=gauss"}


def test_the_citation_names_what_was_reported(out: Path) -> None:
    yaml = pytest.importorskip("yaml")
    named = yaml.safe_load((out / "CITATION.cff").read_text(encoding="utf-8"))
    files = sorted(out.glob("*.csv"))
    lines = "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files)
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert named["cff-version"] == "1.2.0"
    assert named["type"] == "dataset"
    assert str(named["date-released"]) == "2026-01-03"
    assert named["title"] == "Results of the study toy study: 7 runs by disentanglement-bench"
    assert named["identifiers"][0]["value"] == f"sha256:{digest}"
    bib = (out / "citation.bib").read_text(encoding="utf-8")
    assert bib.startswith(f"@misc{{disentanglement-bench-toy-study-{digest[:8]},\n")
    for part in ("year = {2026}", "7 runs, 6 of them done", digest):
        assert part in bib


def test_a_citation_says_that_files_differed_from_their_commit_and_leaves_out_what_no_run_says() -> None:
    made = record(spec(), environment={"commit": "abc", "dirty": True, "code_version": "0.1.0"})
    other = record(spec(seed=1), environment={"commit": "def", "dirty": False, "code_version": "0.1.0"})
    runs = collect({"a": FakeStore([(made, []), (other, [])])})
    c = citation("q_1 & q_2", runs, "0" * 64)
    assert c.commits == ("abc with changes", "def")
    assert "commit:" not in cff(c)
    assert "date-released" not in cff(c)
    assert "year" not in bibtex(c)
    assert r"q\_1 \& q\_2" in bibtex(c)


def test_what_a_history_holds_is_told_apart_by_name() -> None:
    told = {
        name: described(f"term.{name}") for name in ("kl", "kl_3", "probe_kl_12", "probe_recon", "grad_d_loss", "mig")
    }
    assert told["kl"].text == "a loss term, in nats, mean over the updates since the row before: kl"
    assert "1,000 evaluation rows" in told["probe_kl_12"].text
    assert "--score-every" in told["kl_3"].text
    assert "--score-every" in told["mig"].text
    assert told["grad_d_loss"].text.startswith("a player's gradient norm at this update")
    assert {told[name].unit for name in ("kl_3", "probe_kl_12", "probe_recon")} == {NATS}
    assert described("term.probe_active_units").unit == "latent dimensions"
