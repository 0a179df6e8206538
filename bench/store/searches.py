"""What a search leaves in the results folder for reports: `searches/METHOD-DIGEST.json`, one a method."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from bench.errors import BenchError
from bench.spec import Count, Name, Text, Whole
from bench.store import atomic
from bench.store.files import json_of

FOLDER = "searches"  # of a results folder
SCHEMA = 1
LARGEST = 2**26  # bytes of a search

Number = Whole | float


class Dimension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number that is searched for, from low to high, both included.

    log: evenly on a logarithmic scale. whole: a whole number.
    """

    name: Name
    low: Number
    high: Number
    log: bool = False
    whole: bool = False


class Goal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is searched by: a score by a protocol, or a diagnostic (metric and protocol empty)."""

    name: Name
    direction: Literal["maximize", "minimize"]
    metric: Name = ""
    protocol: Name = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One proposal. values: by objective, the median over the runs; empty where the trial is not done.

    recon: the runs' median reconstruction, in nats. keys: the runs, by seed. reason: why it failed.
    """

    number: Count
    state: Literal["done", "failed", "running"]
    params: dict[Name, Number]
    values: list[float] = []
    recon: float | None = None
    keys: list[Name] = []
    reason: Text = ""


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The search of one method, as far as it is.

    name: of the Optuna study. budget: trials, done or failed, that every method of the search gets.
    seeds: of every trial's runs. importances: by objective, each dimension's share, which sum to 1.
    chosen: the number of the trial that is confirmed, by `rule`; confirmed: the runs of its setting on report seeds;
    confirmed_udr: their UDR, where that is an objective. left_out: which of the two could not be had, and why.
    """

    schema: int = SCHEMA
    name: Name
    method: Name
    strength: Name | None
    dimensions: list[Dimension]
    objectives: Annotated[list[Goal], msgspec.Meta(min_length=1)]
    sampler: Name
    search_seed: Count
    seeds: list[Count]
    budget: Count
    trials: list[Trial]
    importances: dict[Name, dict[Name, float]] = {}
    rule: Text = ""
    chosen: Count | None = None
    confirm_seeds: list[Count] = []
    confirmed: list[Name] = []
    confirmed_udr: dict[Name, float] = {}
    left_out: dict[Name, Text] = {}

    def __post_init__(self) -> None:
        """ValueError where a trial that is done has not a value for each objective, or one is chosen that is not."""
        done = {t.number: t for t in self.trials if t.state == "done"}
        if any(len(t.values) != len(self.objectives) for t in done.values()):
            raise ValueError("a trial that is done has not a value for each objective")
        if self.chosen is not None and self.chosen not in done:
            raise ValueError(f"chosen: trial {self.chosen} is not done")


def write(root: Path, search: Search) -> Path:
    """Write a search into a results folder, in place of what was known of it before."""
    path = atomic.unlinked(root, FOLDER) / f"{search.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, json_of(search, indent=1), root)
    return path


def read(root: Path, passed_over: Callable[[str], None] | None = None) -> list[Search]:
    """The searches of a results folder, by name.

    passed_over: takes a line for each that cannot be read; without it that is a BenchError.
    """
    found = []
    for path in sorted(atomic.unlinked(root, FOLDER).glob("*.json")):
        try:
            found.append(_read(path))
        except BenchError as error:
            if passed_over is None:
                raise
            passed_over(str(error))
    return found


def _read(path: Path) -> Search:
    try:
        search = msgspec.json.decode(atomic.read(path, LARGEST), type=Search)
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise BenchError(f"{path}: cannot be read as a search: {error}") from None
    if search.schema != SCHEMA:
        raise BenchError(f"{path}: written with schema {search.schema}, this version reads {SCHEMA}")
    return search
