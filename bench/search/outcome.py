"""What a search has come to: its trials, what mattered, and the setting that is worth confirming."""

import statistics
from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
import numpy as np
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from bench.errors import optional
from bench.report.stats.hypervolume import non_dominated
from bench.scoring.udr import FEWEST, agreement
from bench.search.objectives import COSTS, Objective
from bench.search.space import spec_of
from bench.search.trials import MethodSearch
from bench.spec import RunSpec
from bench.store.files import Damaged
from bench.store.searches import Number, Search, Trial
from bench.store.store import Store

STATES: dict[TrialState, Literal["done", "failed"]] = {TrialState.COMPLETE: "done", TrialState.FAIL: "failed"}


def outcome(search: MethodSearch, store: Store, confirm: int = 0) -> Search:
    """The search as reports read it; with its confirmation on so many report seeds once its budget is spent.

    Of what its trials alone say: `with_importances` and `with_udr` add what may fail.
    """
    plan, trials = search.plan, search.trials()
    spent = sum(t.state.is_finished() for t in trials) >= plan.budget
    best = chosen(plan.objectives, trials) if spent else None
    confirmed = confirmation(search, best, confirm)
    return Search(
        name=plan.name,
        method=plan.method,
        strength=plan.strength,
        dimensions=list(plan.dimensions),
        objectives=[o.goal for o in plan.objectives],
        sampler=plan.sampler,
        search_seed=plan.search_seed,
        seeds=list(plan.seeds),
        budget=plan.budget,
        trials=[_trial(search, t, store) for t in trials],
        rule=rule(plan.objectives),
        chosen=best.number if best is not None else None,
        confirm_seeds=[spec.seed for spec in confirmed],
        confirmed=[spec.key for spec in confirmed],
    )


def confirmation(search: MethodSearch, best: FrozenTrial | None, seeds: int) -> list[RunSpec]:
    """The runs of the chosen setting on the first report seeds, none of which the search has seen."""
    if best is None:
        return []
    return [spec_of(search.plan.base, dict(best.params), seed) for seed in range(seeds)]


def with_udr(search: Search, store: Store) -> Search:
    """The search with the UDR of the runs that confirm it; without where they are too few or not all done."""
    left_out, scores = dict(search.left_out), dict[str, float]()
    with optional("UDR", left_out):
        records = [store.record(key) for key in search.confirmed]
        if len(records) >= FEWEST and all(record.status == "done" for record in records):
            scores = dict(zip(search.confirmed, agreement(store, records), strict=True))
    return msgspec.structs.replace(search, confirmed_udr=scores, left_out=left_out)


def chosen(objectives: Sequence[Objective], trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
    """The trial to confirm: of those that no other dominates, the best by the deciding objective, the first of equals.

    None where no trial is done.
    """
    done = [t for t in trials if t.state == TrialState.COMPLETE]
    if not done:
        return None
    signs = np.array([-1.0 if o.maximize else 1.0 for o in objectives])
    costs = np.array([t.values for t in done]) * signs
    front = np.flatnonzero(non_dominated(costs))
    first = int(front[np.argmin(costs[front, _deciding(objectives)])])
    return done[first]


def rule(objectives: Sequence[Objective]) -> str:
    """How the setting to confirm is chosen, in words."""
    by = objectives[_deciding(objectives)]
    best = f"{'highest' if by.maximize else 'lowest'} median {by.name}"
    return best if len(objectives) == 1 else f"{best} among the trials that no other dominates"


def with_importances(found: Search, search: MethodSearch) -> Search:
    """The search with each dimension's share of each objective's variance over the space.

    By fANOVA (Hutter et al. 2014). Without where fewer than two trials are done, or all have one value, or nearly so.
    """
    done = [t for t in search.trials() if t.state == TrialState.COMPLETE]
    importances, left_out = {}, dict(found.left_out)
    for i, objective in enumerate(search.plan.objectives):
        if len({t.values[i] for t in done}) > 1:
            with optional(f"importances for {objective.name}", left_out):
                evaluator = FanovaImportanceEvaluator(seed=search.plan.search_seed)
                shares = get_param_importances(search.study, evaluator=evaluator, target=partial(_value, i))
                importances[objective.name] = {name: float(share) for name, share in shares.items()}
    return msgspec.structs.replace(found, importances=importances, left_out=left_out)


def _value(i: int, trial: FrozenTrial) -> float:
    return float(trial.values[i])


def _deciding(objectives: Sequence[Objective]) -> int:
    """The first objective that is no mere cost: by reconstruction alone the weakest strength is best."""
    return next((i for i, o in enumerate(objectives) if o.name not in COSTS), 0)


def _trial(search: MethodSearch, trial: FrozenTrial, store: Store) -> Trial:
    params: dict[str, Number] = dict(trial.params)
    whole = {d.name for d in search.plan.dimensions} == set(params)
    keys = [spec.key for spec in search.specs(params)] if whole else []
    done = trial.state == TrialState.COMPLETE
    return Trial(
        number=trial.number,
        state=STATES.get(trial.state, "running"),
        params=params,
        values=list(trial.values) if done else [],
        recon=_recon(keys, store) if done else None,
        keys=keys,
        reason=str(trial.user_attrs.get("reason", "")),
    )


def _recon(keys: Sequence[str], store: Store) -> float | None:
    """The runs' median reconstruction; None where one of them is not here."""
    try:
        found = [store.record(key).diagnostics.get("recon") for key in keys]
    except Damaged:
        return None
    known = [float(nats) for nats in found if isinstance(nats, int | float)]
    return statistics.median(known) if known and len(known) == len(keys) else None
