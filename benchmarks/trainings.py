"""A training to measure, made as a study makes its runs."""

import torch

from bench.datasets import load_dataset
from bench.study.study import expand, parse
from bench.training.batches import Batches
from bench.training.build import build
from bench.training.loop import Updates, updates

DATASETS = {"small": "sprites32"}  # by backbone; else dSprites


def training(
    method: str,
    backbone: str,
    steps: int,
    log_every: int = 0,
    *,
    seed: int = 0,
    precision: str = "fp32",
    device: str = "cpu",
) -> Updates:
    """So many updates of batch 64, each made as it is asked for; by default a row of the history at the end alone."""
    content = {"name": "measured", "methods": [method], "metrics": ["mig"], "seeds": [seed], "steps": steps}
    content |= {"dataset": DATASETS.get(backbone, "dsprites"), "backbone": backbone, "precision": precision}
    spec, where = expand(parse(content, "measured"))[0], torch.device(device)
    dataset = load_dataset(spec.dataset)
    made = build(spec, dataset.shape).to(where)
    batches, rng = Batches(dataset, spec, made.draws, where), torch.Generator(where).manual_seed(seed)
    return updates(made, batches, spec, rng, log_every or steps)
