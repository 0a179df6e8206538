"""What a backbone and a training method are: named losses of a batch, each minimised by one player."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods._likelihood import Likelihood

LOGVAR_RANGE = (-30.0, 20.0)  # beyond it exp() leaves float32's useful range; how often it binds is counted


class MethodError(ValueError):
    """An argument that a method or backbone refuses: names it, what was given and what is allowed."""


def require(allowed: bool, argument: str, given: object, rule: str) -> None:
    """MethodError unless `allowed`."""
    if not allowed:
        raise MethodError(f"{argument}={given}: {rule}")


class Backbone(nn.Module, ABC):
    """q(z|x) and p(x|z), the networks that every method shares.

    A subclass takes (x_shape, z_dim, likelihood) and its own typed keyword arguments, and sets
    `encoder`: x (B, *x_shape) -> (B, 2 z_dim), the heads of mu and of logvar side by side, and
    `decoder`: z (B, z_dim) -> x_params, the parameters of p(x|z).

    bf16: both work in bfloat16 while they are trained, by torch's autocast. Weights and outputs stay as they are, and
    in the mode for evaluation so does all else.
    """

    encoder: nn.Module
    decoder: nn.Module
    clamp_hits: Tensor
    bf16: bool = False

    def __init__(self, x_shape: tuple[int, ...], z_dim: int, likelihood: Likelihood) -> None:
        super().__init__()
        require(z_dim >= 1, "z_dim", z_dim, "at least 1")
        self.x_shape, self.z_dim, self.likelihood = x_shape, z_dim, likelihood
        self.register_buffer("clamp_hits", torch.zeros((), dtype=torch.int64), persistent=False)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of q(z|x) = N(mu, diag exp logvar), each (B, z_dim); logvar within LOGVAR_RANGE."""
        mu, logvar = self._of(self.encoder, x).chunk(2, dim=1)
        clamped = logvar.clamp(*LOGVAR_RANGE)
        self.clamp_hits += (clamped != logvar).sum()
        return mu, clamped

    def decode(self, z: Tensor) -> Tensor:
        """x_params of p(x|z), (B, ...)."""
        return self._of(self.decoder, z)

    def _of(self, network: nn.Module, x: Tensor) -> Tensor:
        """The network's output; of x's type where it was worked out in bfloat16."""
        lower = self.bf16 and self.training
        with torch.autocast(x.device.type, torch.bfloat16) if lower else nullcontext():
            output: Tensor = network(x)
        return output.to(x.dtype) if lower else output


@dataclass(frozen=True)
class Player:
    """A set of weights and the term of the objective that it minimises.

    adam: arguments of `torch.optim.Adam`; a learning rate that is not among them is the run's.
    """

    term: str
    module: nn.Module
    adam: Mapping[str, float | tuple[float, float]] = field(default_factory=lambda: {"betas": (0.9, 0.999)})


class Method(nn.Module, ABC):
    """A training objective over a backbone. A subclass takes the backbone and its own typed keyword arguments.

    sweep: the default grid of its hyperparameters. strength: the one on the axes of figures. bounds: between which a
    search looks for a hyperparameter, on a logarithmic scale; by default between the ends of its sweep.
    draws: how many independent batches a step takes; x is then `draws` batches in a row, the first being the ELBO's.
    uses_step: whether `terms` uses `step`, or anything else in Python that changes from update to update. Where it does
        not, a GPU may replay a recorded update.
    title, marker: what reports call it, and matplotlib's marker of it in figures; texts as they stand in the source,
        where reports read them. By default its name on the command line, and a marker that is free.
    players: who minimises what. definitions: what the method fixes beside its hyperparameters; goes into the record.
    """

    sweep: ClassVar[Mapping[str, tuple[float, ...]]] = {}
    strength: ClassVar[str | None] = None
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {}
    draws: ClassVar[int] = 1
    uses_step: ClassVar[bool] = True
    title: ClassVar[str] = ""
    marker: ClassVar[str] = ""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self.players = [Player("loss", backbone)]
        self.definitions: dict[str, str | float] = {}

    def nll(self, z: Tensor, x: Tensor) -> Tensor:
        """-log p(x|z), nats per observation."""
        return self.backbone.likelihood.nll(self.backbone.decode(z), x)

    @abstractmethod
    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """The objective on the batch x (draws * B, *x_shape) at update `step`, term by term, in nats per observation.

        Holds `loss`, which the backbone minimises, `recon` = -E_q[log p(x|z)] and `kl` = KL(q(z|x) || p(z)), and
        whatever else its players minimise or a reader wants to see. All chance comes from rng, of x's device.
        """


def require_finite(argument: str, given: float, low: float, *, open_low: bool = False) -> None:
    """MethodError unless `given` is finite and at least (or, where `open_low`, above) `low`."""
    allowed = math.isfinite(given) and (given > low if open_low else given >= low)
    require(allowed, argument, given, f"a finite number {'above' if open_low else 'of at least'} {low:g}")
