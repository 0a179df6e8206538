"""Progress of a study: live at a terminal, plain lines elsewhere, or nothing."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from bench.execution.job import Progress as RunProgress
from bench.execution.job import Result
from bench.spec import RunSpec

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
        TextColumn("{task.fields[running]} running, {task.fields[failed]} failed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, auto_refresh=False)
    task = bar.add_task("runs", total=total, running=min(processes, total), failed=0)
    with Live(get_renderable=lambda: Group(under_way(running(), names), bar), console=console, refresh_per_second=1):
        for done, failed, result in _counted(results):
            bar.update(task, completed=done, running=min(processes, total - done), failed=failed)
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


def _lines(results: Iterable[Result], total: int, console: Console) -> Iterator[Result]:
    start = time.monotonic()
    for done, failed, result in _counted(results):
        left = (time.monotonic() - start) / done * (total - done)
        console.print(f"{done}/{total} ({failed} failed, {left / 60:.0f} min left): {outcome(result)}", soft_wrap=True)
        yield result


def _counted(results: Iterable[Result]) -> Iterator[tuple[int, int, Result]]:
    failed = 0
    for done, result in enumerate(results, start=1):
        failed += result.record is not None and result.record.status != "done"
        yield done, failed, result


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
    return f"{what}: " + ", ".join(f"{name} {value:.3f}" for name, value in scores.items())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
