"""The encoder of a stored run as a torch module, to be used outside the suite."""

from pathlib import Path

from torch import Tensor, nn

from bench.datasets import load_dataset
from bench.environment import at_home
from bench.errors import BenchError
from bench.quantities import BASELINES
from bench.scoring.evaluate import restored
from bench.spec import RunSpec
from bench.store.files import Damaged
from bench.store.store import Store
from bench.training.batches import channels_last
from methods._base import Backbone, MethodError


class Encoder(nn.Module):
    """q(z|x) of a trained run. spec: the run's; x_shape: of one observation, images (C, H, W) in [0, 1]."""

    def __init__(self, backbone: Backbone, spec: RunSpec) -> None:
        super().__init__()
        self.backbone, self.spec, self.x_shape = backbone, spec, backbone.x_shape

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar, each (B, z_dim), of float32 observations x (B, *x_shape)."""
        return self.backbone.encode(channels_last(x))


def encoder(run: Path | str, x_shape: tuple[int, ...] | None = None, device: str = "cpu") -> Encoder:
    """The encoder of a run from the weights in its folder, `results/STUDY/KEY`, in the mode for evaluation.

    x_shape: of an observation; by default that of the run's data set, which is loaded for it. BenchError where there is
    no such run, or it has no weights, or they are for another shape.
    """
    folder = at_home(str(run)).resolve()
    store, key = Store(folder.parent), folder.name
    if key not in store.keys():  # noqa: SIM118  # a store holds specs
        raise BenchError(f"run={run}: no run's folder; expected RESULTS/STUDY/KEY")
    try:
        spec = store.record(key).spec
        if spec.method in BASELINES or "model.safetensors" not in store.manifest(key).files:
            raise BenchError(f"run={run}: {spec.method} was stored without weights")
        weights = store.weights(key)
    except Damaged as error:
        raise BenchError(f"run={run}: damaged: {error}") from None
    try:
        method = restored(spec, weights, load_dataset(spec.dataset).shape if x_shape is None else x_shape, device)
    except (Damaged, MethodError) as error:
        other = f"its weights are not for observations {' x '.join(map(str, x_shape or ()))}"
        raise BenchError(f"run={run}: {f'damaged: {error}' if x_shape is None else other}") from None
    return Encoder(method.backbone, spec).eval()
