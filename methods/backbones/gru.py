"""Gated recurrent units, Cho et al., Learning Phrase Representations using RNN Encoder-Decoder..., EMNLP 2014."""

import torch
from torch import Tensor, nn

from methods._base import Backbone, require
from methods._likelihood import Likelihood
from methods.backbones._layers import scaled

__all__ = ["GRU"]


class GRU(Backbone):
    """A GRU of 64 units over a sequence in each direction, whose last states give two heads; one GRU decodes.

    Sequences are (channels, length), read `frame` instants at a step, whole frames where the length allows it. The
    decoder sees z and a learnt place in the sequence at each step and never its own output, so that p(x|z) is a
    product over the instants as in the other backbones: nothing of x reaches it but through z.
    """

    def __init__(
        self, x_shape: tuple[int, ...], z_dim: int, likelihood: Likelihood, width: float = 1.0, frame: int = 4
    ) -> None:
        super().__init__(x_shape, z_dim, likelihood)
        require(len(x_shape) == 2, "observation shape", x_shape, "sequences (channels, length)")
        channels, length = x_shape
        require(1 <= frame <= length, "frame", frame, f"from 1 to the sequence's length {length}")
        require(length % frame == 0, "frame", frame, f"a divisor of the sequence's length {length}")
        (units,) = scaled((64,), width)
        self.encoder = nn.Sequential(Frames(frame), Reader(channels * frame, units), nn.Linear(2 * units, 2 * z_dim))
        self.decoder = nn.Sequential(
            Writer(z_dim, units, length // frame), nn.Linear(units, channels * frame), Sequence(channels, frame)
        )


class Frames(nn.Module):
    """(B, channels, length) -> (B, length / frame, frame * channels)."""

    def __init__(self, frame: int) -> None:
        super().__init__()
        self.frame = frame

    def forward(self, x: Tensor) -> Tensor:
        """The instants of a frame side by side."""
        b, channels, length = x.shape
        return x.reshape(b, channels, length // self.frame, self.frame).permute(0, 2, 3, 1).flatten(2)


class Sequence(nn.Module):
    """(B, steps, frame * channels) -> (B, channels, steps * frame): Frames undone."""

    def __init__(self, channels: int, frame: int) -> None:
        super().__init__()
        self.channels, self.frame = channels, frame

    def forward(self, frames: Tensor) -> Tensor:
        """The frames one after another."""
        b, steps, _ = frames.shape
        return frames.reshape(b, steps, self.frame, self.channels).permute(0, 3, 1, 2).flatten(2)


class Reader(nn.Module):
    """(B, steps, features) -> (B, 2 units): the last states of a GRU in each direction."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.gru = nn.GRU(features, units, batch_first=True, bidirectional=True)

    def forward(self, frames: Tensor) -> Tensor:
        """The state after the last frame, and the other direction's after the first."""
        _, states = self.gru(frames)
        return torch.cat([*states], dim=1)


class Writer(nn.Module):
    """z (B, z_dim) -> the states of a GRU, (B, steps, units)."""

    def __init__(self, z_dim: int, units: int, steps: int) -> None:
        super().__init__()
        self.state = nn.Sequential(nn.Linear(z_dim, units), nn.Tanh())
        self.z = nn.Linear(z_dim, units)
        self.place = nn.Parameter(torch.randn(steps, units))
        self.gru = nn.GRU(units, units, batch_first=True)

    def forward(self, z: Tensor) -> Tensor:
        """The first state is made from z; each step's input from z and its place."""
        states: Tensor = self.gru(self.z(z)[:, None] + self.place, self.state(z)[None])[0]
        return states
