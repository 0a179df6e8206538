"""One update of a training, and its replay on a GPU."""

from typing import Any

import torch
from torch import Tensor

from bench.spec import RunSpec
from methods._base import Method, Player

FIRST = 3  # updates before one is recorded: by then all that they leave behind, such as Adam's moments, has its place


class Update:
    """Each player steps down the gradient of its own term, all taken at the same weights.

    With `autograd.grad` for each player's own weights, no term leaks into another player's.

    On a GPU the hundreds of kernels of an update take longer to launch than to run. There the update of a method that
    does not use `step` is recorded once, as a CUDA graph, and replayed: the same kernels, by one launch.
    """

    def __init__(self, method: Method, spec: RunSpec, rng: torch.Generator, log: "Log") -> None:
        self.method, self.spec, self.rng, self.log = method, spec, rng, log
        self.optimisers = [_adam(player, spec.lr) for player in method.players]
        self.replays = rng.device.type == "cuda" and not method.uses_step
        self.made = 0
        self.recorded: Recorded | None = None

    def __call__(self, x: Tensor, step: int, logged: bool) -> dict[str, Tensor]:
        """Update `step` on the batch x; each player's gradient norm, if it is to be logged."""
        self.made += 1
        self.log.since += 1
        if logged or not self.replays or self.made <= FIRST or step < self.spec.warmup:
            return self.now(x, step, logged)
        self.recorded = self.recorded or Recorded(self, x, step)
        self.recorded.replay(x)
        return {}

    def now(self, x: Tensor, step: int, logged: bool) -> dict[str, Tensor]:
        """The update, one kernel after another."""
        players = self.method.players
        terms = warmed_up(self.method.terms(x, step, self.rng), step, self.spec.warmup)
        for player in players:
            weights = list(player.module.parameters())
            grads = torch.autograd.grad(terms[player.term], weights, retain_graph=player is not players[-1])
            for w, g in zip(weights, grads, strict=True):
                w.grad = laid_as(w, g)
        norms = _norms(players, self.spec.grad_clip) if logged or self.spec.grad_clip else {}
        for optimiser in self.optimisers:
            optimiser.step()
        self.log.add(terms)
        return norms


class Recorded:
    """The kernels of an update, as a CUDA graph that reads its batch from one place."""

    def __init__(self, update: Update, x: Tensor, step: int) -> None:
        self.x, self.graph = x.clone(), torch.cuda.CUDAGraph()
        self.graph.register_generator_state(update.rng)  # each replay draws what would have been drawn
        groups = [group for optimiser in update.optimisers for group in optimiser.param_groups]
        for group in groups:
            group["capturable"] = True
        with torch.cuda.graph(self.graph):
            update.now(self.x, step, logged=False)
        for group in groups:
            group["capturable"] = False

    def replay(self, x: Tensor) -> None:
        """The update on the batch x."""
        self.x.copy_(x)
        self.graph.replay()


class Log:
    """Means of the terms between rows, kept on the device, each in its place, so that only a row waits for it."""

    def __init__(self, players: list[Player]) -> None:
        self.rows: list[dict[str, float]] = []
        self.last: dict[str, float] = {}
        self.minimised = [p.term for p in players]
        self.sums: dict[str, Tensor] = {}
        self.finite: Tensor | None = None
        self.since = 0
        self.diverged_at: int | None = None

    def add(self, terms: dict[str, Tensor]) -> None:
        """One update's terms."""
        for name, term in terms.items():
            if name not in self.sums:  # in place a flag or a count would stay one
                self.sums[name] = torch.zeros_like(term, dtype=torch.promote_types(term.dtype, torch.float32))
            self.sums[name] += term.detach()
        minimised = torch.stack([terms[name].detach() for name in self.minimised])
        if self.finite is None:
            self.finite = torch.zeros((), dtype=torch.int64, device=minimised.device)
        self.finite += minimised.isfinite().all()

    def row(self, updates: int, norms: dict[str, Tensor]) -> dict[str, float]:
        """The means since the last row, at so many updates; then begins anew."""
        means = {name: value.item() / self.since for name, value in self.sums.items()}
        row = {"step": float(updates), **means, **{name: norm.item() for name, norm in norms.items()}}
        finite = 0 if self.finite is None else int(self.finite)
        if finite < updates:
            self.diverged_at = finite + 1
        self.rows.append(row)
        self.last = dict(row)
        self.since = 0
        for value in self.sums.values():
            value.zero_()
        return row


def laid_as(w: Tensor, g: Tensor) -> Tensor:
    """g in w's layout in memory, along which torch's fused Adam walks without looking whether they agree.

    The last layer's gradient lies otherwise: with more than one channel its numbers would go to the wrong weights.
    """
    return g if g.stride() == w.stride() else torch.empty_like(w).copy_(g)


def warmed_up(terms: dict[str, Tensor], step: int, warmup: int) -> dict[str, Tensor]:
    """During the first `warmup` updates, the loss with every term but the reconstruction weighted by step / warmup."""
    if step >= warmup:
        return terms
    recon, loss = terms["recon"], terms["loss"]
    return {**terms, "loss": recon + step / warmup * (loss - recon)}


def _adam(player: Player, lr: float) -> torch.optim.Adam:
    arguments: dict[str, Any] = {"lr": lr, **player.adam}
    return torch.optim.Adam(player.module.parameters(), fused=True, **arguments)


def _norms(players: list[Player], clip: float) -> dict[str, Tensor]:
    """Each player's gradient norm, before it is clipped to `clip` (0: not clipped)."""
    bound = clip or torch.inf
    return {f"grad_{p.term}": torch.nn.utils.clip_grad_norm_(p.module.parameters(), bound) for p in players}
