"""The rows of the CSV files: every run, every score, every setting. Values are kept as they are; nothing is rounded."""

import math
from collections.abc import Iterable, Mapping

from bench.report.aggregate import Group, Run, setting_id
from bench.report.names import factor_names
from bench.spec import Record, RunSpec, ScoreFile

Cell = str | int | float | bool | None
Row = dict[str, Cell]

# The spec's fields of one column each; `params`, `dataset` and the like are spread over several.
PLAIN = ("likelihood", "z_dim", "batch_size", "steps", "lr", "warmup", "grad_clip", "revision")


def run_rows(runs: Iterable[Run]) -> list[Row]:
    """A row per run, whatever its status.

    Dictionaries have a column per key (`param.beta`, `diagnostic.recon`, `cost.seconds_training`), lists one per entry
    (`diagnostic.kl_per_dimension.0`). `setting` is common to the runs that differ in their seed alone.
    """
    rows = []
    for record in [run.record for run in runs]:
        row = _head(record.key, record.spec, record.strength)
        row |= {"status": record.status, "step": record.step, "error": reason(record.error)}
        row |= _spread("param", record.spec.params) | _shared(record.spec)
        row |= _spread("evaluation", record.evaluation)
        row |= _spread("definition", record.definitions) | _spread("term", record.terms)
        row |= _spread("diagnostic", record.diagnostics)
        row |= _spread("cost", record.cost) | _spread("environment", record.environment)
        rows.append(row)
    return rows


def score_rows(runs: Iterable[Run]) -> list[Row]:
    """A row per run, protocol, evaluation repeat and value; `factor` numbers a per-factor value, else it is empty."""
    rows = []
    for record, scores in [(run.record, run.scores) for run in runs]:
        head = _head(record.key, record.spec, record.strength) | {"status": record.status}
        for file in scores:
            rows += [head | row for row in _file_rows(file, record)]
    return rows


def skipped_rows(runs: Iterable[Run]) -> list[Row]:
    """A row per run, protocol and evaluation repeat that a metric could not score, with the reason."""
    rows: list[Row] = []
    for record, scores in [(run.record, run.scores) for run in runs]:
        head = _head(record.key, record.spec, record.strength)
        for file in scores:
            named: Row = {"metric": file.metric, "protocol": file.protocol}
            rows += [head | named | {"repeat": r.repeat, "skipped": r.skipped} for r in file.repeats if r.skipped]
    return rows


def history_rows(runs: Iterable[Run]) -> list[Row]:
    """A row per logged update of a run: its loss terms and gradient norms, each the mean since the row before."""
    rows: list[Row] = []
    for run in runs:
        for logged in run.history:
            values = {name: value for name, value in logged.items() if name != "step"}
            row: Row = {"key": run.record.key, "step": int(logged["step"])}
            rows.append(row | _spread("term", values))
    return rows


def matrix_rows(runs: Iterable[Run]) -> list[Row]:
    """A row per run, protocol, evaluation repeat and entry of a metric's matrix; undefined entries are left out."""
    rows: list[Row] = []
    for record, scores in [(run.record, run.scores) for run in runs]:
        for file, repeat in [(one, repeat) for one in scores for repeat in one.repeats]:
            head: Row = {"key": record.key, "protocol": file.protocol, "repeat": repeat.repeat}
            for name, matrix in repeat.matrices.items():
                entries = [(i, j, v) for i, row in enumerate(matrix) for j, v in enumerate(row) if v is not None]
                rows += [head | {"name": name, "row": i, "factor": j, "value": v} for i, j, v in entries]
    return rows


def summary_rows(groups: Iterable[Group]) -> list[Row]:
    """A row per setting and quantity, in long form: counts of runs, IQM, median and mean with intervals, sd.

    `metric` and `protocol` are empty where the quantity is a diagnostic. A setting without a done run has one row.
    """
    rows = []
    for group in groups:
        for s in group.settings:
            head = _head(s.id, s.spec, s.strength)
            head = {k: v for k, v in head.items() if k not in ("key", "seed")}
            head |= {f"n_{status}": s.counts[status] for status in ("done", "diverged", "failed")}
            head["n_collapsed"] = s.collapsed
            tail = _spread("param", s.spec.params) | _shared(s.spec)
            for q in [q for q in group.quantities if q in s.estimates]:
                named: Row = {"metric": q.metric, "name": q.name, "protocol": q.protocol}
                numbers = {k: _known(v) for k, v in s.estimates[q]._asdict().items()}
                rows.append(head | named | numbers | tail)
            if not s.estimates:
                rows.append(head | tail)
    return rows


def _head(key: str, spec: RunSpec, strength: str | None) -> Row:
    return {
        "key": key,
        "setting": setting_id(spec),
        "dataset": spec.dataset.label,
        "method": spec.method,
        "strength": strength,
        "strength_value": spec.params.get(strength) if strength else None,
        "seed": spec.seed,
    }


def _shared(spec: RunSpec) -> Row:
    row: Row = {"dataset_sha256": spec.dataset.sha256, "backbone": spec.backbone}
    for wrapper in spec.dataset.wrappers:
        row |= _spread(f"wrap.{wrapper.name}", wrapper.args)
    row |= _spread("dataset", spec.dataset.args) | _spread("backbone", spec.backbone_params)
    return row | {name: getattr(spec, name) for name in PLAIN}


def _file_rows(file: ScoreFile, record: Record) -> list[Row]:
    rows: list[Row] = []
    for r in file.repeats:
        head: Row = {"metric": file.metric, "protocol": file.protocol, "repeat": r.repeat}
        rows += [head | {"name": name, "factor": None, "value": value} for name, value in r.values.items()]
        for name, values in r.per_factor.items():
            called = zip(factor_names(record, len(values)), values, strict=True)
            told: list[Row] = [{"factor": k, "factor_name": of, "value": value} for k, (of, value) in enumerate(called)]
            rows += [head | {"name": name} | one for one in told]
    return rows


def _spread(prefix: str, values: Mapping[str, Cell | list[float]]) -> Row:
    row: Row = {}
    for name, value in values.items():
        if isinstance(value, list):
            row |= {f"{prefix}.{name}.{i}": entry for i, entry in enumerate(value)}
        else:
            row[f"{prefix}.{name}"] = value
    return row


def _known(value: float) -> Cell:
    """An interval that one seed cannot give is an empty cell, not a number that fails to be one."""
    return None if math.isnan(value) else value


def reason(error: str | None) -> str | None:
    """One line of an error: the last of a traceback, which names the exception, the first of anything else."""
    lines = (error or "").strip().splitlines()
    if not lines:
        return None
    return lines[-1] if lines[0].startswith("Traceback") else lines[0]
