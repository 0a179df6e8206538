"""Commands on results that are there: baselines beside them, a check of them, their union, pictures from weights."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import numpy as np

from bench.cli.compare import told
from bench.cli.help import Sections
from bench.cli.options import DEFAULT, HOW, PATH, PLACE, check_precisions, config_of, device_of, opened, options
from bench.cli.run import execute
from bench.errors import printable
from bench.execution.baselines import plan_baselines
from bench.execution.verify import TOLERANCES, Checked, from_posteriors, from_weights, retrained
from bench.pictures.decoded import draw
from bench.report.comparison.outcomes import of_runs, of_store
from bench.store.bundle import note
from bench.store.files import ENTRY
from bench.store.merge import merge as merge_folders
from bench.store.store import Store
from bench.study.overrides import words

SHOWN = 10  # differences of a run that are written out


@click.command(cls=Sections)
@click.argument("results", type=PATH, default=DEFAULT)
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Of the runs' first seeds.")
@click.option("--only", help="Comma-separated: chance, untrained, pca, ica, supervised, ceiling.  [default: all]")
@options(PLACE, HOW)
def baselines(results: Path, seeds: int, only: str | None, **flags: Any) -> None:
    """Score chance, an untrained encoder, PCA, ICA, one trained on labels and the factors beside the runs of RESULTS.

    By the protocols of these runs, at their seeds and on their evaluation rows. What is there already is kept. The
    supervised encoder is trained for as many updates as the runs; the others take seconds.
    """
    config, store = config_of(flags), opened(results)
    left = plan_baselines(store, seeds, None if only is None else words(only), config.threads, config.reproducible)
    check_precisions([job.spec for job in left.jobs if job.spec.method == "supervised"], config)
    click.echo(f"{results}: {len(left.jobs)} baselines to score")
    for reason in left.refused:
        click.echo(f"left out: {printable(reason)}", err=True)
    if left.jobs:
        execute(left.jobs, store, config)


@click.command()
@click.argument("results", type=PATH, default=DEFAULT)
@click.option("--weights", is_flag=True, help="Encode and score every run again from its weights.")
@click.option("--retrain", type=click.IntRange(1), metavar="K", help="Train K random runs again.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which K runs.")
@click.option("--device", default="cpu", show_default=True, help="Where to encode and train.")
def verify(results: Path, weights: bool, retrain: int | None, seed: int, device: str) -> None:
    """Compute the numbers of RESULTS again, by default the scores from the stored posteriors, and compare.

    Exactly on a platform like the record's, or where runs are reproducible; elsewhere scores within a stated tolerance,
    runs trained again as `compare` does. Of a bundle, reports say from then on that it was rescored, or retrained.
    Exits with 1 where something differs.
    """
    store, device = opened(results), device_of(device)
    if retrain:
        unchecked: dict[str, str] = {}
        again = of_runs(retrained(store, retrain, np.random.default_rng(seed), device, unchecked))
        for key, reason in unchecked.items():
            click.echo(f"{key}: could not be checked: {printable(reason)}")
        if again or not unchecked:
            told(of_store(store), again, store.damaged)
        if unchecked:
            raise SystemExit(1)
        _note(results, "retrained", len(again), "runs")
        return
    how, checks = ("weights", from_weights(store, device)) if weights else ("posterior", from_posteriors(store))
    numbers, well = _told(checks, store, TOLERANCES[how])
    _note(results, "rescored", numbers if well else 0, "numbers")
    if not well:
        raise SystemExit(1)


@click.command()
@click.argument("results", type=PATH, nargs=-1, required=True)
@click.option("--out", type=PATH, required=True, help="A new folder.")
def merge(results: tuple[Path, ...], out: Path) -> None:
    """Copy the runs of several RESULTS into one new folder, unless they mix protocols, data or schema."""
    for folder in results:
        opened(folder)
    merged = merge_folders(results, out)
    for folder, n in merged.copied.items():
        click.echo(f"{folder}: {n} runs")
    if merged.kept:
        click.echo(f"{len(merged.kept)} runs are in several folders: the first was taken")
    for key in merged.differing:
        click.echo(f"{key}: other diagnostics in another folder; the first was taken", err=True)
    for why in merged.damaged:
        click.echo(f"passed over {printable(why)}", err=True)
    click.echo(f"{out}: {sum(merged.copied.values())} runs")


@click.command()
@click.argument("results", type=PATH, default=DEFAULT)
@click.option("--out", type=PATH, default=Path("reports"), show_default=True, help="The folder of reports.")
@click.option("--device", default="cpu", show_default=True, help="Where to decode.")
def pictures(results: Path, out: Path, device: str) -> None:
    """Decode traversals and reconstructions of the runs that stand for their methods, from the weights in RESULTS."""
    store = opened(results)
    for path in draw(store, out / results.resolve().name, device_of(device)):
        click.echo(str(path))
    for key, reason in store.damaged.items():
        click.echo(f"passed over {results / key}: damaged: {reason}", err=True)


def _note(results: Path, word: str, number: int, unit: str) -> None:
    """Keep what was found of a bundle beside it, for reports; nothing of another folder."""
    if (results / ENTRY).exists():
        try:
            note(results, **{word: number})
            click.echo(f"{word}: {number} {unit}" if number else f"not {word}")
        except OSError as error:
            click.echo(f"{word}: {number} {unit}; not kept beside the bundle: {error.strerror}", err=True)


def _told(checks: Iterable[Checked], store: Store, tolerance: float) -> tuple[int, bool]:
    """Say what came of each run that is not as stored, and sum up; numbers compared, and whether all is well."""
    runs = numbers = elsewhere = wrong = unchecked = 0
    skipped: dict[str, int] = {}
    for c in checks:
        runs, numbers, elsewhere = runs + 1, numbers + c.numbers, elsewhere + (not c.exact)
        wrong, unchecked = wrong + bool(c.differences), unchecked + bool(c.error)
        for one in c.differences[:SHOWN]:
            click.echo(printable(one.text))
        if len(c.differences) > SHOWN:
            click.echo(f"{c.key}: and {len(c.differences) - SHOWN} more")
        if c.error:
            click.echo(f"{c.key}: could not be checked: {printable(c.error)}")
        if c.skipped:
            skipped[c.skipped] = skipped.get(c.skipped, 0) + 1
    for why, n in skipped.items():
        click.echo(f"not compared in {n} runs: {printable(why)}")
    for key, reason in store.damaged.items():
        click.echo(f"{key}: damaged: {printable(reason)}")
    how = "exactly" if not elsewhere else f"within {tolerance:g} in {elsewhere} made elsewhere, exactly in the others"
    lost = f"{len(store.damaged)} are damaged" + (f", {unchecked} could not be checked" if unchecked else "")
    click.echo(f"{runs} runs, {numbers} numbers compared {how}: {wrong} runs differ, {lost}")
    return numbers, not (wrong or unchecked or store.damaged)
