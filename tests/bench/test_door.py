"""What `import bench` gives, and docs/python.md, whose code is executed."""

import re
import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import bench as door
from bench.errors import BenchError
from bench.store.files import Artefacts
from bench.store.store import Store
from metrics import score as metric_score

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
RNG = np.random.default_rng(0)
V = RNG.integers(4, size=(3000, 2))
Z = V + 0.1 * RNG.standard_normal(V.shape)


def test_the_page_does_what_it_shows(run, tmp_path, monkeypatch):
    matplotlib.use("agg")
    (tmp_path / "quick.toml").write_text((tmp_path / "tiny.toml").read_text().replace("tiny", "quick"))
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    code = code.replace("bench.run(", 'bench.run(study="quick.toml", jobs=1, ')
    found = {}
    exec(code, found)
    assert sorted(found["frame"]["method"]) == ["betavae", "betavae", "vae", "vae"]
    assert set(found["scores"]["metric"]) == {"mig", "dci"}
    assert set(found["lines"]["verdict"]) == {"same"}
    assert found["mu"].shape == (8, 3)
    assert (tmp_path / "pareto.png").is_file()


def test_load_reads_results_and_a_report_alike(four_runs, bench, tmp_path):
    shutil.copytree(four_runs, tmp_path / "results" / "tiny")
    assert bench("report", "results/tiny")[0] == 0
    one, two = door.load("results/tiny"), door.load(tmp_path / "reports" / "tiny")
    assert (one["mig"].sort_index() == two["mig"].sort_index()).all()
    assert set(one.columns) == set(two.columns)
    with pytest.raises(BenchError, match="no such folder"):
        door.load("nowhere")


def test_load_leaves_damaged_runs_out_and_says_so(four_runs, tmp_path):
    results = shutil.copytree(four_runs, tmp_path / "tiny")
    key = Store(results).keys()[0]
    next((results / key / "scores").iterdir()).write_bytes(b"{}")
    frame = door.load(results)
    assert len(frame) == 3
    assert list(frame.attrs["damaged"]) == [key]


def test_score_gives_what_metrics_give():
    (row,) = door.score(Z, V, "mig")[lambda t: t["factor"].isna()].itertuples()
    assert row.value == metric_score(Z, V, "mig")["mig"].values["mig"]
    with pytest.raises(BenchError, match="unknown metric"):
        door.score(Z, V, "no_such")


def test_run_refuses_what_the_command_refuses(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for options in ({"no_such": 1}, {"methods": "no_such"}, {"seeds": 0}):
        with pytest.raises(BenchError):
            door.run(**options)


def test_pareto_has_a_point_a_setting_and_their_front(four_runs):
    from matplotlib.figure import Figure

    frame = door.load(four_runs)
    ax = door.pareto(frame, Figure().subplots())
    lines = {line.get_label(): line.get_xdata() for line in ax.lines}
    assert lines.keys() == {"VAE", "β-VAE", "front"}
    assert lines["VAE"] == pytest.approx([frame[frame["method"] == "vae"]["diagnostic.recon"].mean()])
    with pytest.raises(BenchError, match="no column sap"):
        door.pareto(frame, score="sap")


def test_the_encoder_gives_the_stored_codes(four_runs, toy):
    import torch

    store = Store(four_runs)
    for key in store.keys():  # noqa: SIM118
        encoder = door.encoder(four_runs / key)
        assert encoder.spec == store.record(key).spec
        kept = store.posterior(key)
        mu, logvar = encoder(torch.from_numpy(toy.x(kept["index"][:512])))
        np.testing.assert_allclose(mu.detach(), kept["mu"][:512], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(logvar.detach(), kept["logvar"][:512], rtol=1e-5, atol=1e-6)
        assert door.encoder(four_runs / key, x_shape=toy.shape).x_shape == toy.shape


def test_an_encoder_wants_a_run_with_weights(four_runs, tmp_path):
    with pytest.raises(BenchError, match="no run's folder"):
        door.encoder(tmp_path)
    key = Store(four_runs).keys()[0]
    store = Store(tmp_path / "bare")
    store.put(Store(four_runs).record(key), Artefacts())
    with pytest.raises(BenchError, match="stored without weights"):
        door.encoder(store.root / key)


def test_there_is_nothing_else():
    with pytest.raises(AttributeError, match="no attribute"):
        door.no_such  # noqa: B018
