"""The rows of the CSV files: every run, every score, every setting. Values are kept as they are; nothing is rounded.

What has many rows a run comes run by run, in blocks.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping

from bench.quantities import Quantity
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group
from bench.report.tables.csv_file import Block, Cell, Row
from bench.report.words.names import factor_names
from bench.spec import Record, Repeat, RunSpec
from bench.store.runs import Run

# The spec's fields of one column each; `params`, `dataset` and the like are spread over several.
PLAIN = ("likelihood", "z_dim", "batch_size", "steps", "lr", "warmup", "grad_clip", "revision")


def run_rows(runs: Iterable[Run]) -> Iterator[Row]:
    """A row per run, whatever its status.

    Dictionaries have a column per key (`param.beta`, `diagnostic.recon`, `cost.seconds_training`), lists one per entry
    (`diagnostic.kl_per_dimension.0`). `setting` is common to the runs that differ in their seed alone.
    """
    for run in runs:
        record = run.record
        row = _run_head(run) | {"status": record.status, "step": record.step, "error": reason(record.error)}
        row |= _spread("param", record.spec.params) | _shared(record.spec)
        row |= _spread("evaluation", record.evaluation)
        row |= _spread("definition", record.definitions) | _spread("term", record.terms)
        row |= _spread("diagnostic", record.diagnostics)
        yield row | _spread("cost", record.cost) | _spread("environment", record.environment)


def score_rows(runs: Iterable[Run]) -> list[Row]:
    """A row per run, protocol, evaluation repeat and value; `factor` numbers a per-factor value, else it is empty."""
    return [row for block in score_blocks(runs) for row in block.rows()]


def score_blocks(runs: Iterable[Run]) -> Iterator[Block]:
    """The same, a block for each evaluation."""
    for run in runs:
        head = _run_head(run) | {"status": run.record.status}
        for file, repeat in [(one, repeat) for one in run.scores for repeat in one.repeats]:
            told: Row = {"metric": file.metric, "protocol": file.protocol, "repeat": repeat.repeat}
            if repeat.values or any(repeat.per_factor.values()):
                yield Block(head | told, _columns(repeat, run.record))


def skipped_blocks(runs: Iterable[Run]) -> Iterator[Block]:
    """A row per run, protocol and evaluation repeat that a metric could not score, with the reason."""
    for run in runs:
        for file in run.scores:
            skipped = [r for r in file.repeats if r.skipped]
            if skipped:
                told: dict[str, list[Cell]] = {
                    "repeat": [r.repeat for r in skipped],
                    "skipped": [r.skipped for r in skipped],
                }
                yield Block(_run_head(run) | {"metric": file.metric, "protocol": file.protocol}, told)


def note_blocks(runs: Iterable[Run]) -> Iterator[Block]:
    """A row per run, protocol, evaluation repeat and note on what decided a score beside the codes."""
    for run in runs:
        for file in run.scores:
            noted = [(r.repeat, note) for r in file.repeats for note in r.notes or ()]
            if noted:
                told: dict[str, list[Cell]] = {"repeat": [n for n, _ in noted], "note": [note for _, note in noted]}
                yield Block(_run_head(run) | {"metric": file.metric, "protocol": file.protocol}, told)


def history_blocks(runs: Iterable[Run]) -> Iterator[Block]:
    """A row per logged update of a run: means of loss terms since the row before, and what was measured at it."""
    for run in runs:
        logged = run.history
        names = dict.fromkeys(name for row in logged for name in row if name != "step")
        steps = {"step": [int(row["step"]) for row in logged]}
        if logged:
            yield Block({"key": run.record.key}, steps | {f"term.{n}": [row.get(n) for row in logged] for n in names})


def matrix_blocks(runs: Iterable[Run]) -> Iterator[Block]:
    """A row per run, protocol, evaluation repeat and entry of a metric's matrix; undefined entries are left out."""
    for run in runs:
        for file, repeat in [(one, repeat) for one in run.scores for repeat in one.repeats]:
            head: Row = {"key": run.record.key, "protocol": file.protocol, "repeat": repeat.repeat}
            for name, matrix in repeat.matrices.items():
                entries = [(i, j, v) for i, row in enumerate(matrix) for j, v in enumerate(row) if v is not None]
                if entries:
                    named = zip(("row", "factor", "value"), zip(*entries, strict=True), strict=True)
                    yield Block(head | {"name": name}, dict(named))


def summary_rows(groups: Iterable[Group]) -> list[Row]:
    """A row per setting and quantity, in long form: counts of runs, IQM, median and mean with intervals, sd.

    `metric` and `protocol` are empty where the quantity is a diagnostic. A setting without a done run has one row.
    """
    rows = []
    for group in groups:
        for s in group.settings:
            head = _head(s.id, s.spec, s.strength) | {
                f"n_{status}": s.counts[status] for status in ("done", "diverged", "failed")
            }
            head["n_collapsed"] = s.collapsed
            tail = _spread("param", s.spec.params) | _shared(s.spec)
            for q in [q for q in group.quantities if q in s.estimates]:
                named = _named(q)
                rows.append(head | named | known_cells(s.estimates[q]._asdict()) | tail)
            if not s.estimates:
                rows.append(head | tail)
    return rows


def _run_head(run: Run) -> Row:
    head: Row = {"key": run.record.key, "seed": run.record.spec.seed}
    return head | _head(run.setting, run.record.spec, run.record.strength)


def _head(setting: str, spec: RunSpec, strength: str | None) -> Row:
    return {
        "setting": setting,
        "dataset": spec.dataset.label,
        "method": spec.method,
        "strength": strength,
        "strength_value": spec.params.get(strength) if strength else None,
    }


def _shared(spec: RunSpec) -> Row:
    row: Row = {"dataset_sha256": spec.dataset.sha256, "backbone": spec.backbone}
    for wrapper in spec.dataset.wrappers:
        row |= _spread(f"wrap.{wrapper.name}", wrapper.args)
    row |= _spread("dataset", spec.dataset.args) | _spread("backbone", spec.backbone_params)
    row |= {"precision": spec.precision} if spec.precision else {}
    return row | {name: getattr(spec, name) for name in PLAIN}


def _columns(repeat: Repeat, record: Record) -> dict[str, list[Cell]]:
    """The values of an evaluation, then those per factor; without any of these no column for a factor's name."""
    rows: list[tuple[Cell, ...]] = [(name, None, value, None) for name, value in repeat.values.items()]
    for name, values in repeat.per_factor.items():
        named = zip(values, factor_names(record, len(values)), strict=True)
        rows += [(name, k, value, of) for k, (value, of) in enumerate(named)]
    columns = dict(zip(("name", "factor", "value", "factor_name"), map(list, zip(*rows, strict=True)), strict=True))
    if len(rows) == len(repeat.values):
        del columns["factor_name"]
    return columns


def _spread(prefix: str, values: Mapping[str, Cell | list[float]]) -> Row:
    row: Row = {}
    for name, value in values.items():
        if isinstance(value, list):
            row |= {f"{prefix}.{name}.{i}": entry for i, entry in enumerate(value)}
        else:
            row[f"{prefix}.{name}"] = value
    return row


def known_cells(row: Row) -> Row:
    """The row; an interval that one seed cannot give is an empty cell, not a number that fails to be one."""
    return {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in row.items()}


def reason(error: str | None) -> str | None:
    """One line of an error: the last of a traceback, which names the exception, the first of anything else."""
    lines = (error or "").strip().splitlines()
    if not lines:
        return None
    return lines[-1] if lines[0].startswith("Traceback") else lines[0]


def choice_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per method, score and criterion of choice: the chosen setting, and the score on the evaluation seeds."""
    rows = []
    for f in found:
        for c in f.choices:
            row: Row = _group_head(f.group) | _named(c.score) | {"criterion": c.criterion.name, "method": c.method}
            row |= {"setting": c.setting.id, "rule": c.rule}
            row |= {"selection_seeds": _listed(c.selection), "selection_median": c.picked}
            row |= {"evaluation_seeds": _listed(sorted(c.values))}
            row |= known_cells(c.estimate._asdict())
            rows.append(row | {f"param.{name}": value for name, value in c.setting.spec.params.items()})
    return rows


def comparison_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per family, score and pair of settings."""
    rows = []
    for f in found:
        methods = {s.id: s.spec.method for s in f.group.settings}
        for family, p in ((one, p) for one in f.families for p in one.pairs):
            row: Row = _group_head(f.group) | _named(family.score) | {"family": family.name}
            row |= {"method_a": methods[p.a], "setting_a": p.a, "method_b": methods[p.b], "setting_b": p.b}
            row |= {name: value for name, value in p._asdict().items() if name not in ("a", "b")}
            row |= {"verdict": p.verdict, "more_seeds": p.more_seeds, "seed_correlation": family.correlation}
            rows.append(known_cells(row))
    return rows


def hypervolume_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per method, cost and score: the share of the box between reference and ideal point that it dominates."""
    rows = []
    for f in found:
        for one in f.fronts:
            row: Row = _group_head(f.group) | _named(one.score) | {"against": one.cost.name, "method": one.method}
            row |= {"settings": one.settings, "hypervolume": one.volume.share}
            row |= known_cells({"hypervolume_lo": one.volume.lo, "hypervolume_hi": one.volume.hi})
            row |= {"reference_cost": one.within.cost, "reference_score": one.within.score}
            rows.append(row | {"ideal_cost": one.within.ideal_cost, "ideal_score": one.within.ideal_score})
    return rows


def variance_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per score and source of variance."""
    rows = []
    for f in found:
        for s in f.spreads:
            counts: Row = {"methods": s.methods, "settings": s.settings, "runs": s.runs}
            for source, value in s.variances._asdict().items():
                share = getattr(s.variances.shares, source)
                told = known_cells({"source": source, "variance": value, "share": share})
                rows.append(_group_head(f.group) | _named(s.score) | told | counts)
    return rows


def agreement_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per pair of quantities: Spearman's rank correlation over the runs that have both."""
    rows = []
    for f in found:
        for i, j in itertools.combinations(range(len(f.ranked)), 2):
            one, two, a = f.ranked[i], f.ranked[j], f.agreement
            row: Row = _group_head(f.group) | {"name_a": one.name, "protocol_a": one.protocol}
            row |= {"name_b": two.name, "protocol_b": two.protocol}
            rho, lo, hi = (float(table[i, j]) for table in (a.rho, a.lo, a.hi))
            rows.append(row | known_cells({"rho": rho, "rho_lo": lo, "rho_hi": hi, "runs": int(a.runs[i, j])}))
    return rows


def _group_head(group: Group) -> Row:
    return {"dataset": group.spec.dataset.label, "group": group.spec.key}


def _named(q: Quantity) -> Row:
    return {"metric": q.metric, "name": q.name, "protocol": q.protocol}


def _listed(seeds: Iterable[int]) -> str:
    return " ".join(map(str, seeds))
