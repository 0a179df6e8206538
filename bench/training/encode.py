"""From a trained backbone to arrays: posteriors of observations, what is read off the decoder, how fast it encodes."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.errors import optional
from bench.seeds import stream, word
from bench.training.batches import to_device
from methods._base import Backbone
from methods._terms import kl, sample
from metrics._codes import Posterior
from metrics._gaussian import active_units, gaussian_tc, kl_per_dimension
from metrics._kl_decomposition import kl_decomposition

ONE, MANY = 1, 256  # observations at once: an answer as it is asked for, and a table of codes
FEWEST, REPEATS, ENOUGH = 3, 15, 0.08  # timings of each at least, at most; seconds after which a fourth does not begin

PART_ROWS = 5_000  # of a part of the data set, at most, for its reconstruction
BATCH = 512  # rows encoded at once; fixed, so that a row's code does not depend on what else is asked for

KL_TERMS = (
    *("mutual_information_lower", "mutual_information_upper", "mutual_information_se"),
    *("total_correlation_lower", "total_correlation_upper", "dimension_kl"),
)

Diagnostics = dict[str, float | list[float] | bool]


@torch.no_grad()
def encode(backbone: Backbone, dataset: FactorDataset, index: NDArray[np.integer], device: torch.device) -> Posterior:
    """q(z|x) of these rows of the data set."""
    blocks = [backbone.encode(to_device(dataset.x(rows), device)) for rows in _blocks(index)]
    mu, logvar = (torch.cat(part).cpu().numpy() for part in zip(*blocks, strict=True))
    return Posterior(mu, logvar, dataset.v[index], np.asarray(index), dataset.numbers_at(index))


@torch.no_grad()
def reconstruction(
    backbone: Backbone, dataset: FactorDataset, posterior: Posterior, seed: int, device: torch.device
) -> Diagnostics:
    """Means over the rows of a posterior.

    recon: -log p(x|z = mu) in nats; mse: squared error of E[x|z = mu] per element; elbo: one sample of z a row.
    """
    rng = torch.Generator(device).manual_seed(word(seed, "elbo"))
    sums = np.zeros(3)
    for at in _blocks(np.arange(len(posterior.index))):
        x = to_device(dataset.x(posterior.index[at]), device)
        mu, logvar = (torch.from_numpy(part[at]).to(device) for part in (posterior.mu, posterior.logvar))
        x_params = backbone.decode(mu)
        recon = backbone.likelihood.nll(x_params, x)
        mse = (backbone.likelihood.mean(x_params) - x).square().mean()
        elbo = -backbone.likelihood.nll(backbone.decode(sample(mu, logvar, rng)), x) - kl(mu, logvar)
        sums += len(at) * torch.stack([recon, mse, elbo]).double().cpu().numpy()
    recon, mse, elbo = (sums / len(posterior.index)).tolist()
    return {"recon": recon, "mse": mse, "elbo": elbo}


@torch.no_grad()
def recon_at_mu(backbone: Backbone, dataset: FactorDataset, posterior: Posterior, device: torch.device) -> float:
    """-log p(x|z = mu) in nats, the mean over the rows of a posterior: `recon` of `reconstruction` alone."""
    total = 0.0
    for at in _blocks(np.arange(len(posterior.index))):
        x = to_device(dataset.x(posterior.index[at]), device)
        x_params = backbone.decode(torch.from_numpy(posterior.mu[at]).to(device))
        total += len(at) * backbone.likelihood.nll(x_params, x).item()
    return total / len(posterior.index)


def part_diagnostics(backbone: Backbone, dataset: FactorDataset, seed: int, device: torch.device) -> Diagnostics:
    """recon and mse of each part of the data set, as `recon_seen` and so on, over PART_ROWS of its rows or all of them.

    They are drawn without replacement from a stream of their own.
    """
    told: Diagnostics = {}
    for name, part in dataset.parts.items():
        rows = stream(seed, "part rows", name).choice(part, min(PART_ROWS, len(part)), replace=False)
        found = reconstruction(backbone, dataset, encode(backbone, dataset, np.sort(rows), device), seed, device)
        told |= {f"{what}_{name}": found[what] for what in ("recon", "mse")}
    return told


def code_diagnostics(posterior: Posterior, rng: np.random.Generator) -> Diagnostics:
    """What the posterior alone says: KL per dimension, active units, collapse, Gaussian TC of means and of samples."""
    kl_j = kl_per_dimension(posterior.mu, posterior.logvar)
    active = active_units(posterior.mu)
    return {
        "kl": float(kl_j.sum()),
        "kl_per_dimension": kl_j.tolist(),
        "active_units": float(active.sum()),
        "collapsed": not bool(active.any()),
        "tc_mean": gaussian_tc(posterior.mu),
        "tc_sample": gaussian_tc(posterior.codes(rng).z),
    }


def kl_diagnostics(posterior: Posterior, population: int, rng: np.random.Generator) -> Diagnostics:
    """What the KL is made of, in nats: I(x; z) + total correlation + dimension-wise KL (metrics._kl_decomposition).

    Of the distinct rows: rows are drawn with replacement, and a posterior that comes twice would pass for two of the
    `population` of observations. The three add up to the KL over distinct rows, which differs a little from `kl`. Where
    they are not all of the population, the first two lie between bounds, and one's upper goes with the other's lower.
    """
    _, rows = np.unique(posterior.index, return_index=True)
    scores = kl_decomposition(
        posterior.mu[rows], posterior.logvar[rows], rng, population=population, n_samples=500, n_marginal=5_000
    )
    by_dimension = {f"{name}_per_dimension": values[:, 0].tolist() for name, values in scores.matrices.items()}
    stated = {name: scores.values[name] for name in KL_TERMS}
    return {**stated, **by_dimension}


def _blocks(index: NDArray[np.integer]) -> list[NDArray[np.integer]]:
    return [index[start : start + BATCH] for start in range(0, len(index), BATCH)]


def encoding_speed(backbone: Backbone, dataset: FactorDataset, device: torch.device) -> dict[str, float | str]:
    """Milliseconds to encode one observation alone, and observations a second, 256 at once; medians.

    A backbone that cannot encode so many at once lacks the figure, and `encode_error` says why: it is trained and
    scored all the same.

    On the run's device, with its threads, beside whatever else that machine does: compare runs that were made alone.
    The observations, the first to score (from the beginning again where there are fewer), lie on the device already.
    The backbone should be in the mode for evaluation.
    """
    found: dict[str, float | str] = {}
    figures: dict[str, tuple[int, Callable[[float], float]]] = {
        "encode_ms_batch1": (ONE, lambda seconds: 1e3 * seconds),
        "encode_per_second_batch256": (MANY, lambda seconds: MANY / seconds),
    }
    for name, (size, figure) in figures.items():
        with optional("encode_error", found):  # whatever a third party's backbone or data set raises
            x = to_device(dataset.x(np.resize(dataset.to_score[:MANY], MANY)[:size]), device)
            found[name] = figure(_seconds(backbone, x))
    return found


@torch.no_grad()
def _seconds(backbone: Backbone, x: torch.Tensor) -> float:
    """The median of encodings of x, each until its mu is in the computer's memory, after one that warms up.

    Of FEWEST where these take longer than ENOUGH: a run should not wait for a figure of its own speed.
    """
    taken: list[float] = []
    backbone.encode(x)[0].cpu()
    while len(taken) < FEWEST or (len(taken) < REPEATS and sum(taken) < ENOUGH):
        start = time.perf_counter()
        backbone.encode(x)[0].cpu()  # on an accelerator the copy waits for the result
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
