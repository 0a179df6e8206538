"""What a search leaves in the results folder for reports: `searches/METHOD-DIGEST.json`, one a method."""

from pathlib import Path
from typing import Literal

import msgspec

from bench.errors import BenchError
from bench.store import atomic
from bench.store.files import json_of

FOLDER = "searches"  # of a results folder
SCHEMA = 1

Number = int | float


class Dimension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number that is searched for, from low to high, both included.

    log: evenly on a logarithmic scale. whole: a whole number.
    """

    name: str
    low: Number
    high: Number
    log: bool = False
    whole: bool = False


class Goal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is searched by: a score by a protocol, or a diagnostic (metric and protocol empty)."""

    name: str
    direction: Literal["maximize", "minimize"]
    metric: str = ""
    protocol: str = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One proposal. values: by objective, the median over the runs; empty where the trial is not done.

    recon: the runs' median reconstruction, in nats. keys: the runs, by seed. reason: why it failed.
    """

    number: int
    state: Literal["done", "failed", "running"]
    params: dict[str, Number]
    values: list[float] = []
    recon: float | None = None
    keys: list[str] = []
    reason: str = ""


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The search of one method, as far as it is.

    name: of the Optuna study. budget: trials, done or failed, that every method of the search gets.
    seeds: of every trial's runs. importances: by objective, each dimension's share, which sum to 1.
    chosen: the number of the trial that is confirmed, by `rule`; confirmed: the runs of its setting on report seeds;
    confirmed_udr: their UDR, where that is an objective.
    """

    schema: int = SCHEMA
    name: str
    method: str
    strength: str | None
    dimensions: list[Dimension]
    objectives: list[Goal]
    sampler: str
    search_seed: int
    seeds: list[int]
    budget: int
    trials: list[Trial]
    importances: dict[str, dict[str, float]] = {}
    rule: str = ""
    chosen: int | None = None
    confirm_seeds: list[int] = []
    confirmed: list[str] = []
    confirmed_udr: dict[str, float] = {}


def write(root: Path, search: Search) -> Path:
    """Write a search into a results folder, in place of what was known of it before."""
    path = root / FOLDER / f"{search.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, json_of(search, indent=1), root)
    return path


def read(root: Path) -> list[Search]:
    """The searches of a results folder, by name. BenchError where one cannot be read."""
    found = []
    for path in sorted((root / FOLDER).glob("*.json")):
        try:
            search = msgspec.json.decode(path.read_bytes(), type=Search)
        except (OSError, msgspec.DecodeError) as error:
            raise BenchError(f"{path}: cannot be read as a search: {error}") from None
        if search.schema != SCHEMA:
            raise BenchError(f"{path}: written with schema {search.schema}, this version reads {SCHEMA}")
        found.append(search)
    return found
