"""A training under way, as one safetensors file: it goes on from there bit for bit.

Holds weights and buffers, the optimisers' and the generator's states, the log, and what was gathered on the way. The
batches need nothing: they are a function of seed and update. A method keeps its state in parameters and buffers.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from bench.store.atomic import replace
from bench.training.loop import State

FORMAT = "1"
FOLDER = ".checkpoints"


def checkpoint_file(folder: Path, key: str) -> Path:
    """Where the training of a run is kept."""
    return folder / f"{key}.safetensors"


def keep(path: Path, key: str, step: int, seconds: float, state: State) -> None:
    """Keep the training of run `key` after `step` updates and `seconds` of work. Raises OSError where it cannot."""
    log = state.log
    stated = {"step": step, "seconds": seconds, "rows": log.rows, "last": log.last, "since": log.since}
    about = {"format": FORMAT, "key": key, "torch": torch.__version__, "state": json.dumps(stated)}
    tensors = {name: t.detach().cpu().contiguous() for name, t in _tensors(state).items()}
    replace(path, save(tensors, about), path.parent)


def resume(path: Path, key: str, state: State) -> tuple[int, float]:
    """Put a training where it was kept; updates done and seconds worked. (0, 0.0) where nothing that fits is kept.

    What another version of torch kept does not fit: its numbers may differ.
    """
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
        stated: dict[str, Any] = json.loads(about.get("state", "{}"))
    except (OSError, SafetensorError, ValueError):
        return 0, 0.0
    if (about.get("format"), about.get("key"), about.get("torch")) != (FORMAT, key, torch.__version__):
        return 0, 0.0
    _put_back(state, tensors)
    state.log.rows, state.log.since = stated["rows"], stated["since"]
    state.log.last = stated.get("last") or (dict(state.log.rows[-1]) if state.log.rows else {})
    return stated["step"], stated["seconds"]


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
