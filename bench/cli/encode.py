"""`bench encode`: the codes that a trained run gives of data, in the form that `bench score` reads."""

from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray

from bench.cli.data import chosen
from bench.cli.options import PATH, device_of
from bench.cli.show import found
from bench.data._base import FactorDataset
from bench.data._files.export import check
from bench.data._own.columns import PARQUET
from bench.data._own.text import DELIMITERS
from bench.environment import at_home
from bench.errors import BenchError, printable
from bench.scoring.encoder import encoder
from bench.store import atomic
from bench.store.files import Arrays, npz_of
from bench.training.encode import encode as posterior_of
from metrics._codes import Posterior


@click.command()
@click.argument("run")
@click.argument("data")
@click.option("--to", type=PATH, required=True, metavar="CODES.npz", help="The file to write.")
@click.option("--results", type=PATH, default=Path("results"), show_default=True, help="Where RUN is, if it is a key.")
@click.option("--set", "settings", multiple=True, metavar="PLUGIN.ARG=V", help="An argument of DATA or of a wrapper.")
@click.option("--wrap", default="", help="What changes DATA, in this order: correlated,noise.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
def encode(run: str, data: str, to: Path, results: Path, settings: tuple[str, ...], wrap: str, device: str) -> None:
    """Write the codes that a run gives of each observation, as `score` reads them.

    RUN is a run's folder, or the first digits of its key; DATA a folder of images, an .npz file, a table, or the name
    of a data set. CODES.npz then holds z, the posterior means (N, D), logvar (N, D) and, where there are factors,
    v (N, K) and names (K,).
    """
    check(to, "to")
    where = device_of(device)
    folder = at_home(run) if at_home(run).is_dir() else Path(*found(run, results))
    name, source = reader(data)
    spec, dataset = chosen(name, (*source, *settings), wrap)
    trained = encoder(folder, dataset.shape, where)
    posterior = posterior_of(trained.backbone, dataset, np.arange(len(dataset)), torch.device(where))
    try:
        atomic.replace(to, npz_of(arrays(posterior, dataset)))
    except OSError as error:
        raise BenchError(f"to={to}: cannot be written: {error.strerror or error}") from None
    factors = ", ".join(map(printable, dataset.names)) or "none"
    click.echo(f"{to}: {len(dataset):,} codes of {printable(spec.label)}, {trained.spec.z_dim} dimensions")
    click.echo(f"factors: {factors}")
    if unknown := int((dataset.v < 0).any(axis=1).sum()):
        click.echo(f"of {unknown:,} rows a factor is not known: nan in v, which score refuses")


def reader(data: str) -> tuple[str, tuple[str, ...]]:
    """The data set that reads what is named, and the setting that names it; of a data set by name, none."""
    path = at_home(data)
    by_ending = {".npz": "npz"} | dict.fromkeys((*DELIMITERS, PARQUET), "table")
    name = "image_folder" if path.is_dir() else by_ending.get(path.suffix.lower(), "")
    return (name, (f"{name}.source={path}",)) if name else (data, ())


def arrays(posterior: Posterior, dataset: FactorDataset) -> Arrays:
    """What the file holds: factors as indices of their values, or where one is continuous as they are."""
    held: dict[str, NDArray[Any]] = {"z": posterior.mu, "logvar": posterior.logvar}
    if dataset.names:
        v = dataset.v if posterior.numbers is None else posterior.numbers
        held["v"] = np.where(dataset.v < 0, np.nan, v) if (dataset.v < 0).any() else v
        held["names"] = np.array(dataset.names)
    return held
