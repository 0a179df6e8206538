import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import msgspec
import pytest
from PIL import Image
from report_fakes import FakeStore, record, score, search, spec

from bench.errors import BenchError
from bench.plugins import Params
from bench.quantities import Quantity
from bench.report.collect.groups import collect, groups
from bench.report.figures import panels
from bench.report.figures.pareto import Panel, on_front, pareto_figure, pareto_points
from bench.report.figures.style import looks
from bench.report.tables.text import md_text
from bench.report.write import write

GRID: list[tuple[str, Params]] = [
    ("vae", {}),
    *(("betavae", {"beta": b}) for b in (1.0, 4.0)),
    *(("infovae", {"alpha": a, "lambda_": lam}) for a in (0.0, 0.5) for lam in (10.0, 1000.0)),
]
MIG = Quantity("mig", "mig", "mig:bins20")


def study(seeds: int = 3) -> FakeStore:
    runs = []
    for i, (method, params) in enumerate(GRID):
        for seed in range(seeds):
            run = spec(method, seed, params=params)
            scores = [score(0.1 * i + 0.01 * seed), score(0.5, "sap", "sap:mean"), score(0.2, protocol="mig:other")]
            runs.append((record(run, 20.0 + i + 0.1 * seed), scores))
    runs.append((record(spec("vae", 99, params={}), status="failed"), []))
    return FakeStore(runs)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    out = tmp_path_factory.mktemp("report")
    return out, write(study(), out, title="A <study>", resamples=100)


def test_a_report_is_all_of_its_files(report: tuple[Path, list[Path]]) -> None:
    out, paths = report
    assert sorted(paths) == sorted(p for p in out.rglob("*") if p.is_file())
    names = {p.name for p in paths}
    assert {"runs.csv", "scores.csv", "summary.csv", "summary.md", "summary.tex", "report.md"} <= names
    assert {"pareto.png", "pareto.svg", "pareto_column.png", "pareto_column.svg"} <= names
    for stem in (
        "pareto_mig_bins20",
        "pareto_mig_other",
        "pareto_sap",
        "score_vs_strength",
        "score_vs_strength_column",
    ):
        assert {f"toy-small-1000_{stem}.{kind}" for kind in ("svg", "png")} <= names


def test_the_page_links_to_files_that_exist_and_names_what_was_lost(report: tuple[Path, list[Path]]) -> None:
    out, _ = report
    text = (out / "report.md").read_text(encoding="utf-8")
    links = [part.split(")")[0] for part in text.split("](")[1:]]
    assert links
    assert all((out / link).is_file() for link in links)
    assert text.startswith("# A \\<study\\>\n\n22 runs: 21 done, 0 diverged, 1 failed.")
    assert "| VAE |  | toy | 99 | failed | 17 | loss is nan |" in text


def test_captions_state_interval_seeds_and_protocol(report: tuple[Path, list[Path]]) -> None:
    text = (report[0] / "report.md").read_text(encoding="utf-8")
    name = "figures/toy-small-1000_pareto_mig_bins20.png"
    caption = text.partition(f"({name})\n\n")[2].partition("\n\n")[0]
    told = ("interquartile mean", "95 % percentile bootstrap", "3 seeds a setting", "mig:bins20")
    for part in told:
        assert part in caption
    with Image.open(report[0] / name) as picture:  # so that a figure that travels alone still says what it is
        inside = picture.info["Description"]
    for part in (*told, "1 failed"):
        assert part in inside


def test_the_same_runs_give_the_same_bytes_in_any_order(report: tuple[Path, list[Path]], tmp_path: Path) -> None:
    out, paths = report
    again = write({"results": FakeStore(study().runs[::-1])}, tmp_path, title="A <study>", resamples=100)
    for one, two in zip(paths, again, strict=True):
        assert one.relative_to(out) == two.relative_to(tmp_path)
        digests = [hashlib.sha256(p.read_bytes()).hexdigest() for p in (one, two)]
        assert digests[0] == digests[1], one.name


def test_readers_own_settings_change_nothing(report: tuple[Path, list[Path]], tmp_path: Path) -> None:
    with matplotlib.rc_context({"font.size": 20, "axes.grid": True}):
        write(study(), tmp_path, title="A <study>", resamples=100)
        assert matplotlib.rcParams["font.size"] == 20
    assert (tmp_path / "pareto.svg").read_bytes() == (report[0] / "pareto.svg").read_bytes()


def test_one_seed_and_a_missing_reconstruction_are_reported_without_a_crash(tmp_path: Path) -> None:
    store = study(seeds=1)
    for i in (0, 1):
        known, scores = store.runs[i]
        rest = {k: v for k, v in known.diagnostics.items() if k != "recon"}
        store.runs[i] = msgspec.structs.replace(known, diagnostics=rest), scores
    write(store, tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {md_text(tmp_path.name)}\n")
    assert "1 seed a setting. Not shown: VAE (no reconstruction); β-VAE 1 (no reconstruction)." in text
    assert "Numbers are of a single seed, which gives no interval." in text


def test_runs_without_scores_have_tables_but_no_pareto_figure(tmp_path: Path) -> None:
    paths = write(FakeStore([(record(spec(seed=s)), []) for s in range(2)]), tmp_path)
    assert not [p for p in paths if "pareto" in p.name]
    assert "reconstruction ↓" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_without_done_runs_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="expected at least one done run"):
        write(FakeStore([]), tmp_path / "new")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match="which is a file; expected a folder"):
        write(study(), tmp_path / "file")


def test_notes_on_scores_have_a_file_and_a_line(tmp_path: Path) -> None:
    """One row for each, and on the page one for each metric: the first, and how many there are."""
    runs = []
    for seed in range(3):
        (repeat,) = score(0.2).repeats
        noted = msgspec.structs.replace(repeat, notes=[f"<{seed}> dimensions are left out", "and more"])
        runs.append((record(spec(seed=seed), 20.0), [msgspec.structs.replace(score(0.2), repeats=[noted])]))
    write(FakeStore(runs), tmp_path, title="A study", resamples=50)
    with (tmp_path / "notes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["note"] for row in rows if row["note"] != "and more"] == [
        f"<{s}> dimensions are left out" for s in range(3)
    ]
    assert len(rows) == 6
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if "dimensions are left out" in line]
    assert line.rstrip(" |").endswith("3")
    web = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<td>&lt;0&gt; dimensions are left out</td>" in web
    described = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    assert "notes.csv" in {one["path"] for one in described["resources"]}


def test_without_notes_there_is_no_file_of_them(report: tuple[Path, list[Path]]) -> None:
    out, _ = report
    assert not (out / "notes.csv").exists()
    assert "Notes on scores" not in (out / "report.md").read_text(encoding="utf-8")


def test_the_front_is_less_reconstruction_loss_and_a_higher_score() -> None:
    at = {1.0: (20.0, 0.1), 2.0: (25.0, 0.4), 4.0: (26.0, 0.3), 8.0: (30.0, 0.5)}
    runs = [(record(spec(params={"beta": b}), x), [score(y)]) for b, (x, y) in at.items()]
    (group,) = groups(collect({"a": FakeStore(runs)}))
    points, missing = pareto_points(Panel(group, MIG))
    kept = {p.setting.strength_value for p, front in zip(points, on_front(points), strict=True) if front}
    assert kept == {1.0, 2.0, 8.0}
    assert missing == []


def test_of_very_many_seeds_a_vector_file_holds_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    (group,) = groups(collect({"a": study()}), resamples=20)
    texts = []
    for many in (21, 20):
        monkeypatch.setattr(panels, "MANY", many)
        out = io.StringIO()
        pareto_figure([Panel(group, MIG)], looks(group.series.items())).savefig(out, format="svg")
        texts.append(out.getvalue())
    assert ["<image" in text for text in texts] == [False, True]
    assert len(re.findall("<use", texts[0])) - len(re.findall("<use", texts[1])) == 21


def test_series_differ_in_marker_and_methods_in_colour() -> None:
    (group,) = groups(collect({"a": study()}))
    found = looks(group.series.items())
    assert len({look.marker for look in found.values()}) == len(found) == 4
    assert len({look.colour for look in found.values()}) == 3
    alone = looks((k, v) for k, v in group.series.items() if k[0] == "betavae")
    assert all(found[k] == look for k, look in alone.items())


def test_reports_need_no_torch() -> None:
    code = "import sys, bench.report.write; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_setting_that_a_search_found_is_compared_on_all_of_its_seeds(tmp_path: Path) -> None:
    confirmed = [spec("betavae", seed, params={"beta": 4.0}).key for seed in range(4)]
    write(study(4), tmp_path, searches=[search(confirmed=confirmed)], resamples=50)
    with (tmp_path / "choices.csv").open(encoding="utf-8", newline="") as file:
        rules = {(r["method"], r["rule"], r["n"]) for r in csv.DictReader(file)}
    assert rules == {("vae", "one setting", "4"), ("betavae", "search", "4"), ("infovae", "highest median", "2")}
