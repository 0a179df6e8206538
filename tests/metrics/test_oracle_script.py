"""benchmarks/oracle.py, which compares a folder of reference cases."""

import json
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "data" / "oracle"


@pytest.fixture
def oracle(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import oracle

    yield oracle
    sys.modules.pop("oracle")


def test_the_stored_cases_agree(oracle, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["oracle.py", str(FOLDER), "--metrics", "mig,irs,unsupervised", "--all"])
    assert oracle.main() == 0
    printed = capsys.readouterr().out
    assert "0 beyond tolerance" in printed
    assert printed.count("mini_trained_like__s1") >= 4


def test_a_value_that_differs_is_told(oracle, monkeypatch, capsys, tmp_path):
    name = "tiny_rotation__s0"
    index = json.loads((FOLDER / "index.json").read_text())
    case = index["cases"][name]
    case["metrics"]["mig"]["value"] += 1e-6
    (tmp_path / "index.json").write_text(json.dumps({"cases": {name: case}}))
    shutil.copy(FOLDER / f"{name}.npz", tmp_path)
    monkeypatch.setattr("sys.argv", ["oracle.py", str(tmp_path), "--metrics", "mig"])
    assert oracle.main() == 1
    assert "BEYOND" in capsys.readouterr().out
