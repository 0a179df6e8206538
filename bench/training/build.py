"""From a spec to the things it names: data set, backbone, method."""

import torch
from torch import nn

from bench import plugins
from bench.errors import BenchError
from bench.seeds import word
from bench.spec import RunSpec
from methods._base import Method, MethodError
from methods._likelihood import LIKELIHOODS


def build(spec: RunSpec, x_shape: tuple[int, ...]) -> Method:
    """The method of a spec over its backbone, with initial weights from the seed: the same backbone for each method.

    torch's modules draw their initial weights from the global generator, a third party's too; so it is seeded for
    their sake in a fork and put back as it was. BenchError for a likelihood that there is not.
    """
    if spec.likelihood not in LIKELIHOODS:
        raise BenchError(f"{spec.dataset.name}: {plugins.unknown('likelihood', spec.likelihood, list(LIKELIHOODS))}")
    make_backbone, make_method = plugins.load("backbone", spec.backbone), plugins.load("method", spec.method)
    likelihood = LIKELIHOODS[spec.likelihood]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(word(spec.seed, "initialisation", "backbone"))
        backbone = make_backbone(x_shape, spec.z_dim, likelihood, **spec.backbone_params)
        torch.manual_seed(word(spec.seed, "initialisation", "method"))
        method: Method = make_method(backbone, **spec.params)
    backbone.bf16 = spec.precision == "bf16"
    nn.Module.to(method, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    return method


def check(spec: RunSpec, x_shape: tuple[int, ...]) -> None:
    """Build the run without memory for its weights, to refuse what its method or backbone refuses. BenchError."""
    try:
        with torch.device("meta"):
            build(spec, x_shape)
    except MethodError as error:
        raise BenchError(f"{spec.method} on {spec.backbone}: {error}") from None
    except (OverflowError, RuntimeError, TypeError) as error:
        if "overflow" not in f"{type(error)} {error}".lower():
            raise
        raise BenchError(f"{spec.method} on {spec.backbone}: its layers are too large to count their weights") from None
