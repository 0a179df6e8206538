"""`bench new method`: a method of one's own to begin with, and its test, in a package that can be installed."""

import keyword
import re
import tomllib
from pathlib import Path

import click

from bench import plugins
from bench.errors import BenchError
from bench.quantities import BASELINES
from bench.store import atomic

PYPROJECT = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{distribution}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["disentanglement-bench"]

"""
ENTRY = """[project.entry-points."bench.methods"]
{name} = "{package}.{name}:{cls}"
"""
METHOD = '''"""{cls}. Source: authors, title, year."""

import torch
from torch import Tensor

from methods import Backbone, Method, kl, require_finite, sample

__all__ = ["{cls}"]


class {cls}(Method):
    """-E_q[log p(x|z)] + weight KL(q(z|x) || p(z)): put your objective here, and in `terms`."""

    title = "{cls}"  # what reports call it
    marker = "*"  # in figures: one of o s ^ D v P X < > p h *
    sweep = {{"weight": (1, 4)}}  # what a study runs unless told otherwise
    strength = "weight"  # the hyperparameter on the axes of figures

    def __init__(self, backbone: Backbone, weight: float = 1.0) -> None:
        super().__init__(backbone)
        require_finite("weight", weight, 0)
        self.weight = weight

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """Terms loss, recon, kl, in nats per observation; all chance comes from rng."""
        mu, logvar = self.backbone.encode(x)
        nll, kl_ = self.nll(sample(mu, logvar, rng), x), kl(mu, logvar)
        return {{"loss": nll + self.weight * kl_, "recon": nll, "kl": kl_}}
'''
TEST = '''"""The suite's contract over {name}, and what is true of it alone."""

import pytest
import torch
from {package}.{name} import {cls}

from bench.testing import Contract
from methods import LIKELIHOODS
from methods.backbones.mlp import MLP
from methods.vae import VAE


class TestContract(Contract):
    methods = ("{name}",)


def test_at_weight_1_it_is_the_vae():
    backbone, x = MLP((12,), 3, LIKELIHOODS["gaussian"]), torch.rand(16, 12)
    mine, vae = {cls}(backbone, weight=1.0), VAE(backbone)
    a, b = (method.terms(x, 0, torch.Generator().manual_seed(0))["loss"] for method in (mine, vae))
    assert a.item() == pytest.approx(b.item(), rel=1e-6)
'''


@click.group()
def new() -> None:
    """A plugin of your own to begin with."""


@new.command()
@click.argument("name")
def method(name: str) -> None:
    """Write a method called NAME and its test into the package in this folder; without a package, make one.

    Both pass as they are written. No file is overwritten.
    """
    check(name)
    here = Path()
    package, made = package_of(here, name)
    words = {
        "name": name,
        "package": package.name,
        "cls": "".join(part.capitalize() for part in name.split("_")),
        "distribution": package.name.replace("_", "-"),
    }
    entry = ENTRY.format(**words)
    files = {package / f"{name}.py": METHOD.format(**words), here / "tests" / f"test_{name}.py": TEST.format(**words)}
    if made:
        files |= {here / "pyproject.toml": PYPROJECT.format(**words) + entry, package / "__init__.py": ""}
    for path in files:
        if path.exists():
            raise BenchError(f"name={name}: {path} is there already")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, text.encode())
        click.echo(f"written: {path}")
    if not made:
        click.echo(f"to be added to pyproject.toml:\n\n{entry}")
    click.echo(f"then: pip install -e . && python -m pytest tests && python -m bench run --methods vae,{name}")


def check(name: str) -> None:
    """BenchError unless a method may be called so."""
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise BenchError(f"name={name}: expected small letters, digits and _, such as my_vae, and no word of Python")
    for kind in plugins.FOLDERS:
        if name in plugins.names(kind):
            raise BenchError(f"name={name}: there is a {kind} of that name")
    if name in BASELINES:
        raise BenchError(f"name={name}: there is a baseline of that name")


def package_of(here: Path, name: str) -> tuple[Path, bool]:
    """The folder of the package in this one, and whether it is yet to be made. BenchError where it cannot be told."""
    pyproject = here / "pyproject.toml"
    if not pyproject.exists():
        return here / "src" / f"bench_{name}", True
    try:
        tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"pyproject.toml: cannot be read: {error}") from None
    found = [init.parent for folder in (here / "src", here) for init in sorted(folder.glob("*/__init__.py"))]
    found = [folder for folder in found if folder.name != "tests"]
    if len(found) != 1:
        names = ", ".join(str(folder) for folder in found) or "none"
        raise BenchError(f"new: expected one package beside pyproject.toml or in src, found {names}")
    return found[0], False
