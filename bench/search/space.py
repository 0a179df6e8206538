"""What is searched: the numbers between their bounds, and the run that a proposal stands for."""

import math
from collections.abc import Mapping, Sequence

import msgspec

from bench import plugins
from bench.datasets import load_dataset
from bench.errors import BenchError
from bench.plugins import Params
from bench.spec import RunSpec
from bench.store.searches import Dimension, Number
from bench.study.study import Study, expand
from bench.training.build import check

DIGITS = 3  # significant digits of a proposal: a difference beyond them is none, and equal proposals are one run
TUNED = {  # what may be searched beside a strength
    "lr": {"log": True, "whole": False},
    "z_dim": {"log": False, "whole": True},
    "warmup": {"log": False, "whole": True},
}
LEAST = {"lr": 0.0, "z_dim": 1, "warmup": 0}


def dimensions(
    method: str, bounds: Mapping[str, tuple[float, float]], tuned: Mapping[str, tuple[float, float]], strength: bool
) -> list[Dimension]:
    """What is searched of a method: its strength between the bounds given or its own, and what is tuned beside it.

    bounds: by name, `beta` or `betavae.beta`. BenchError for a method without anything to search, and for bounds that
    are reversed or touch 0 on a logarithmic scale.
    """
    plugin = plugins.load("method", method)
    found = []
    if strength:
        if plugin.strength is None:
            raise BenchError(
                f"methods={method}: has no strength to search; leave it out, or search lr, z_dim or warmup alone "
                "(--no-strength --tune lr=1e-4,1e-3)"
            )
        found.append(_checked(_strength(method, plugin.strength, bounds)))
    for name, (low, high) in tuned.items():
        kind = TUNED[name]
        if min(low, high) < LEAST[name]:
            raise BenchError(f"tune={name}={low:g},{high:g}: expected at least {LEAST[name]:g}")
        ends: tuple[Number, Number] = (int(low), int(high)) if kind["whole"] else (low, high)
        if kind["whole"] and ends != (low, high):
            raise BenchError(f"tune={name}={low:g},{high:g}: expected whole numbers")
        found.append(_checked(Dimension(name=name, low=ends[0], high=ends[1], **kind)))
    if not found:
        raise BenchError("no-strength: expected something else to search, for example --tune lr=1e-4,1e-3")
    return found


def check_names(
    methods: Sequence[str], bounds: Mapping[str, tuple[float, float]], tuned: Mapping[str, tuple[float, float]]
) -> None:
    """BenchError for bounds of what none of the methods searches."""
    own = {m: plugins.load("method", m).strength for m in methods}
    known = [name for m, s in own.items() if s is not None for name in (s, f"{m}.{s}")]
    for name in bounds:
        if name not in known:
            raise BenchError(plugins.unknown("strength in bounds", name, list(dict.fromkeys(known))))
    for name in tuned:
        if name not in TUNED:
            raise BenchError(plugins.unknown("number to tune", name, list(TUNED)))


def base_of(study: Study, method: str, searched: Sequence[Dimension]) -> RunSpec:
    """The run that all trials of a method share but for what is searched and the seed.

    Built once at every end of what is searched, so that a value out of range is refused here. BenchError where the
    study has several values of something that is not searched.
    """
    names = {d.name for d in searched}
    plugin = plugins.load("method", method)
    mine: dict[str, object] = {n: p.default for n, p in plugins.defaults("method", method).items()}
    mine |= study.set.get(method, {})
    mine |= {d.name: d.high for d in searched if d.name == plugin.strength}
    z_dim = 2 if "z_dim" in names else study.z_dim
    for where, arguments in ((method, mine), (study.backbone, study.set.get(study.backbone, {}))):
        for argument, values in arguments.items():
            if isinstance(values, list):
                given = ",".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
                raise BenchError(f"{where}.{argument}={given}: a search has one value; --set {where}.{argument}=VALUE")
    if isinstance(z_dim, list):
        if len(z_dim) > 1:
            raise BenchError(f"z_dim={','.join(map(str, z_dim))}: a search has one value, or --tune z_dim=5,20")
        z_dim = z_dim[0]
    one = msgspec.structs.replace(study, methods=[method], seeds=[0], z_dim=z_dim, set={**study.set, method: mine})
    (base,) = expand(one)
    shape = load_dataset(base.dataset).shape
    for d in searched:
        for end in (d.low, d.high):
            check(spec_of(base, {d.name: end}), shape)
    return base


def spec_of(base: RunSpec, proposal: Mapping[str, Number], seed: int = 0) -> RunSpec:
    """The run of a proposal."""
    of_run = {name: value for name, value in proposal.items() if name in TUNED}
    given: Params = {**base.params, **{name: value for name, value in proposal.items() if name not in TUNED}}
    return msgspec.structs.replace(base, params=plugins.resolve("method", base.method, given), seed=seed, **of_run)


def rounded(value: float, low: float, high: float) -> float:
    """A proposal at `DIGITS` significant digits, within its bounds."""
    return min(max(float(f"{value:.{DIGITS}g}"), low), high)


def grid_of(searched: Sequence[Dimension], trials: int) -> dict[str, list[Number]]:
    """A grid of at most so many trials, with as equal a number of values for each dimension as that allows."""
    counts = [1] * len(searched)
    room = [d.high - d.low + 1 if d.whole else math.inf for d in searched]
    while True:
        more = [i for i in range(len(counts)) if counts[i] < room[i]]
        more = [i for i in more if math.prod(counts) // counts[i] * (counts[i] + 1) <= trials]
        if not more:
            return {d.name: _spaced(d, n) for d, n in zip(searched, counts, strict=True)}
        counts[min(more, key=lambda i: counts[i])] += 1


def _spaced(d: Dimension, n: int) -> list[Number]:
    """n values from low to high, or the middle one."""
    shares = [i / (n - 1) for i in range(n)] if n > 1 else [0.5]
    if d.log:
        return [rounded(d.low * (d.high / d.low) ** share, d.low, d.high) for share in shares]
    values = [d.low + share * (d.high - d.low) for share in shares]
    return [round(v) for v in values] if d.whole else [rounded(v, d.low, d.high) for v in values]


def _strength(method: str, name: str, bounds: Mapping[str, tuple[float, float]]) -> Dimension:
    plugin = plugins.load("method", method)
    given = bounds.get(f"{method}.{name}", bounds.get(name))
    own = plugin.bounds.get(name)
    swept = plugin.sweep.get(name, ())
    if given is None and own is None and len(swept) < 2:
        raise BenchError(f"methods={method}: states no bounds of {name}; expected --bounds {name}=LOW,HIGH")
    low, high = given or own or (min(swept), max(swept))
    return Dimension(name=name, low=float(low), high=float(high), log=True)


def _checked(d: Dimension) -> Dimension:
    told = f"bounds {d.name}={d.low:g},{d.high:g}"
    if not (math.isfinite(d.low) and math.isfinite(d.high)):
        raise BenchError(f"{told}: expected finite numbers")
    if d.log and d.low <= 0:
        raise BenchError(f"{told}: a logarithmic scale has no 0; expected bounds above it")
    if d.low >= d.high:
        raise BenchError(f"{told}: expected the lower bound first, and another upper one")
    return d
