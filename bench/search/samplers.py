"""Optuna's samplers, so that a proposal depends on the search's seed and what is known, not on who asks and when."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, GridSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from bench import plugins
from bench.errors import BenchError
from bench.search.space import grid_of, rounded
from bench.seeds import word
from bench.store.searches import Dimension

SAMPLERS = ("tpe", "nsga2", "random", "grid")
POPULATION = (4, 50)  # the fewest and the most trials of a generation


class Seeded(BaseSampler):
    """Draws each trial's proposal by a sampler made for it, from a seed of the search, the method and its number.

    An interrupted search goes on with the proposals that it would have had, and processes that share a search draw
    different ones. Proposals are rounded, so that equal ones are the same run.
    """

    def __init__(self, make: Callable[[int], BaseSampler], seed: int, name: str) -> None:
        self.make, self.seed, self.name = make, seed, name
        self.own = make(0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """The trial's own sampler."""
        self.own = self.make(word(self.seed, "search", self.name, trial.number) % 2**32)
        self.own.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """As the sampler infers it."""
        return self.own.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As the sampler draws it, rounded."""
        drawn = self.own.sample_relative(study, trial, search_space)
        return {name: _rounded(value, search_space[name]) for name, value in drawn.items()}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """As the sampler draws it, rounded."""
        return _rounded(self.own.sample_independent(study, trial, param_name, param_distribution), param_distribution)


def chosen(name: str | None, objectives: int) -> str:
    """The sampler's name, by default by the number of objectives. BenchError for an unknown one."""
    meant = name or ("tpe" if objectives == 1 else "nsga2")
    if meant not in SAMPLERS:
        raise BenchError(plugins.unknown("sampler", meant, SAMPLERS))
    return meant


def seeded(name: str, seed: int, method: str, searched: Sequence[Dimension], trials: int) -> Seeded:
    """The sampler of a method's search.

    NSGA-II's generations are a quarter of the trials: of Optuna's 50 a search of 30 trials would never see a second.
    """
    fewest, most = POPULATION
    grid: Mapping[str, Sequence[float]] = grid_of(searched, trials)
    make: dict[str, Callable[[int], BaseSampler]] = {
        "tpe": lambda own: TPESampler(seed=own, constant_liar=True),
        "nsga2": lambda own: NSGAIISampler(seed=own, population_size=min(max(trials // 4, fewest), most)),
        "random": lambda own: RandomSampler(seed=own),
        "grid": lambda _: GridSampler(grid, seed=seed),  # one order for all: each number has its own cell
    }
    return Seeded(make[name], seed, method)


def distribution(d: Dimension) -> FloatDistribution | IntDistribution:
    """A dimension as Optuna draws from it."""
    if d.whole:
        return IntDistribution(int(d.low), int(d.high), log=d.log)
    return FloatDistribution(float(d.low), float(d.high), log=d.log)


def _rounded(value: Any, d: BaseDistribution) -> Any:
    return rounded(value, d.low, d.high) if isinstance(d, FloatDistribution) else value
