"""Progress of a study: live at a terminal, plain lines elsewhere, or nothing."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from bench.execution.job import Progress as RunProgress
from bench.execution.job import Result
from bench.quantities import fixed
from bench.spec import Record, RunSpec

Running = Callable[[], Iterable[tuple[str, RunProgress | None]]]


def describe(spec: RunSpec) -> str:
    """A run in a few words, for example `betavae beta=4 seed=2`."""
    params = " ".join(f"{name.rstrip('_')}={value:g}" for name, value in spec.params.items() if _is_number(value))
    return f"{spec.method} {params} seed={spec.seed}".replace("  ", " ")


def shown(
    results: Iterable[Result],
    total: int,
    processes: int,
    console: Console,
    running: Running = tuple,
    names: Mapping[str, str] | None = None,
) -> Iterator[Result]:
    """Passes results on, showing how many are done, running and failed, and the time left.

    running: what is under way, by key; names: runs in a few words, by key.
    """
    if console.quiet:
        yield from results
    elif console.is_terminal:
        yield from _live(results, total, processes, console, running, names or {})
    else:
        yield from _lines(results, total, console)


def _live(
    results: Iterable[Result], total: int, processes: int, console: Console, running: Running, names: Mapping[str, str]
) -> Iterator[Result]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[running]} running, {task.fields[lost]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, auto_refresh=False)
    task = bar.add_task("runs", total=total, running=min(processes, total), lost=lost(Counter()))
    with Live(get_renderable=lambda: Group(under_way(running(), names), bar), console=console, refresh_per_second=1):
        for done, counts, result in _counted(results):
            bar.update(task, completed=done, running=min(processes, total - done), lost=lost(counts))
            console.print(outcome(result))
            yield result


def under_way(running: Iterable[tuple[str, RunProgress | None]], names: Mapping[str, str]) -> Table:
    """A line for each running run: phase, updates, observations a second, loss, time left."""
    table = Table.grid(padding=(0, 2))
    for key, progress in running:
        table.add_row(names.get(key, key), *cells(progress))
    return table


def cells(progress: RunProgress | None) -> tuple[str, str, str, str]:
    """How far a run is: updates, observations a second, loss in nats, time left of its training."""
    if progress is None:
        return "starting", "", "", ""
    if progress.phase != "training":
        return progress.phase, "", "", ""
    loss = "" if progress.loss is None else f"loss {progress.loss:.4g}"
    left = f"{duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    return f"update {progress.step:,}/{progress.steps:,}", f"{progress.rate:,.0f} x/s", loss, left


def duration(seconds: float) -> str:
    """For example `45 s`, `12 min`, `3.2 h`, `4.1 days`."""
    for unit, length in (("days", 86400), ("h", 3600)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def plural(n: int, noun: str) -> str:
    """For example `1 run`, `2 runs`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def collapsed(records: Sequence[Record]) -> list[str]:
    """A line where trainings collapsed: they are done and count, but their codes know nothing."""
    done = [record for record in records if record.status == "done"]
    lost = Counter(record.spec.method for record in done if record.diagnostics.get("collapsed") is True)
    if not lost:
        return []
    methods = ", ".join(f"{method} {n}" for method, n in lost.items())
    return [
        f"collapsed: {lost.total()} of {plural(len(done), 'run')} ({methods}): no latent unit is active (variance of "
        "mu above 0.01), so their scores say nothing of the method; give them more --steps, or a lower strength"
    ]


def _lines(results: Iterable[Result], total: int, console: Console) -> Iterator[Result]:
    start = time.monotonic()
    for done, counts, result in _counted(results):
        left = duration((time.monotonic() - start) / done * (total - done))
        console.print(f"{done}/{total} ({lost(counts)}, {left} left): {outcome(result)}", soft_wrap=True)
        yield result


def _counted(results: Iterable[Result]) -> Iterator[tuple[int, Counter[str], Result]]:
    counts: Counter[str] = Counter()
    for done, result in enumerate(results, start=1):
        counts[fate(result)] += 1
        yield done, counts, result


def fate(result: Result) -> str:
    """What became of a job: failed is what the exit code tells of; a run that diverged is an outcome like others."""
    status = "" if result.record is None else result.record.status
    return "failed" if result.trouble else status


def lost(counts: Mapping[str, int]) -> str:
    """How many jobs failed and, where some did, diverged."""
    return f"{counts['failed']} failed" + (f", {counts['diverged']} diverged" if counts["diverged"] else "")


def outcome(result: Result) -> str:
    """One line on what came of a job."""
    what = describe(result.job.spec)
    record = result.record
    if record is not None and record.status != "done":
        error = (record.error or "").strip().splitlines()[-1]
        return f"{what}: {record.status}{f' at update {record.step}' if record.step else ''}: {error}"
    if result.trouble:
        return f"{what}: trained, not scored: {result.trouble.strip().splitlines()[-1]}"
    # of several protocols of a metric the first is shown
    scores = {name: v for s in reversed(result.artefacts.scores) for name, v in s.repeats[0].values.items()}
    return f"{what}: " + ", ".join(f"{name} {fixed(value, 3)}" for name, value in scores.items())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
