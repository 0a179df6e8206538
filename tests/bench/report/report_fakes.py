"""Records and scores made up by formula, and a store that holds them in memory."""

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.plugins import Params
from bench.report.collect.groups import Group, collect, groups
from bench.seeds import SEARCH_SEEDS
from bench.spec import DataSpec, Record, Repeat, RunSpec, ScoreFile, Status
from bench.store.files import File, Manifest
from bench.store.parse import picture
from bench.store.searches import Dimension, Goal, Search, Trial

STRENGTHS = {"vae": None, "betavae": "beta", "factorvae": "gamma", "infovae": "lambda_"}


class FakeStore:
    """What a report reads of a store."""

    def __init__(self, runs: list[tuple[Record, list[ScoreFile]]]) -> None:
        self.runs = runs
        self.damaged: dict[str, str] = {}
        self.images: dict[str, bytes] = {}
        self.logged: list[dict[str, float]] = []  # the history of every run

    def __iter__(self) -> Iterator[Record]:
        return (record for record, _ in self.runs)

    def scores(self, key: str) -> list[ScoreFile]:
        return next(scores for record, scores in self.runs if record.key == key)

    def history(self, key: str) -> list[dict[str, float]]:
        return self.logged

    def manifest(self, key: str) -> Manifest:
        return Manifest(1, {name: File(0, "") for name in self.images})

    def picture(self, key: str, name: str) -> NDArray[np.uint8]:
        return picture(self.images[name], name)


LOGGED = [
    {"step": s, "loss": 30.0 - s / 100, "recon": 40.0 - s / 50, "kl": 5.0, "grad_loss": s} for s in (500.0, 1000.0)
]


def spec(method: str = "betavae", seed: int = 0, *, params: Params | None = None, **changes: object) -> RunSpec:
    made = RunSpec(
        dataset=DataSpec(name="toy", sha256="ab" * 32, source="/somewhere/toy.npz"),
        method=method,
        params={"beta": 4.0} if params is None else params,
        backbone="small",
        backbone_params={},
        likelihood="bernoulli",
        z_dim=3,
        batch_size=64,
        steps=1000,
        lr=1e-4,
        seed=seed,
    )
    return msgspec.structs.replace(made, **changes)


def record(what: RunSpec, recon: float = 20.0, *, status: Status = "done", **changes: object) -> Record:
    diagnostics: dict[str, float | list[float] | bool] = {
        "recon": recon,
        "mse": recon / 1000,
        "elbo": -recon - 5,
        "kl": 5.0,
        "kl_per_dimension": [3.0, 2.0, 0.0],
        "active_units": 2.0,
        "collapsed": False,
        "tc_mean": 0.4,
        "tc_sample": 0.2,
    }
    made = Record(
        key=what.key,
        spec=what,
        status=status,
        strength=STRENGTHS.get(what.method),
        diagnostics=diagnostics if status == "done" else {},
        error=None if status == "done" else "loss is nan",
        step=None if status == "done" else 17,
        cost={"seconds_training": 1.25},
        environment={"device": "cpu", "dirty": False},
    )
    return msgspec.structs.replace(made, **changes)


def score(value: float | list[float], name: str = "mig", protocol: str = "mig:bins20") -> ScoreFile:
    """One file of one value; a list gives one evaluation repeat each."""
    several = value if isinstance(value, list) else [value]
    repeats = [Repeat(repeat=i, values={name: v}, per_factor={name: [v, None]}) for i, v in enumerate(several)]
    return ScoreFile(protocol=protocol, metric=protocol.partition(":")[0], params={}, repeats=repeats)


def store_of(values: dict[int, float], **changes: object) -> FakeStore:
    """One setting: by seed, the score; reconstruction 20 + seed."""
    specs = {seed: spec(seed=seed, **changes) for seed in values}  # type: ignore[arg-type]
    return FakeStore([(record(specs[s], 20.0 + s), [score(v)]) for s, v in values.items()])


MIG = Goal(name="mig", direction="maximize", metric="mig", protocol="mig:bins20")
RECON = Goal(name="recon", direction="minimize")


def search(method: str = "betavae", name: str = "betavae-1", **changes: object) -> Search:
    """Four trials that are done and one that failed; the third is chosen, beta 6, and confirmed on five seeds."""
    trials = [
        Trial(number=i, state="done", params={"beta": 2.0 * i + 2}, values=[v, 20.0 + i], recon=20.0 + i, keys=["k"])
        for i, v in enumerate((0.2, 0.1, 0.4, 0.3))
    ]
    trials.append(Trial(number=4, state="failed", params={"beta": 9.0}, reason="seed 1000000: diverged"))
    made: dict[str, object] = {
        "name": name, "method": method, "strength": "beta",
        "dimensions": [Dimension(name="beta", low=1.0, high=32.0, log=True), Dimension(name="lr", low=1e-4, high=1e-2)],
        "objectives": [MIG, RECON], "sampler": "nsga2", "search_seed": 0, "seeds": [SEARCH_SEEDS, SEARCH_SEEDS + 1],
        "budget": 5, "trials": trials, "importances": {"mig": {"beta": 0.75, "lr": 0.25}},
        "rule": "highest median mig", "chosen": 2, "confirm_seeds": list(range(5)),
        "confirmed": [spec(method, s, params={"beta": 6.0}).key for s in range(5)],
    }  # fmt: skip
    return Search(**(made | changes))  # type: ignore[arg-type]


def group_of(levels: Mapping[tuple[str, float | None], float], seeds: int = 20, noise: float = 0.02) -> Group:
    """Settings by method and strength, each with its level of the score; the ELBO falls as the strength grows."""
    rng = np.random.default_rng(0)
    runs = []
    for (method, strength), level in levels.items():
        params: Params = {} if strength is None else {"beta" if method == "betavae" else "gamma": strength}
        for seed in range(seeds):
            cost = 20.0 + (strength or 0.0)
            made = record(spec(method, seed, params=params), cost + rng.normal())
            runs.append(
                (made, [score(level + noise * rng.normal()), score(level + noise * rng.normal(), "sap", "sap:m")])
            )
    (group,) = groups(collect({"a": FakeStore(runs)}), resamples=50)
    return group
