"""Pictures of what a model has learnt, as PNG bytes."""

import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from methods._base import Backbone

STEPS, SPAN = 9, 2.5  # a latent moves from -SPAN to SPAN, in prior standard deviations


@torch.no_grad()
def traversal(backbone: Backbone, x: Tensor) -> bytes:
    """One row a latent, moved over its range with the others at their means for the observation x (1, C, H, W)."""
    mu, _ = backbone.encode(x)
    z = mu.repeat(backbone.z_dim, STEPS, 1)  # (D, STEPS, D)
    for j in range(backbone.z_dim):
        z[j, :, j] = torch.linspace(-SPAN, SPAN, STEPS, device=mu.device)
    decoded = backbone.likelihood.mean(backbone.decode(z.flatten(0, 1)))
    return png(decoded.reshape(backbone.z_dim, STEPS, *backbone.x_shape).cpu().numpy())


def png(grid: NDArray[np.float32]) -> bytes:
    """Images (rows, columns, C, H, W) in [0, 1], C of 1 or 3, as one picture with a line of grey between them."""
    rows, columns, c, h, w = grid.shape
    canvas = np.full((rows * (h + 1) - 1, columns * (w + 1) - 1, c), 0.5, np.float32)
    for i, j in np.ndindex(rows, columns):
        canvas[i * (h + 1) : i * (h + 1) + h, j * (w + 1) : j * (w + 1) + w] = np.moveaxis(grid[i, j], 0, 2)
    levels = (np.nan_to_num(canvas).clip(0, 1) * 255).round().astype(np.uint8)  # nan, of a run that diverged, is black
    content = io.BytesIO()
    Image.fromarray(levels[:, :, 0] if c == 1 else levels).save(content, "PNG", optimize=True)
    return content.getvalue()
