"""Pieces that convolutional backbones are made of."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from methods._base import require


def scaled(channels: Iterable[int], width: float) -> tuple[int, ...]:
    """Each number of channels times `width`, at least 1."""
    require(width > 0, "width", width, "above 0")
    return tuple(max(1, round(c * width)) for c in channels)


def halved(x_shape: tuple[int, ...], times: int) -> tuple[int, int]:
    """Height and width of an image (C, H, W) after being halved so many times. MethodError where that is not whole."""
    step = 2**times
    fits = len(x_shape) == 3 and all(s >= step and s % step == 0 for s in x_shape[1:])
    require(fits, "observation shape", x_shape, f"images (channels, height, width) with sides divisible by {step}")
    return x_shape[1] // step, x_shape[2] // step


def convolutions(channels: Sequence[int], kernels: Sequence[int]) -> nn.Sequential:
    """Convolutions of even kernels and stride 2, each of which halves the image, and ReLUs. Ends with Flatten."""
    convs = (nn.Conv2d(i, o, k, 2, padding=k // 2 - 1) for (i, o), k in zip(pairwise(channels), kernels, strict=True))
    return nn.Sequential(*(m for conv in convs for m in (conv, nn.ReLU(inplace=True))), nn.Flatten())


def transposed_convolutions(channels: Sequence[int], kernel: int = 4) -> nn.Sequential:
    """Transposed convolutions of kernel 4 and stride 2, each of which doubles the image, ReLUs between them."""
    *hidden, last = pairwise(channels)
    convs = (nn.ConvTranspose2d(i, o, kernel, stride=2, padding=1) for i, o in hidden)
    return nn.Sequential(*(m for conv in convs for m in (conv, nn.ReLU(inplace=True))), ToPixels(*last, kernel))


def dense(*widths: int) -> nn.Sequential:
    """Linear layers, each followed by a ReLU."""
    return nn.Sequential(*(m for i, o in pairwise(widths) for m in (nn.Linear(i, o), nn.ReLU(inplace=True))))


class ToPixels(nn.ConvTranspose2d):
    """ConvTranspose2d of stride 2 and padding 1 with few output channels, as a matrix product and a fold.

    The same numbers as the parent's up to rounding. oneDNN is slow where there is one output channel; a GPU is not, and
    takes a fold's gradient one image after another.
    """

    def __init__(self, channels: int, x_channels: int, kernel: int = 4) -> None:
        super().__init__(channels, x_channels, kernel, stride=2, padding=1)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(B, channels, H, W) -> (B, x_channels, 2H, 2W)."""
        if not x.is_cpu:
            return super().forward(x, output_size)
        assert self.bias is not None
        _, c, h, w = x.shape
        patches = self.weight.reshape(c, -1).T @ x.flatten(2)
        pixels = F.fold(patches, (2 * h, 2 * w), self.kernel_size[0], stride=2, padding=1)
        return pixels + self.bias[:, None, None]
