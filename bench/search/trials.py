"""One method's search: an Optuna study, and which process has which of its trials in hand."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from bench.execution.leases import Leases
from bench.search.objectives import Objective
from bench.search.samplers import distribution, seeded
from bench.search.space import spec_of
from bench.spec import RunSpec
from bench.store.searches import Dimension, Number

ASKING = 5.0  # seconds to wait for other processes that ask
POLL = 0.02  # seconds between two looks whether they have


@dataclass(frozen=True)
class Plan:
    """What defines the search of a method; a search of the same plan goes on, one of another begins anew.

    base: the run of all trials but for what is searched and the seed. budget: trials, done or failed; no part of it,
    so that a search may be prolonged, but for a grid, whose cells depend on it.
    """

    method: str
    strength: str | None
    base: RunSpec
    dimensions: tuple[Dimension, ...]
    objectives: tuple[Objective, ...]
    sampler: str
    search_seed: int
    seeds: tuple[int, ...]
    budget: int

    @property
    def name(self) -> str:
        """Of the Optuna study and of the file: the method, and 8 hex digits of all that defines the search."""
        dataset = msgspec.structs.replace(self.base.dataset, source="")
        base = msgspec.to_builtins(msgspec.structs.replace(self.base, dataset=dataset, seed=0))
        for d in self.dimensions:
            base["params"].pop(d.name, None), base.pop(d.name, None)
        what = [base, self.dimensions, [o.goal for o in self.objectives], self.sampler, self.search_seed, self.seeds]
        what += [self.budget] if self.sampler == "grid" else []
        digest = hashlib.sha256(msgspec.json.encode(what, order="deterministic")).hexdigest()
        return f"{self.method}-{digest[:8]}"


@dataclass
class OpenTrial:
    """A trial in hand. waiting: runs not begun yet. settled: runs that are over, by key, and why one has no score."""

    number: int
    trial: optuna.Trial
    params: dict[str, Number]
    specs: list[RunSpec]
    waiting: list[RunSpec]
    settled: dict[str, str] = field(default_factory=dict)

    @property
    def failure(self) -> str:
        """Why the trial has failed; empty if it has not."""
        return next((reason for reason in self.settled.values() if reason), "")

    @property
    def over(self) -> bool:
        """Whether there is nothing left to wait for."""
        return bool(self.failure) or len(self.settled) == len({spec.key for spec in self.specs})


class MethodSearch:
    """The trials of one plan, shared with other processes by way of the storage and of leases in `leases`."""

    def __init__(self, plan: Plan, storage: BaseStorage, leases: Leases) -> None:
        self.plan, self.leases = plan, leases
        self.study = optuna.create_study(
            storage=storage,
            sampler=seeded(plan.sampler, plan.search_seed, plan.method, plan.dimensions, plan.budget),
            study_name=plan.name,
            directions=["maximize" if o.maximize else "minimize" for o in plan.objectives],
            load_if_exists=True,
        )
        self.open: dict[int, OpenTrial] = {}

    def trials(self) -> list[FrozenTrial]:
        """Those within the budget, by number."""
        return [t for t in self.study.get_trials(deepcopy=False) if t.number < self.plan.budget]

    def finished(self) -> int:
        """How many are done or failed."""
        return sum(t.state.is_finished() for t in self.trials())

    def begun(self) -> int:
        """How many there are, finished or not."""
        return len(self.trials())

    def next(self) -> OpenTrial | None:
        """A trial to work on: one that a dead process has left, else a new one; None where there is none.

        A trial that was left keeps its number and its proposal, and its runs go on from what is stored of them. Only
        one process at a time asks, so that no trial is proposed twice and none beyond the budget.
        """
        if not self._alone():
            return None
        try:
            known = self.trials()
            for t in [t for t in known if not t.state.is_finished() and t.number not in self.open]:
                if self.leases.take(self._key(str(t.number))):
                    return self._open(optuna.Trial(self.study, t._trial_id))
            if len(known) >= self.plan.budget:
                return None
            trial = self.study.ask()
            self.leases.take(self._key(str(trial.number)))
            return self._open(trial)
        finally:
            self.leases.release(self._key("ask"))

    def tell(self, one: OpenTrial, values: Sequence[float] | None, reason: str = "") -> None:
        """End a trial, with its values or with the reason why it failed."""
        state = TrialState.COMPLETE if values is not None else TrialState.FAIL
        if reason:
            one.trial.set_user_attr("reason", reason)
        self.study.tell(one.number, values, state, skip_if_finished=True)
        self.close(one)

    def close(self, one: OpenTrial) -> None:
        """Let go of a trial, for another process to go on with if it is not over."""
        self.open.pop(one.number, None)
        self.leases.release(self._key(str(one.number)))

    def specs(self, params: dict[str, Number]) -> list[RunSpec]:
        """The runs of a proposal, one a seed."""
        return [spec_of(self.plan.base, params, seed) for seed in self.plan.seeds]

    def _open(self, trial: optuna.Trial) -> OpenTrial:
        params: dict[str, Number] = {}
        for d in self.plan.dimensions:
            drawn = distribution(d)
            if d.whole:
                params[d.name] = trial.suggest_int(d.name, int(drawn.low), int(drawn.high), log=d.log)
            else:
                params[d.name] = trial.suggest_float(d.name, drawn.low, drawn.high, log=d.log)
        specs = self.specs(params)
        self.open[trial.number] = OpenTrial(trial.number, trial, params, specs, list(specs))
        return self.open[trial.number]

    def _alone(self) -> bool:
        """Take the lease that only who asks has; False where others keep it."""
        until = time.monotonic() + ASKING
        while not self.leases.take(self._key("ask")):
            if time.monotonic() > until:
                return False
            time.sleep(POLL)
        return True

    def _key(self, what: str) -> str:
        """The name of a lease, in the form of a run's key."""
        return hashlib.sha256(f"{self.plan.name}/{what}".encode()).hexdigest()[:16]
