"""What a report says first: by rule, from the statistics of a group, never typed in."""

import math

from bench.quantities import BASELINES, Quantity, fixed
from bench.report.collect.comparisons import METHODS, VAE, Family, Ties
from bench.report.collect.findings import ELBO, Findings
from bench.report.collect.groups import Group, Setting, setting_name
from bench.report.stats.families import UNDECIDED
from bench.report.tables.comparisons import listed
from bench.report.tables.text import lost_count
from bench.report.words.names import interval_text

SCORES = 3  # the first headline scores, of which the conclusion speaks
MOST_SEEDS = 50  # of a setting: where more would be needed, longer trainings are the better advice


def conclusion(found: Findings, results: str) -> list[str]:
    """Lines of text: the best settings and which are level with them, baselines, losses, resolution, the next command.

    results: the folder of runs, as the next command names it.
    """
    group = found.group
    scores = [line for score in group.headline[:SCORES] for line in _score(found, score)] or _unscored(found, results)
    lost = _lost(group)
    told = [*lost, *scores] if _mostly_collapsed(group) else [*scores, *lost]
    return [*told, *_resolutions(found), *_next(found, results)]


def _unscored(found: Findings, results: str) -> list[str]:
    """What can be said of runs that no metric has scored: why, the best ELBO, and how to hold seeds together."""
    runs = [run for setting in found.group.settings for run in setting.runs]
    skipped = {repeat.skipped for run in runs for file in run.scores for repeat in file.repeats if repeat.skipped}
    why = f" ({'; '.join(sorted(skipped))})" if skipped else ""
    return [
        f"No metric has scored these runs{why}: nothing says which setting disentangles best. Reconstruction, KL and "
        "active units stand in the table.",
        *_score(found, ELBO),
        f"How far seeds agree, which needs no factors: python -m bench score --runs {results} --udr",
    ]


def _score(found: Findings, score: Quantity) -> list[str]:
    """`MIG: β-VAE, β = 16 is highest (0.116 [0.055, 0.176]). Not apart from it: ... Above the VAE: ...`."""
    group = found.group
    known = [s for s in group.trained if score in s.estimates]
    if not known:
        return []
    best = max(known, key=lambda s: s.estimates[score].iqm)
    parts = [f"{score.label.text}: {setting_name(group, best)} is highest ({_value(best, score)})."]
    ties = found.ties.get(score)
    if ties is not None:
        parts += _apart(group, ties, best)
    beside = [s for s in group.settings if s.is_baseline and score in s.estimates]
    if beside:
        parts.append(f"Baselines: {', '.join(f'{BASELINES[s.spec.method]} {_value(s, score)}' for s in beside)}.")
    return [" ".join(parts)]


def _apart(group: Group, ties: Ties, best: Setting) -> list[str]:
    level = ties.with_best - {s.id for s in group.methods[best.spec.method]}
    told = (
        f"Not apart from it, of other methods: {listed(group, level)}." if level else "All other methods are below it."
    )
    parts = [told]
    if best.spec.method != VAE and (ties.above or ties.with_vae):
        parts.append(f"Above the VAE: {listed(group, ties.above)}." if ties.above else "No setting is above the VAE.")
    return parts


def _lost(group: Group) -> list[str]:
    """Runs that collapsed, diverged or failed, by setting; they say nothing of what a method can do."""
    endings = {
        "collapsed": " No latent unit of these is active: their scores say nothing of the method.",
        "diverged": " Averages lack them.",
        "failed": " Averages lack them; the same command tries them again.",
    }
    counts: dict[str, list[str]] = {}
    for s in group.trained:
        for what in endings:
            if n := lost_count(s, what):
                counts.setdefault(what, []).append(f"{setting_name(group, s)} ({n} of {s.counts.total()})")
    return [f"Runs that {what}: {'; '.join(several)}.{endings[what]}" for what, several in counts.items()]


def _resolutions(found: Findings) -> list[str]:
    """The least difference that could have been seen, against the VAE or else between methods."""
    for name, against in ((VAE, "from the VAE"), (METHODS, "between methods")):
        families = _families(found, name)
        known = [f"{f.score.label.text} {fixed(f.resolution, 3)}" for f in families if not math.isnan(f.resolution)]
        if known:
            return [f"Differences {against} that these seeds would show with 80 % power: {', '.join(known)} or more."]
        if families:
            return [f"So few seeds can show no difference {against}, however large."]
    return []


def _next(found: Findings, results: str) -> list[str]:
    """The command that brings most: baselines where there are none, else more seeds, else longer trainings."""
    group = found.group
    if not group.headline:
        return []
    if _mostly_collapsed(group):
        return [f"Next: most runs collapsed; train for more than {group.spec.steps:,} updates (--steps)."]
    if not any(s.is_baseline for s in group.settings):
        return [f"Next: no baseline stands beside these runs: python -m bench baselines {results}"]
    undecided = [p for f in _families(found, VAE) for p in f.pairs if p.verdict == UNDECIDED]
    if not undecided:
        return []
    needed = sorted(p.seeds_needed for p in undecided)[0]
    if needed > MOST_SEEDS:
        return [f"Next: more seeds will not settle it; longer trainings may (--steps above {group.spec.steps:,})."]
    return [
        f"Next: {needed} seeds of each setting (--seeds {needed}) would decide the nearest comparison with the VAE."
    ]


def _mostly_collapsed(group: Group) -> bool:
    """Whether more than half of the runs know nothing: then no score of the study means anything."""
    return 2 * sum(s.collapsed for s in group.trained) > sum(s.counts["done"] for s in group.trained)


def _families(found: Findings, name: str) -> list[Family]:
    wanted = found.group.headline[:SCORES]
    return [f for f in found.families if f.name == name and f.score in wanted]


def _value(setting: Setting, score: Quantity) -> str:
    e = setting.estimates[score]
    return interval_text(e.iqm, e.lo, e.hi, 3 if score.protocol else 1)
