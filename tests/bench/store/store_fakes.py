"""Scores made up, and what there is in a results folder."""

import hashlib
import io
import json

from PIL import Image

from bench.spec import Repeat, ScoreFile
from bench.store.files import MANIFEST


def png():
    content = io.BytesIO()
    Image.new("L", (4, 2)).save(content, "PNG")
    return content.getvalue()


PNG = png()


def score(value=0.5, metric="mig", repeats=1):
    return ScoreFile(
        protocol=f"{metric}:bins20-mean-n10",
        metric=metric,
        params={"bins": 20, "n_train": 10},
        repeats=[
            Repeat(repeat=r, values={metric: value + r}, per_factor={metric: [value, None]}, matrices={"m": [[1.0]]})
            for r in range(repeats)
        ],
    )


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def reseal(store, key, name, content):
    """Put a file into a run, with a manifest that fits."""
    path = store.root / key / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    manifest = json.loads((store.root / key / MANIFEST).read_bytes())
    manifest["files"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (store.root / key / MANIFEST).write_text(json.dumps(manifest))
