"""Progress of a study: a live bar at a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bench.spec import RunSpec
from bench.trial import Result


def describe(spec: RunSpec) -> str:
    """A run in a few words, for example `betavae beta=4 seed=2`."""
    params = " ".join(f"{name.rstrip('_')}={value:g}" for name, value in spec.params.items() if _is_number(value))
    return f"{spec.method} {params} seed={spec.seed}".replace("  ", " ")


def shown(results: Iterable[Result], total: int, processes: int, console: Console) -> Iterator[Result]:
    """Passes results on, showing how many are done, running and failed, and the time left."""
    if console.is_terminal:
        yield from _live(results, total, processes, console)
    else:
        yield from _lines(results, total, console)


def _live(results: Iterable[Result], total: int, processes: int, console: Console) -> Iterator[Result]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[running]} running, {task.fields[failed]} failed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("runs", total=total, running=min(processes, total), failed=0)
        for done, failed, result in _counted(results):
            progress.update(task, completed=done, running=min(processes, total - done), failed=failed)
            progress.print(outcome(result))
            yield result


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
    # of several protocols of a metric the first is shown
    scores = {name: v for s in reversed(result.artefacts.scores) for name, v in s.repeats[0].values.items()}
    return f"{what}: " + ", ".join(f"{name} {value:.3f}" for name, value in scores.items())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
