"""`bench run` at the terminal, and what it shares with other commands that plan or carry out runs."""

from collections import Counter
from dataclasses import replace
from typing import Any

import click
from rich.console import Console

from bench.cli.help import Sections
from bench.cli.options import HOW, PLACE, STUDY, asked, check_precisions, config_of, left_out, needs, options, writable
from bench.cli.progress import collapsed, describe, fate, outcome, plural, shown
from bench.datasets import load_dataset
from bench.errors import printable
from bench.execution.job import ExecutionConfig, Job, Result
from bench.execution.plan import plan
from bench.execution.session import Session
from bench.execution.status import note
from bench.scoring.protocol import Protocol
from bench.store.atomic import unlinked
from bench.store.store import Store

EXAMPLE = "For example: bench run --methods vae,betavae --betas 4,16 --seeds 5"


@click.command(cls=Sections, epilog=EXAMPLE)
@options(STUDY, PLACE, HOW)
@click.option("--score-every", type=click.IntRange(0), default=0, help="Updates between scorings during training.")
@click.option("--tensorboard", is_flag=True, help="Also write event files, into OUT/.tensorboard.")
@click.option("--quiet", is_flag=True, help="Say only what failed.")
def run(score_every: int, tensorboard: bool, quiet: bool, **flags: Any) -> None:
    """Train and score every run of a study that is not done yet."""
    config = config_of(flags)
    needs("tensorboard", "tensorboard", "tensorboard=True: TensorBoard", tensorboard)
    wanted, specs, protocols, out, repeats = asked(flags)
    check_precisions(specs, config)
    store = Store(writable(out))
    left = plan(
        *(specs, protocols, store, repeats),
        threads=config.threads,
        score_every=score_every,
        reproducible=config.reproducible,
    )
    if not quiet:
        label = printable(specs[0].dataset.label) if specs else wanted.dataset
        click.echo(
            f"study {wanted.name} ({label}, backbone {wanted.backbone}, {wanted.steps} updates of "
            f"{wanted.batch_size}): {plural(len(specs), 'run')} in {store.root}, {left.done} already done"
            + (f", {left.rescored} to score further" if left.rescored else "")
        )
        click.echo("".join(f"{line}\n" for line in left_out(wanted, protocols)), nl=False)
    events = str(unlinked(store.root.resolve(), ".tensorboard")) if tensorboard else ""
    config = replace(config, tensorboard=events)
    note(store.root, specs)
    if left.jobs:
        load_dataset(specs[0].dataset)  # rendered here, once: processes that train find it in the cache
        execute(left.jobs, store, config, protocols, quiet=quiet)


def execute(
    jobs: list[Job], store: Store, config: ExecutionConfig, protocols: tuple[Protocol, ...] = (), *, quiet: bool = False
) -> None:
    """Run the jobs, store each as it ends, and say what failed. Exits with 1 where something did, 130 on Ctrl-C."""
    console = Console(highlight=False, quiet=quiet)
    session = Session(store, config, protocols, lambda line: console.print(line, soft_wrap=True))
    results, at_once = session.results(jobs), config.processes or len(jobs)
    names = {job.spec.key: describe(job.spec) for job in jobs}
    failed, trained, skipped = [], [], Counter[tuple[str, str]]()
    notes: dict[str, list[str]] = {}
    for result in shown(results, len(jobs), at_once, console, session.running, names):
        failed += [result] if fate(result) in ("failed", "diverged") else []
        trained += [result.record] if result.record is not None else []
        known = {(p.id, p.lacking) for p in result.job.protocols}  # which are told before the runs
        found = {(s.protocol, r.skipped) for s in result.artefacts.scores for r in s.repeats if r.skipped}
        skipped.update(found - known)
        for score in result.artefacts.scores:
            notes.setdefault(score.protocol, []).extend(note for r in score.repeats for note in r.notes or ())
    for (protocol, reason), n in sorted(skipped.items()):
        console.print(f"not scored: {protocol}: {reason} ({plural(n, 'run')})", soft_wrap=True)
    for protocol, (first, *further) in sorted((p, several) for p, several in notes.items() if several):
        more = f" (and {plural(len(further), 'more note')})" if further else ""
        console.print(f"note: {protocol}: {first}{more}", soft_wrap=True)
    for line in collapsed(trained):
        click.echo(line)
    end(failed, session.interrupted, store)


def end(failed: list[Result], interrupted: int, store: Store) -> None:
    """Say what is not done and why; exit accordingly."""
    for result in failed:
        click.echo(f"not done: {outcome(result)}")
    if interrupted:
        click.echo(f"\ninterrupted: what is done is kept in {store.root}; the same command goes on from there")
        raise SystemExit(128 + interrupted)
    if any(fate(result) == "failed" for result in failed):
        raise SystemExit(1)
