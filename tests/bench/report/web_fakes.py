"""A study with pictures, matrices, a collapse, a failure and names that try to be markup, and its report."""

import io
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image
from report_fakes import FakeStore, record, score, spec

from bench.plugins import Params
from bench.report.write import write
from bench.spec import Repeat, ScoreFile

EVIL = "</script><img src=x onerror=\"document.body.dataset.owned='yes'\"><a href=javascript:alert(1)>&amp;"
TAG = "<img src=x>"
GRID: list[tuple[str, Params]] = [
    ("vae", {}),
    *(("betavae", {"beta": b}) for b in (1.0, 4.0)),
    *(("other", {"mode": m}) for m in ("a", TAG)),
]


def strip(seed: int = 0, size: int = 32) -> bytes:
    """Three rows of eight frames of noise, the worst that a picture can be, with a line of grey between rows."""
    rng = np.random.default_rng(seed)
    out = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (3 * (size + 1) - 1, 8 * size), dtype=np.uint8)).save(out, format="PNG")
    return out.getvalue()


def matrices(value: float) -> ScoreFile:
    """DCI's importance and the mutual information of three latent dimensions and two factors."""
    told = {
        "mutual_information": [[value, 0.1], [0.2, 0.9], [0.0, 0.0]],
        "importance": [[0.5, None], [0.1, 0.7], [0.0, 0.0]],
    }
    repeat = Repeat(repeat=0, values={"dci_disentanglement": value}, per_factor={}, matrices=told)
    return ScoreFile(protocol="dci:trees", metric="dci", params={}, repeats=[repeat])


def study(seeds: int = 5) -> FakeStore:
    """Five settings of so many seeds; one run collapsed, one failed with an error that tries to be markup."""
    runs = []
    for i, (method, params) in enumerate(GRID):
        for seed in range(seeds):
            made = record(spec(method, seed, params=params), 20.0 + 3 * i + 0.1 * seed)
            runs.append((made, [score(0.1 + 0.1 * i + 0.02 * seed), matrices(0.3)]))
    collapsed, scores = runs[0]
    runs[0] = msgspec.structs.replace(collapsed, diagnostics=collapsed.diagnostics | {"collapsed": True}), scores
    runs.append((record(spec("vae", 99, params={}), status="failed", error=EVIL), []))
    made = FakeStore(runs)
    made.images = {"traversals/step0001000.png": strip()}
    return made


def report(out: Path, store: FakeStore | None = None) -> Path:
    """The page of a report of it."""
    write(store or study(), out, title="A <study>", resamples=50)
    return out / "index.html"
