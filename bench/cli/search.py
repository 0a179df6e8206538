"""`bench search` at the terminal."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import optuna

from bench import plugins
from bench.cli.help import Sections
from bench.cli.options import HOW, PLACE, SETUP, check_precisions, config_of, options, writable
from bench.cli.run import end, execute
from bench.errors import BenchError
from bench.execution.job import ExecutionConfig
from bench.execution.leases import Leases
from bench.execution.plan import plan as planned
from bench.execution.session import Session
from bench.scoring.protocol import Protocol, protocols_of
from bench.search.loop import FinishedTrial, Loop
from bench.search.objectives import Objective, check, objectives, uses_labels
from bench.search.outcome import outcome, with_importances, with_udr
from bench.search.samplers import chosen
from bench.search.space import base_of, check_names, dimensions, spec_of
from bench.search.storage import opened, refusals
from bench.search.trials import MethodSearch, Plan
from bench.seeds import SEARCH_SEEDS
from bench.store.atomic import unlinked
from bench.store.searches import FOLDER, Search, write
from bench.store.searches import read as read_searches
from bench.store.store import Store
from bench.study.overrides import altered, words
from bench.study.study import MOST_SEEDS, Study, facts, parse, read

SEEDS = {True: 5, False: 3}  # of a trial, with udr and without

EXAMPLE = "For example: bench search --methods betavae,factorvae --trials 20 --confirm 5"


@dataclass(frozen=True)
class SearchRequest:
    """What the options mean. scored: how the runs of trials are scored; confirmed: those of settings confirmed."""

    study: Study
    plans: list[Plan]
    objectives: tuple[Objective, ...]
    scored: tuple[Protocol, ...]
    confirmed: tuple[Protocol, ...]
    out: Path


@click.command(cls=Sections, epilog=EXAMPLE)
@options(SETUP, PLACE, HOW)
@click.option("--trials", type=click.IntRange(1), default=20, show_default=True, help="Of each method.")
@click.option("--seeds-per-trial", type=click.IntRange(1), help="Runs of a trial.  [default: 3; with udr 5]")
@click.option("--objective", default="mig", show_default=True, help="mig, recon, udr, ...; or several: mig,recon.")
@click.option("--sampler", help="tpe, nsga2, random or grid.  [default: tpe; of several objectives nsga2]")
@click.option("--search-seed", type=click.IntRange(0), default=0, show_default=True, help="Of sampler and trials.")
@click.option(
    "--bounds", multiple=True, metavar="NAME=LOW,HIGH", help="Of a strength: beta=1,32 or infovae.lambda=1,9."
)
@click.option("--tune", multiple=True, metavar="NAME=LOW,HIGH", help="Also search lr, z_dim or warmup: lr=1e-4,1e-2.")
@click.option("--strength/--no-strength", default=True, show_default=True, help="Search each method's strength.")
@click.option("--storage", metavar="URL", help="A database that Optuna takes.  [default: a journal in OUT]")
@click.option("--confirm", type=click.IntRange(0), default=5, show_default=True, help="Report seeds at the end.")
@click.option("--quiet", is_flag=True, help="Say only what failed.")
def search(storage: str | None, confirm: int, quiet: bool, **flags: Any) -> None:
    """Search each method's settings with equal budgets, and try the best again on seeds that the search never saw."""
    config, wanted = config_of(flags), asked(flags)
    check_precisions([plan.base for plan in wanted.plans], config)
    store = Store(writable(wanted.out))
    if not quiet:
        introduce(wanted, store)
    searched(wanted, store, config, storage, confirm, quiet)
    if confirm:
        confirmed(wanted, store, config, quiet)


def asked(flags: dict[str, Any]) -> SearchRequest:
    """All that may be refused is refused here, before a folder is made."""
    study, out, named = flags.pop("study"), flags.pop("out"), flags["methods"] is not None
    trials, seeds, seed = (flags.pop(name) for name in ("trials", "seeds_per_trial", "search_seed"))
    names, sampler, strength = words(flags.pop("objective")), flags.pop("sampler"), flags.pop("strength")
    bounds, tuned = (intervals(name, flags.pop(name)) for name in ("bounds", "tune"))
    wanted = parse(altered(read(study), {**flags, "betas": None}), f"study {study}")
    goals = objectives(names, wanted.set, wanted.codes, facts(wanted))
    seeds = seeds or SEEDS["udr" in names]
    if seeds > MOST_SEEDS:
        raise BenchError(f"seeds-per-trial={seeds}: expected at most {MOST_SEEDS}")
    by = chosen(sampler, len(goals))
    methods = wanted.methods if named or not strength else with_strength(wanted.methods)
    check_names(methods, bounds, tuned)
    plans = []
    for method in methods:
        searched = tuple(dimensions(method, bounds, tuned, strength))
        own = searched[0].name if strength else None
        check(goals, searched, own, seeds)
        first = SEARCH_SEEDS + seed * MOST_SEEDS  # another search seed has other runs
        base = base_of(wanted, method, searched)
        plans.append(Plan(method, own, base, searched, goals, by, seed, tuple(range(first, first + seeds)), trials))
    scored = tuple({p.id: p for o in goals if (p := o.protocol) is not None}.values())
    further = protocols_of(wanted.metrics, wanted.set, wanted.codes, facts(wanted))
    both = tuple({p.id: p for p in (*further, *scored)}.values())
    return SearchRequest(wanted, plans, goals, scored, both, out or Path("results") / wanted.name)


def intervals(option: str, given: Sequence[str]) -> dict[str, tuple[float, float]]:
    """`beta=1,32` by name. BenchError where it is not that."""
    found = {}
    for text in given:
        name, _, ends = text.partition("=")
        try:
            low, high = (float(word) for word in words(ends))
        except ValueError:
            raise BenchError(f"{option}={text}: expected NAME=LOW,HIGH, for example beta=1,32") from None
        method, dot, argument = name.strip().rpartition(".")
        found[f"{method}{dot}{'lambda_' if argument == 'lambda' else argument}"] = low, high
    return found


def with_strength(methods: Sequence[str]) -> list[str]:
    """Those of a study's methods that have a strength, where none was named."""
    found = [m for m in methods if plugins.load("method", m).strength is not None]
    if not found:
        raise BenchError(f"methods={','.join(methods)}: none has a strength to search")
    return found


def introduce(wanted: SearchRequest, store: Store) -> None:
    """What is searched, and what it costs."""
    plan = wanted.plans[0]
    runs = plan.budget * len(plan.seeds)
    click.echo(
        f"search {wanted.study.name} in {store.root}: {len(wanted.plans)} methods x {plan.budget} trials x "
        f"{len(plan.seeds)} seeds ({len(wanted.plans) * runs} runs), sampler {plan.sampler}, "
        f"by {', '.join(f'{o.goal.direction} {o.name}' for o in wanted.objectives)}"
    )
    for plan in wanted.plans:
        told = (f"{d.name} {d.low:g} to {d.high:g}{' (log)' if d.log else ''}" for d in plan.dimensions)
        click.echo(f"  {plan.method}: {', '.join(told)}")
    labels = uses_labels(wanted.objectives)
    if labels:
        click.echo(
            f"  {', '.join(labels)}: computed from the true factors, so that the choice uses labels; udr does not"
        )


def searched(
    wanted: SearchRequest, store: Store, config: ExecutionConfig, storage: str | None, confirm: int, quiet: bool
) -> None:
    """Spend the budget of every method; what is known is written after every trial. Exits on a signal."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    session = Session(store, config, wanted.scored)
    with ExitStack() as stack:
        stack.enter_context(refusals(storage))
        leases = stack.enter_context(Leases(unlinked(store.root, FOLDER)))
        kept = opened(store.root, storage)
        searches = [MethodSearch(plan, kept, leases) for plan in wanted.plans]
        for one in Loop(session, searches, wanted.scored).finished_trials():
            write(store.root, outcome(one.search, store))
            if not quiet or one.reason:
                click.echo(line(one))
        ended = [outcome(each, store, confirm) for each in searches]
        for found in ended:
            write(store.root, found)
        for found, each in zip(ended, searches, strict=True):
            if found.chosen is not None:
                add(store, with_importances(found, each))
    if session.interrupted:
        end([], session.interrupted, store)


def add(store: Store, found: Search) -> None:
    """Write a search again, with what was computed beside its trials; say what could not be."""
    write(store.root, found)
    for what, reason in found.left_out.items():
        click.echo(f"{found.method}: left out {what}: {reason}")


def line(one: FinishedTrial) -> str:
    """What came of a trial."""
    plan = one.search.plan
    params = " ".join(f"{name.rstrip('_')}={value:g}" for name, value in one.trial.params.items())
    head = f"{plan.method} trial {one.trial.number + 1} ({one.search.finished()}/{plan.budget}) {params}: "
    if one.values is None:
        return f"{head}failed: {one.reason}"
    return head + ", ".join(f"{o.name} {v:.4g}" for o, v in zip(plan.objectives, one.values, strict=True))


def confirmed(wanted: SearchRequest, store: Store, config: ExecutionConfig, quiet: bool) -> None:
    """Train each method's chosen setting on report seeds."""
    known = {found.name: found for found in read_searches(store.root)}
    specs = []
    for one in wanted.plans:
        found = known[one.name]
        best = next((t for t in found.trials if t.number == found.chosen), None)
        if best is None:
            click.echo(f"{one.method}: no trial is done; there is no setting to confirm")
            continue
        params = " ".join(f"{name.rstrip('_')}={value:g}" for name, value in best.params.items())
        if not quiet:
            click.echo(f"{one.method}: chosen {params} (trial {best.number + 1}, {found.rule})")
        specs += [spec_of(one.base, best.params, seed) for seed in found.confirm_seeds]
    left = planned(specs, wanted.confirmed, store, threads=config.threads, reproducible=config.reproducible)
    if left.jobs:
        execute(left.jobs, store, config, wanted.confirmed, quiet=quiet)
    if "udr" in [o.name for o in wanted.objectives]:
        for one in wanted.plans:
            add(store, with_udr(known[one.name], store))
