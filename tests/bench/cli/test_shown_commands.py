"""Every `python -m bench` command that the README or a page of docs/ shows is run, on studies that are made small.

`run`, `plan` and `search` are carried out up to the first training: arguments, studies, data sets and networks are
real, dSprites' images are not. Commands on results have a study of four short runs in place of what they name.
"""

import csv
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
WRITTEN = (*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "tutorials").glob("*.md"))
PAGES = ("README.md", "CONTRIBUTING.md", *sorted(str(page.relative_to(ROOT)) for page in WRITTEN))
SHOWN = re.compile(r"^(?: {4}|\$ )(.*python -m bench .*)$", re.MULTILINE)
STUDIES = {"run": "--quiet", "plan": "--no-calibration", "search": "--quiet"}
ELSEWHERE = (
    "data compare",  # needs the original file: data/test_dsprites.py makes one
    "run --methods wae,",  # needs the package installed: tests/test_example_package.py does
    *(
        "verify bundles/",
        "report bundles/",
        "report results/mine --against",
        "score codes.npz --pack",
    ),  # test_bundles.py
    "calibrate --grid dsprites",  # minutes: test_calibrate.py scores a smaller grid
)


def commands(page):
    """The shown commands of a page, without `python -m bench`; of those on results, one for each form."""
    text = (ROOT / page).read_text(encoding="utf-8").replace("$SLURM_ARRAY_TASK_ID", "1").replace("/shared/", "shared/")
    lines = [line.split("#")[0] for line in SHOWN.findall(text)]
    found = [part.split("python -m bench ")[1] for line in lines for part in line.split("&&") if "-m bench " in part]
    plain = [" ".join(shlex.split(command)) for command in found if not command.startswith(ELSEWHERE)]
    return [c if c.split()[0] in STUDIES else re.sub(r"results/[\w-]+", "results/quick", c) for c in plain]


COMMANDS = sorted({command for page in PAGES for command in commands(page)})


@pytest.fixture
def dsprites(monkeypatch):
    """dSprites without its images, which take seconds and a third of a gigabyte."""
    from bench import datasets, plugins
    from bench.data import dsprites

    whole = dsprites.SCENE.dataset(np.broadcast_to(np.uint8(0), (len(dsprites.SCENE), 512)), dsprites.SHA256)

    def imageless(*, source: Path | None = None):
        return whole

    monkeypatch.setattr(dsprites, "dsprites", imageless)
    plugins.load.cache_clear(), datasets._dataset.cache_clear()
    yield
    plugins.load.cache_clear(), datasets._dataset.cache_clear()


@pytest.fixture(scope="session")
def theirs(tmp_path_factory):
    """What docs/own-data.md takes for the user's: its images by its own script, and files of the other kinds."""
    import pyarrow as pa
    from pyarrow import parquet

    folder = tmp_path_factory.mktemp("theirs")
    (script,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/own-data.md").read_text(), re.MULTILINE | re.DOTALL)
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
    shutil.copytree(folder / "shapes", folder / "photos")
    rng = np.random.default_rng(0)
    number = {f"x{k}": rng.normal(size=200) for k in range(5)}
    cells = {"id": [f"c{i}" for i in range(200)], **number, "type": ["B", "T"] * 100, "dose": rng.random(200)}
    parquet.write_table(pa.table(cells), folder / "cells.parquet")
    with (folder / "cells.csv").open("w", newline="") as file:
        csv.writer(file).writerows([list(cells), *zip(*cells.values(), strict=True)])
    v = np.stack(np.unravel_index(np.arange(64), (8, 8)), axis=1)
    np.savez(folder / "mine.npz", x=rng.random((64, 32, 32)), v=v, names=np.array(["posX", "posY"]))
    return folder


@pytest.fixture
def trained(monkeypatch):
    """What would have been trained."""
    import bench.cli.run
    import bench.cli.search

    jobs = []
    monkeypatch.setattr(bench.cli.run, "execute", lambda wanted, *_, **__: jobs.extend(wanted))
    monkeypatch.setattr(bench.cli.search, "searched", lambda wanted, *_, **__: jobs.extend(wanted.plans))
    monkeypatch.setattr(bench.cli.search, "confirmed", lambda *_, **__: None)
    return jobs


def said(err):
    """Standard error, without the line that a file is being read."""
    return re.sub(r"^Reading .*, once\n", "", err)


def test_pages_show_commands():
    assert {page for page in PAGES if commands(page)} >= {"README.md", "docs/running.md", "docs/start.md"}


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.split()[0] in STUDIES])
def test_a_shown_study(command, bench, dsprites, trained, theirs, tmp_path):
    shutil.copy(tmp_path / "tiny.toml", tmp_path / "my.toml")
    shutil.copytree(theirs, tmp_path, dirs_exist_ok=True)
    name, *words = shlex.split(command)
    code, _, err = bench(name, *words, STUDIES[name])
    assert (code, said(err)) == (0, "")
    assert trained or name == "plan"


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.split()[0] not in STUDIES])
def test_a_shown_command(command, run, bench, theirs, tmp_path):
    shutil.copytree(theirs, tmp_path, dirs_exist_ok=True)
    if "results/" in command or command == "report":
        run("--out", "results/quick")
    code, _, err = bench(*shlex.split(command))
    assert (code, said(err)) == (0, "")
