"""What is asked of a backbone."""

import torch

from bench.testing._parts import all_finite, backbone, batch, expect, fitting, method, two_updates
from methods._base import Backbone
from methods._likelihood import LIKELIHOODS


def it_encodes_and_decodes(name: str) -> None:
    """To the shapes that it is made for, with one latent dimension and with several."""
    shape = fitting(name)
    for z_dim in (1, 4):
        made = backbone(name, shape, z_dim, "gaussian")
        expect(isinstance(made, Backbone), name, f"makes {made!r}", "a subclass of methods.Backbone")
        mu, logvar = made.encode(batch(shape, 5))
        found = tuple(mu.shape), tuple(logvar.shape)
        expect(found == ((5, z_dim),) * 2, name, f"encode gives {found}", f"mu and logvar of {(5, z_dim)}")
        x = LIKELIHOODS["gaussian"].mean(made.decode(mu))
        expect(x.shape == (5, *shape), name, f"decode gives {tuple(x.shape)}", f"{(5, *shape)}")
        kept = (made.x_shape, made.z_dim, made.likelihood)
        given = (shape, z_dim, LIKELIHOODS["gaussian"])
        expect(kept == given, name, f"keeps x_shape, z_dim, likelihood {kept}", f"what it was given, {given}")


def it_treats_rows_alike(name: str) -> None:
    """An observation's code does not depend on the batch that it comes in (so no batch norm)."""
    made = backbone(name, fitting(name), 3)
    x = batch(made.x_shape, 6)
    together, alone = (torch.cat(made.encode(rows), dim=1) for rows in (x, x[2:4]))
    apart = (together[2:4] - alone).abs().max().item()
    expect(apart < 1e-4, name, f"an observation's code differs by {apart:.2g} between two batches", "no difference")


def a_method_trains_it(name: str) -> None:
    """Two updates of a VAE move its encoder and decoder, and give finite numbers."""
    made = method("vae", backbone(name, fitting(name), 3))
    before = {n: w.detach().clone() for n, w in made.backbone.named_parameters()}
    history = two_updates(made).history
    expect(all(map(all_finite, history)), name, f"two updates give {history}", "finite numbers")
    moved = {n.split(".")[0] for n, w in made.backbone.named_parameters() if not torch.equal(before[n], w)}
    expect({"encoder", "decoder"} <= moved, name, f"two updates move {sorted(moved)}", "encoder and decoder")


CHECKS = (it_encodes_and_decodes, it_treats_rows_alike, a_method_trains_it)
