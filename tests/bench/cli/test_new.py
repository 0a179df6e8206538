"""bench new method: what it writes passes as it is written."""

import os
import subprocess
import sys
import tomllib

import pytest


def test_a_method_in_a_package_of_its_own_passes_its_tests(bench, tmp_path):
    code, _, err = bench("new", "method", "my_vae")
    assert (code, err) == (0, "")
    written = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()} - {"tiny.toml"}
    assert written == {f"src/bench_my_vae/{n}.py" for n in ("__init__", "my_vae")} | {
        "pyproject.toml",
        "tests/test_my_vae.py",
    }
    stated = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert stated["project"]["entry-points"]["bench.methods"] == {"my_vae": "bench_my_vae.my_vae:MyVae"}
    info = tmp_path / "src" / "bench_my_vae-0.1.0.dist-info"  # as pip writes it
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-my-vae\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[bench.methods]\nmy_vae = bench_my_vae.my_vae:MyVae\n")
    paths = os.pathsep.join([str(tmp_path / "src"), os.getcwd(), *sys.path])
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "tests"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    code, _, err = bench("new", "method", "my_vae")
    assert (code, "my_vae" in err) == (2, True), "nothing is overwritten"


def test_a_package_that_is_there_gets_the_files_and_keeps_its_own(bench, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "mine"\n')
    code, out, _ = bench("new", "method", "kappa")
    assert code == 0
    assert 'kappa = "mine.kappa:Kappa"' in out
    assert (tmp_path / "pyproject.toml").read_text() == '[project]\nname = "mine"\n'
    assert (tmp_path / "mine" / "kappa.py").exists()
    before = (tmp_path / "mine" / "kappa.py").read_text()
    (tmp_path / "tests" / "test_kappa.py").unlink()
    assert "mine/kappa.py is there already" in bench("new", "method", "kappa")[2]
    assert (tmp_path / "mine" / "kappa.py").read_text() == before
    assert not (tmp_path / "tests" / "test_kappa.py").exists()


@pytest.mark.parametrize("name", ["My-VAE", "1st", "class", "vae", "mig", "pca", "../x", "", "_x"])
def test_bad_names_are_refused(bench, tmp_path, name):
    code, _, err = bench("new", "method", name)
    assert code == 2
    assert f"name={name}: " in err
    assert not (tmp_path / "src").exists()
