"""Which run of each method stands for it where a figure shows single runs: by rule, not by looks."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bench.quantities import fixed
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group, Setting, setting_name
from bench.report.words.names import factor_names
from bench.spec import ScoreFile
from bench.store.runs import Matrix, Run, matrix_of

KNOWN = 0.1  # nats of KL and of mutual information below which a latent is not said to track a factor


class Example(NamedTuple):
    """A run and its title; order: its latent dimensions, the one of the greatest KL first."""

    setting: Setting
    run: Run
    title: str
    order: tuple[int, ...]
    kl: tuple[float, ...]
    scores: tuple[ScoreFile, ...]

    def matrix(self, name: str) -> Matrix | None:
        """The run's matrix of this name, its rows by KL; None where it has none with a row for each dimension."""
        found = matrix_of(self.scores, name)
        return found[list(self.order)] if found is not None and len(found) == len(self.order) else None

    def tracked(self, j: int) -> str:
        """The factor that latent j says most about, and how much: `posX 0.92`; empty below `KNOWN`."""
        matrix = self.matrix("mutual_information")
        at = self.order.index(j)
        # Of a dimension that is switched off the means still differ a little, and bins as wide as they tell much.
        if matrix is None or self.kl[j] < KNOWN or not np.nanmax(matrix[at], initial=0.0) >= KNOWN:
            return ""
        names = factor_names(self.run.record, matrix.shape[1])
        return f"{names[int(np.nanargmax(matrix[at]))]} {fixed(np.nanmax(matrix[at]), 2)}"


def examples(found: Findings) -> list[Example]:
    """Each method at its chosen setting (by the first score), all at the first reporting seed that all have done.

    Where nothing could be chosen, with one seed, a method stands at the middle one of its settings.
    """
    group = found.group
    settings = [_setting(found, method, several) for method, several in group.methods.items()]
    settings = [s for s in settings if s.runs]
    reporting = {c.setting.id: set(c.values) for c in found.choices if c.criterion == c.score}
    seeds = [reporting.get(s.id) or {r.record.spec.seed for r in s.runs} for s in settings]
    common = set.intersection(*seeds) if seeds else set()
    picked = []
    for s in settings:
        run = next((r for r in s.runs if r.record.spec.seed == min(common)), s.runs[0]) if common else s.runs[0]
        picked.append(example(group, s, run))
    return picked


def _setting(found: Findings, method: str, settings: Sequence[Setting]) -> Setting:
    chosen = found.chosen(found.group.headline[0]) if found.group.headline else {}
    return chosen.get(method, settings[len(settings) // 2])


def example(group: Group, setting: Setting, run: Run) -> Example:
    """A run of a setting with its title, and its dimensions by KL."""
    listed = run.record.diagnostics.get("kl_per_dimension")
    kl = listed if isinstance(listed, list) else [0.0] * run.record.spec.z_dim
    order = sorted(range(len(kl)), key=lambda j: -kl[j])
    return Example(setting, run, setting_name(group, setting), tuple(order), tuple(kl), run.scores)
