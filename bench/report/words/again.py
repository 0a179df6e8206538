"""The command that makes a run and its scores again."""

import re
import shlex
from collections.abc import Sequence
from typing import Any

from bench.environment import is_reproducible
from bench.quantities import BASELINES
from bench.spec import Record, RunSpec, ScoreFile


def command(record: Record, scores: Sequence[ScoreFile]) -> str:
    """What makes the run and its scores again, on this machine; empty for a baseline, which `bench baselines` makes."""
    if record.spec.method in BASELINES:
        return ""
    options = options_of(record.spec)
    if scores:
        options += ["--metrics", ",".join(dict.fromkeys(file.metric for file in scores))]
    codes = dict.fromkeys(kind for file in scores for kind in re.findall("[:-](mean|sample)(?=-|$)", file.protocol))
    if codes and list(codes) != ["mean"]:
        options += ["--codes", ",".join(codes)]
    if (repeats := max((len(file.repeats) for file in scores), default=1)) > 1:
        options += ["--eval-repeats", str(repeats)]
    given: dict[str, dict[str, None]] = {}  # an argument's values in the order of the protocols, each once
    for file in scores:
        for argument, value in file.params.items():
            given.setdefault(f"{file.metric}.{argument}", {})[str(value)] = None
    for argument, values in given.items():
        options += ["--set", f"{argument}={','.join(values)}"]
    options += ["--reproducible"] if is_reproducible(record.environment) else []
    return shlex.join(["python", "-m", "bench", "run", *options, "--out", f"again-{record.key[:8]}"])


def options_of(spec: RunSpec) -> list[str]:
    """Options of `bench run` that make this run, whatever the study they alter holds besides its metrics."""
    wrap = [wrapper.name for wrapper in spec.dataset.wrappers]
    stated: dict[str, Any] = {
        "methods": spec.method,
        "seed": spec.seed,
        "dataset": spec.dataset.name,
        **({"wrap": ",".join(wrap)} if wrap else {}),
        "backbone": spec.backbone,
        "likelihood": spec.likelihood,
        **{name: getattr(spec, name) for name in ("z_dim", "batch_size", "steps", "lr", "warmup", "grad_clip")},
        "precision": spec.precision or "fp32",
    }
    options = [word for name, value in stated.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    given = {spec.method: spec.params, spec.backbone: spec.backbone_params, **spec.dataset.arguments}
    for plugin, params in given.items():
        for argument, value in params.items():
            if value != "":  # an empty text is the default of each argument that may be one
                options += ["--set", f"{plugin}.{argument}={value}"]
    return options
