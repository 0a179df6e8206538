"""From a user's files to a report, by the commands that docs/own-data.md shows."""

import csv
import os
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench import datasets
from bench.store.store import Store

N = 200
STUDY = """
name = "mine"
dataset = "image_folder"
backbone = "mlp"
methods = ["vae", "betavae"]
metrics = ["mig", "mcc", "factorvae_score"]
seeds = 2
steps = 4
z_dim = 3
[set.image_folder]
source = "mine"
name = "squares"
[set.mlp]
width = 0.02
[set.betavae]
beta = 4
[set.factorvae_score]
votes = 200
eval_votes = 100
n_variance = 200
"""


@pytest.fixture
def folder(tmp_path):
    """200 images of a bright square: where it is, how large, which kind, with some of that not known."""
    made = tmp_path / "mine"
    made.mkdir()
    rng = np.random.default_rng(0)
    with (made / "factors.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "x", "size", "kind"])
        for i in range(N):
            x, size, kind = rng.uniform(0, 20), rng.integers(4, 8), rng.choice(["plain", "framed", "dim"])
            pixels = np.zeros((32, 32), np.uint8)
            pixels[10 : 10 + size, int(x) : int(x) + size] = {"plain": 255, "framed": 200, "dim": 90}[kind]
            Image.fromarray(pixels).save(made / f"{i}.png")
            table.writerow([f"{i}.png", "" if i % 50 == 3 else x, size, kind])
    return made


@pytest.fixture
def study(run, tmp_path):
    """study("--seeds", 1): the study above, altered."""
    datasets._dataset.cache_clear()  # of another test's folder of this name
    (tmp_path / "tiny.toml").write_text(STUDY)
    return lambda *arguments: run("--out", "results/mine", *arguments)


def test_from_a_folder_to_a_report(folder, study, bench, tmp_path):
    code, out, _ = study()
    assert code == 0
    assert "study mine (image_folder:squares, backbone mlp, 4 updates of 64): " in out
    assert "not scored: 4 of 200 rows lack a value of x (4)" in out
    assert "not scored: mcc of kind: it needs values in an order" in out
    records = list(Store(tmp_path / "results/mine"))
    assert {record.status for record in records} == {"done"}
    assert {tuple(record.factors) for record in records} == {("x", "size", "kind")}
    assert bench("report", "results/mine", "--out", "reports")[0] == 0
    report = tmp_path / "reports/mine"
    runs = pd.read_csv(report / "runs.csv")
    assert len(runs) == len(records)
    assert set(runs["dataset"]) == {"image_folder:squares"}
    assert set(runs["dataset_sha256"]) == {records[0].spec.dataset.sha256}
    assert set(runs["dataset.bins"]) == {20}
    scores = pd.read_csv(report / "scores.csv")
    assert set(scores["metric"]) == {"mig", "factorvae_score", "mcc"}
    binned = scores["metric"] != "mcc"  # which sees the true values
    assert {p.split("-")[-1] for p in scores["protocol"][binned]} == {"vwidth20"}
    assert (report / "pareto.png").stat().st_size > 0


def test_images_without_factors_train_are_reported_and_told_apart_without_labels(folder, study, bench, tmp_path):
    (folder / "factors.csv").unlink()
    code, out, _ = study("--methods", "vae", "--seeds", 5)
    assert code == 0
    assert "not scored: mig: the data set has no factors" in out
    records = list(Store(tmp_path / "results/mine"))
    assert {(record.status, "active_units" in record.diagnostics) for record in records} == {("done", True)}
    assert "left out: supervised: image_folder:squares has no factors" in bench("baselines", "results/mine")[2]
    assert bench("score", "--runs", "results/mine", "--udr")[0] == 0
    assert len(pd.read_csv(tmp_path / "results/mine/udr.csv")) == 10
    assert bench("report", "results/mine", "--out", "reports")[0] == 0
    assert "No metric has scored these runs (the data set has no factors): " in (
        (tmp_path / "reports/mine/report.md").read_text(encoding="utf-8")
    )
    named = ("info", "image_folder", "--set", "image_folder.source=mine")
    assert "  no factors\n" in bench("data", *named)[1]
    assert "the picture is of factors, and image_folder has none" in bench("data", *named, "--out", "a.png")[2]


def test_only_the_data_that_a_run_was_made_with_will_do(folder, study, bench, tmp_path):
    one = ("--methods", "vae", "--seeds", 1, "--metrics", "mig")
    assert study(*one)[0] == 0
    folder.rename(tmp_path / "moved")
    code, out, _ = study(*one, "--set", "image_folder.source=moved")
    assert (code, "1 already done" in out) == (0, True)
    (tmp_path / "moved").rename(folder)
    Image.fromarray(np.full((32, 32), 7, np.uint8)).save(folder / "0.png")
    os.utime(folder / "0.png", ns=(1, 1))
    datasets._dataset.cache_clear()
    code, _, err = bench("pictures", "results/mine")
    assert code == 2
    assert re.search(r"error: image_folder: sha256 .*, the run was made with ", err)


def test_nothing_is_trained_on_files_that_will_not_do(folder, study, tmp_path):
    (folder / "7.png").write_bytes(b"no image")
    code, _, err = study()
    assert code == 2
    assert err.splitlines()[-1].startswith(
        "error: source: mine/factors.csv: column 'image', row 8: '7.png' cannot be read as an image: "
    )
    assert not (tmp_path / "results").exists()
