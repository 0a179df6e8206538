"""What a report says first follows from its statistics."""

import dataclasses
import re
from collections import Counter

import pytest
from report_fakes import group_of

from bench.report.collect.findings import Findings, findings
from bench.report.tables.conclusion import conclusion
from bench.spec import Repeat, ScoreFile
from bench.store.runs import Run

LEVELS = {("vae", None): 0.1, ("betavae", 1.0): 0.1, ("betavae", 4.0): 0.3, ("factorvae", 10.0): 0.02}


@pytest.fixture(scope="module")
def found() -> Findings:
    return findings(group_of(LEVELS), resamples=50)


def changed(found: Findings, **changes: object) -> Findings:
    """The same findings, each setting being altered."""
    settings = tuple(dataclasses.replace(s, **changes) for s in found.group.settings)
    return dataclasses.replace(found, group=dataclasses.replace(found.group, settings=settings))


def test_the_best_and_what_is_level_with_it(found: Findings) -> None:
    mig = conclusion(found, "results/x")[0]
    assert re.match(r"MIG: β-VAE, β = 4 is highest \(0\.3\d\d \[0\.\d\d\d, 0\.\d\d\d\]\)\. ", mig)
    assert "All other methods are below it. Above the VAE: β-VAE β = 4." in mig


def test_level_settings_are_named() -> None:
    level = findings(group_of({("vae", None): 0.1, ("betavae", 4.0): 0.101}), resamples=50)
    assert "Not apart from it, of other methods: VAE. No setting is above the VAE." in conclusion(level, "r")[0]


def test_what_could_have_been_seen_and_what_to_do_next(found: Findings) -> None:
    *_, resolution, following = conclusion(found, "results/x")
    assert re.fullmatch(
        r"Differences from the VAE that these seeds would show with 80 % power: MIG 0\.\d+, SAP 0\.\d+ or more\.",
        resolution,
    )
    assert following == "Next: no baseline stands beside these runs: python -m bench baselines results/x"


def test_too_few_seeds_can_show_nothing() -> None:
    few = findings(group_of(LEVELS, seeds=2), resamples=50)
    assert "So few seeds can show no difference from the VAE, however large." in conclusion(few, "r")


def test_runs_without_scores_are_told_why_and_what_needs_no_labels(found: Findings) -> None:
    repeat = Repeat(repeat=0, values={}, skipped="the data set has no factors")
    file = ScoreFile(protocol="mig", metric="mig", params={}, repeats=[repeat])
    settings = tuple(
        dataclasses.replace(
            s,
            estimates={q: e for q, e in s.estimates.items() if not q.protocol},
            runs=tuple(Run(run.record, (file,)) for run in s.runs),
        )
        for s in found.group.settings
    )
    group = dataclasses.replace(found.group, settings=settings)
    lines = conclusion(dataclasses.replace(found, group=group, ties={}, families=[]), "r")
    assert lines[0].startswith("No metric has scored these runs (the data set has no factors): ")
    assert lines[-1] == "How far seeds agree, which needs no factors: python -m bench score --runs r --udr"


def test_a_collapse_comes_first_and_decides_what_is_next(found: Findings) -> None:
    lines = conclusion(changed(found, collapsed=20), "r")
    assert lines[0].startswith("Runs that collapsed: VAE (20 of 20); β-VAE, β = 1 (20 of 20)")
    assert lines[-1] == "Next: most runs collapsed; train for more than 1,000 updates (--steps)."
    lines = conclusion(changed(found, counts=Counter(done=18, diverged=2)), "r")
    assert lines[0].startswith("MIG: ")
    assert "Runs that diverged: VAE (2 of 20)" in "\n".join(lines)
