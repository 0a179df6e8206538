"""The sentences that make a table or a figure citable: setup, statistics, what was left out."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bench.plugins import Params, Value
from bench.quantities import Quantity, fixed
from bench.report.collect.comparisons import METHODS, VAE
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group
from bench.report.words.names import method_label, params_text, value_text

LIKELIHOODS = {"bernoulli": "Bernoulli", "gaussian": "Gaussian", "categorical": "categorical"}
MARKS = "ᵇ: cannot be told apart from the highest IQM; ᵛ: from the VAE; by the corrected comparisons of all seeds."
FROM = {VAE: "from the VAE", METHODS: "between methods"}
FEW = 10  # seeds below which the percentile bootstrap is noticeably too narrow; see stats.intervals


def setup_text(group: Group) -> str:
    """What every run of the group shares, and what each method's share beyond that."""
    spec = group.spec
    args = f" ({_params(spec.dataset.args)})" if spec.dataset.args else ""
    inner = f" ({_params(spec.backbone_params)})" if spec.backbone_params else ""
    parts = [
        f"{spec.dataset.called}{args}, sha256 {spec.dataset.sha256[:12]}",
        *(f"{'wrapped by ' if i == 0 else 'then '}{w.label}" for i, w in enumerate(spec.dataset.wrappers)),
        f"backbone {spec.backbone}{inner}",
        f"{LIKELIHOODS.get(spec.likelihood, spec.likelihood)} likelihood",
        f"{spec.z_dim} latent dimensions",
        f"{spec.steps:,} updates of batch {spec.batch_size}",
        f"learning rate {value_text(spec.lr)}",
        f"warm-up over {spec.warmup:,} updates" if spec.warmup else "no warm-up",
        f"gradient norm clipped at {value_text(spec.grad_clip)}" if spec.grad_clip else "no gradient clipping",
        *(["encoder and decoder trained in bf16"] if spec.precision else []),
        f"revision {spec.revision}",
    ]
    return "; ".join(parts) + "." + scoring_text(group) + _methods_text(group)


def scoring_text(group: Group) -> str:
    """How the rows of a data set that is no whole grid of factors were scored; empty for one that is."""
    told = next((r.record.evaluation for s in group.settings for r in s.runs if r.record.evaluation), {})
    texts = {
        "rows": "{rows:,} evaluation rows, drawn without replacement",
        "incomplete": "{incomplete} and are left out",
        "continuous": "continuous factors {continuous}, in bins where a protocol says {binning}",
        "unordered": "no order of values in {unordered}",
    }
    parts = [text.format(**told) for name, text in texts.items() if name in told]
    return f" Scoring: {'; '.join(parts)}." if parts else ""


def statistics_text(group: Group) -> str:
    """What the numbers of a cell are, and how far to trust them."""
    numbers = [s.counts["done"] for s in group.scored]
    text = "Numbers are the interquartile mean over n seeds [95 % percentile bootstrap interval over seeds]."
    if numbers and max(numbers) == 1:
        return "Numbers are of a single seed, which gives no interval."
    return text + (f" Intervals from fewer than {FEW} seeds are too narrow." if min(numbers, default=FEW) < FEW else "")


def resolution_text(found: Findings, quantities: Sequence[Quantity]) -> str:
    """The least difference that the seeds find by each of the quantities that are compared; empty if none is."""
    parts = []
    for q in quantities:
        by_family = [
            f"{'no difference' if math.isnan(f.resolution) else fixed(f.resolution, 3)} {FROM[f.name]} ({len(f.pairs)})"
            for f in found.families
            if f.score == q and f.name in FROM
        ]
        parts += [f"{q.label.text} {', '.join(by_family)}"] if by_family else []
    numbers = [s.estimates[q].n for q in quantities for s in found.group.scored if q in s.estimates and q.protocol]
    if not parts:
        return ""
    head = (
        f"Resolution: the least difference that {seeds_text(numbers)} a setting find with 80 % power, with the spread"
    )
    return f"{head} that is there, corrected for the number of comparisons (in brackets): {'; '.join(parts)}."


def seeds_text(numbers: Iterable[int]) -> str:
    """`5 seeds`, or `3 to 5 seeds` where settings differ; `0 seeds` of none."""
    found = sorted(set(numbers)) or [0]
    if found == [1]:
        return "1 seed"
    return f"{found[0]} seeds" if len(found) == 1 else f"{found[0]} to {found[-1]} seeds"


def points_text(numbers: Iterable[int]) -> str:
    """What a point and its bars are, in as few words as a figure has room for."""
    seeds = seeds_text(numbers)
    return "1 seed, no interval" if seeds == "1 seed" else f"IQM over {seeds}, 95 % bootstrap interval"


def losses_text(group: Group) -> str:
    """How many runs of the group the averages lack, and how many of those in them have collapsed."""
    counts = {name: sum(s.counts[name] for s in group.trained) for name in ("done", "diverged", "failed")}
    collapsed = sum(s.collapsed for s in group.trained)
    lost = [s.spec.method for s in group.trained if s.counts["done"] < s.counts.total()]
    return (
        f"{counts['done']} runs done ({collapsed} collapsed, averaged like the others); "
        f"{counts['diverged']} diverged and {counts['failed']} failed (never averaged"
        f"{'; of ' + ', '.join(map(method_label, dict.fromkeys(lost))) if lost else ''})."
    )


def training_text(group: Group) -> str:
    """What a training of each method takes: images seen and weights; empty where no run has them in its record."""
    methods: dict[tuple[float, float], list[str]] = {}
    for run in (r.record for s in group.scored if not s.is_baseline for r in s.runs):
        if {"images_seen", "parameters"} <= run.cost.keys():
            names = methods.setdefault((float(run.cost["images_seen"]), float(run.cost["parameters"])), [])
            names += [name for name in [method_label(run.spec.method)] if name not in names]
    texts = [f"{', '.join(m)}: {seen:,.0f} images, {weights:,.0f} weights" for (seen, weights), m in methods.items()]
    return f"A training sees and has: {'; '.join(texts)}." if texts else ""


def encoding_text(group: Group) -> str:
    """How fast the group's backbone encodes, on each machine: medians over runs; empty where no run says."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for run in (r.record for s in group.scored for r in s.runs):
        if {"encode_ms_batch1", "encode_per_second_batch256"} <= run.cost.keys():
            speed = float(run.cost["encode_ms_batch1"]), float(run.cost["encode_per_second_batch256"])
            found[_machine(run.environment)].append(speed)
    texts = []
    for machine, speeds in sorted(found.items()):
        alone, many = map(statistics.median, zip(*speeds, strict=True))
        over = f"median over {len(speeds)} runs" if len(speeds) > 1 else "1 run"
        texts.append(f"{alone:.3g} ms for one observation, {many:,.0f} a second in batches of 256 ({machine}; {over})")
    return f"Backbone {group.spec.backbone} encodes in {'; '.join(texts)}." if texts else ""


def quantities_text(quantities: Sequence[Quantity]) -> str:
    """The units of diagnostics and the protocols of scores."""
    units: dict[str, list[str]] = {}
    protocols: dict[str, list[str]] = {}
    for q in quantities:
        if q.label.unit:
            units.setdefault(q.label.unit, []).append(q.label.text)
        if q.protocol:
            protocols.setdefault(q.protocol, []).append(q.label.text)
    texts = [f"{', '.join(names)} in {unit}" for unit, names in units.items()]
    texts += [f"{', '.join(names)} by protocol {protocol}" for protocol, names in protocols.items()]
    text = "; ".join(texts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _methods_text(group: Group) -> str:
    text = ""
    for method in dict.fromkeys(s.spec.method for s in group.settings):
        params, definitions = group.shared(method)
        if params or definitions:
            text += f" {method_label(method)}: {_params(params | definitions)}."
    return text


def _machine(environment: Mapping[str, Value]) -> str:
    threads = environment.get("threads", 1)
    where = environment.get("gpu") or environment.get("cpu") or environment.get("device") or "unnamed machine"
    return f"{where}, {threads} {'thread' if threads == 1 else 'threads'}"


def _params(params: Params) -> str:
    """Arguments in words; an empty text, which says nothing, is left out."""
    return params_text({name: value for name, value in params.items() if value != ""})
