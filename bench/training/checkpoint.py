"""A training under way, as one safetensors file: it goes on from there bit for bit.

Holds weights and buffers, the optimisers' and the generator's states, the log, and what was gathered on the way. The
batches need nothing: they are a function of seed and update. A method keeps its state in parameters and buffers.

It is sealed: its metadata state the run's key, the versions of what the numbers depend on, and the sha256 of the whole
file (with 64 question marks in that place).
"""

import hashlib
import json
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from bench.spec import Count
from bench.store.atomic import read, replace
from bench.training.loop import State

FORMAT = "2"
FOLDER = ".checkpoints"
UNSEALED = "?" * 64
VERSIONS = ("disentanglement-bench", "torch", "numpy")
LARGEST = 2**34  # bytes


class Unfit(Exception):
    """A checkpoint that the training cannot go on from; the message says why."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a training: updates done, seconds of work, rows of the history, its last row, updates since then."""

    step: Count
    seconds: float
    rows: list[dict[str, float]]
    last: dict[str, float]
    since: Count


def checkpoint_file(folder: Path, key: str) -> Path:
    """Where the training of a run is kept."""
    return folder / f"{key}.safetensors"


def keep(path: Path, key: str, step: int, seconds: float, state: State) -> None:
    """Keep the training of run `key` after `step` updates and `seconds` of work. Raises OSError where it cannot."""
    log = state.log
    stated = {"step": step, "seconds": seconds, "rows": log.rows, "last": log.last, "since": log.since}
    tensors = {name: t.detach().cpu().contiguous() for name, t in _tensors(state).items()}
    content = save(tensors, {**_about(key), "state": json.dumps(stated), "sha256": UNSEALED})
    sealed = content.replace(UNSEALED.encode(), hashlib.sha256(content).hexdigest().encode(), 1)
    replace(path, sealed, path.parent)


def resume(path: Path, key: str, state: State) -> tuple[int, float]:
    """Put a training where it was kept; updates done and seconds worked. (0, 0.0) where nothing is kept.

    Unfit where that is not whole, of another run, of other versions (their numbers may differ), or not of these
    tensors; the training is then as it was.
    """
    try:
        content = read(path, LARGEST)
    except FileNotFoundError:
        return 0, 0.0
    except OSError as error:
        raise Unfit(error.strerror or str(error)) from None
    kept, tensors = _opened(content, key)
    _check(state, tensors)
    _put_back(state, tensors)
    log = state.log
    log.rows, log.last, log.since = kept.rows, kept.last, kept.since
    return kept.step, kept.seconds


def set_aside(path: Path) -> Path:
    """Move a checkpoint that does not fit out of the way, to be looked at; where it went."""
    target = path.with_name(f".damaged-{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
    path.rename(target)
    return target


def _about(key: str) -> dict[str, str]:
    return {"format": FORMAT, "key": key, **{name: version(name) for name in VERSIONS}}


def _opened(content: bytes, key: str) -> tuple[Kept, dict[str, Tensor]]:
    """What a checkpoint of the run `key` states, and its tensors. Unfit where it is not one, or not whole."""
    try:
        length = int.from_bytes(content[:8], "little")
        about: dict[str, Any] = json.loads(content[8 : 8 + length])["__metadata__"]
        seal = str(about.pop("sha256"))
        unsealed = content.replace(seal.encode(), UNSEALED.encode(), 1)
        if hashlib.sha256(unsealed).hexdigest() != seal:
            raise Unfit("it is damaged: its sha256 is not the one that it states")
        stated = about.pop("state")
        if about != _about(key):
            other = next(name for name in {**about, **_about(key)} if about.get(name) != _about(key).get(name))
            raise Unfit(f"{other} is {about.get(other)}, expected {_about(key).get(other)}")
        return msgspec.convert(json.loads(stated), Kept), load(content)
    except (SafetensorError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise Unfit("it is no checkpoint, or damaged") from None


def _check(state: State, tensors: dict[str, Tensor]) -> None:
    """Unfit where these are not the tensors of the training, by name, shape and type."""
    expected = {f"method/{name}": (t.shape, t.dtype) for name, t in _own(state).items()}
    for i, optimiser in enumerate(state.optimisers):
        for j, w in enumerate(_weights(optimiser)):
            expected[f"optimiser/{i}/{j}/step"] = torch.Size(), torch.float32
            expected |= {f"optimiser/{i}/{j}/{name}": (w.shape, w.dtype) for name in ("exp_avg", "exp_avg_sq")}
    expected["generator"] = state.rng.get_state().shape, torch.uint8
    expected["finite"] = torch.Size(), torch.int64
    free = {name: t for name, t in tensors.items() if name.startswith(("sums/", "gathered/"))}
    found = {name: (t.shape, t.dtype) for name, t in tensors.items() if name not in free}
    wrong = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
    wrong += [name for name, t in free.items() if t.ndim != (0 if name.startswith("sums/") else 1)]
    if wrong:
        raise Unfit(f"its tensors are not those of the training: {', '.join(sorted(wrong)[:3])}")


def _tensors(state: State) -> dict[str, Tensor]:
    found = {f"method/{name}": t for name, t in _own(state).items()}
    for i, optimiser in enumerate(state.optimisers):
        for j, w in enumerate(_weights(optimiser)):
            found |= {f"optimiser/{i}/{j}/{name}": t for name, t in optimiser.state[w].items()}
    found["generator"] = state.rng.get_state()
    found |= {f"sums/{name}": t for name, t in state.log.sums.items()}
    found["finite"] = torch.as_tensor(0 if state.log.finite is None else state.log.finite)
    for name, content in state.gathered.items():
        found[f"gathered/{name}"] = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    return found


@torch.no_grad()
def _put_back(state: State, tensors: dict[str, Tensor]) -> None:
    """In place where there is something: each tensor keeps its device and its layout in memory."""
    for name, t in _own(state).items():
        t.copy_(tensors[f"method/{name}"])
    parts = {name: name.split("/", 3) for name in tensors}
    for i, optimiser in enumerate(state.optimisers):
        for j, w in enumerate(_weights(optimiser)):
            mine = {path[3]: tensors[n] for n, path in parts.items() if path[:3] == ["optimiser", str(i), str(j)]}
            optimiser.state[w] = {
                name: torch.empty_like(w).copy_(t) if t.shape == w.shape else t.to(w.device) for name, t in mine.items()
            }
    state.rng.set_state(tensors["generator"])
    device = next(iter(_own(state).values())).device
    state.log.sums = {n.removeprefix("sums/"): t.to(device) for n, t in tensors.items() if n.startswith("sums/")}
    state.log.finite = tensors["finite"].to(device)
    gathered = {n.removeprefix("gathered/"): t for n, t in tensors.items() if n.startswith("gathered/")}
    state.gathered.update({name: t.numpy().tobytes() for name, t in gathered.items()})


def _own(state: State) -> dict[str, Tensor]:
    """Parameters and all buffers, those that are no part of the weights of a run too (`clamp_hits`)."""
    return dict(state.method.named_parameters()) | dict(state.method.named_buffers())


def _weights(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [w for group in optimiser.param_groups for w in group["params"]]
