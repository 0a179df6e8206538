"""Every column of every CSV file: its place, type, unit and meaning. The data package is made from this table.

A name means the same in each file that has it. `param` and the like stand for all columns `param.beta`, `param.gamma`.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from bench.quantities import DIAGNOSTICS, SCORES
from bench.report.collect.comparisons import FAMILIES
from bench.report.stats.families import VERDICTS

NATS = "nats per observation"
INTERVAL = "bound of its 95 % percentile bootstrap interval over seeds; empty for one seed"
SOURCES = ("method", "strength", "seed", "evaluation")
TRIALS = ("done", "failed", "running")
DIRECTIONS = ("maximize", "minimize")
STATUS = ("done", "diverged", "failed")


class Column(NamedTuple):
    """type as the Table Schema names it; allowed: all values there are, empty if there is no list of them."""

    type: str
    text: str
    unit: str = ""
    allowed: tuple[str, ...] = ()


# In the order of the columns in a file.
COLUMNS: dict[str, Column] = {
    "key": Column("string", "the run: first 16 hex digits of the sha256 of its spec's canonical JSON"),
    "setting": Column("string", "common to the runs that differ in their seed alone"),
    "dataset": Column("string", "name of the data set, then +NAME(...) for each wrapper; dataset.* are its arguments"),
    "group": Column("string", "common to runs that may be compared: same data, backbone, likelihood, z_dim and budget"),
    "method": Column("string", "name of the method on the command line, or of a baseline"),
    "strength": Column("string", "name of the parameter on the axes of figures; empty for a method without one"),
    "strength_value": Column("any", "value of that parameter"),
    "seed": Column("integer", "seed of training and evaluation; methods share initial weights and batches at a seed"),
    "status": Column("string", "what became of the run; only done runs are averaged", allowed=STATUS),
    "step": Column("integer", "updates of the VAE at which a run that is not done stopped, or until a history's row"),
    "error": Column("string", "why a run is not done, in one line"),
    "n_done": Column("integer", "done runs of the setting", "runs"),
    "n_diverged": Column("integer", "runs with a loss that was not finite", "runs"),
    "n_failed": Column("integer", "runs that raised an error", "runs"),
    "n_collapsed": Column("integer", "done runs without an active unit; averaged like the others", "runs"),
    "search": Column("string", "a search: the method, and digits common to all trials of one plan"),
    "trial": Column("integer", "trial of the search, counted from 1"),
    "trial_state": Column("string", "what became of the trial", allowed=TRIALS),
    "reason": Column("string", "why the trial failed"),
    "chosen": Column("boolean", "whether the trial is the one whose setting was confirmed"),
    "objective": Column("number", "an objective's median over the runs of the trial"),
    "recon": Column("number", "reconstruction, median over the runs of the trial", NATS),
    "trial_runs": Column("string", "keys of the trial's runs, with spaces between"),
    "trial_seeds": Column("string", "seeds of the trial's runs, with spaces between; no report averages these"),
    "metric": Column("string", "the metric that gives the score; empty for a diagnostic"),
    "name": Column("string", "the score or diagnostic (a metric may give several), or the matrix"),
    "protocol": Column("string", "the metric with all of its arguments; scores of two protocols are never averaged"),
    "skipped": Column("string", "why the run has no score by this protocol"),
    "note": Column("string", "what decided a score beside what the codes hold, and what to do about it"),
    "name_a": Column("string", "first of two scores or diagnostics"),
    "protocol_a": Column("string", "its protocol; empty for a diagnostic"),
    "name_b": Column("string", "second of two scores or diagnostics"),
    "protocol_b": Column("string", "its protocol; empty for a diagnostic"),
    "direction": Column("string", "whether the search looks for more or less of it", allowed=DIRECTIONS),
    "sampler": Column("string", "what proposed the trials"),
    "search_trials": Column("integer", "trials that the setting was chosen from, failed ones included; empty if none"),
    "failed_trials": Column("integer", "how many of them failed"),
    "seeds_per_trial": Column("integer", "runs of each trial", "seeds"),
    "searched": Column("number", "the objective's median over the chosen trial's runs: what it was chosen by"),
    "drop": Column("number", "median over report seeds less the searched value"),
    "dimension": Column("string", "a number that was searched for"),
    "importance": Column("number", "its share of the objective's variance over the space searched, by fANOVA"),
    "criterion": Column("string", "what the setting was chosen by: the highest median of this score or diagnostic"),
    "rule": Column("string", "how the setting, or the trial of a search, was chosen"),
    "selection_seeds": Column("string", "the seeds that chose, with spaces between; empty where nothing was to choose"),
    "selection_median": Column("number", "the criterion's lower median over them"),
    "evaluation_seeds": Column("string", "the seeds that the numbers are of, with spaces between"),
    "family": Column(
        "string",
        "comparisons corrected together: vae, against the VAE; methods, between methods; chosen",
        allowed=FAMILIES,
    ),
    "method_a": Column("string", "first method, A"),
    "setting_a": Column("string", "its setting"),
    "method_b": Column("string", "second method, B"),
    "setting_b": Column("string", "its setting"),
    "repeat": Column("integer", "evaluation of the run, each on rows and with random numbers of its own"),
    "row": Column("integer", "row of the matrix, counted from 0: the latent dimension"),
    "factor": Column("integer", "factor of variation, counted from 0; empty for a value over all of them"),
    "factor_name": Column("string", "what that factor is called"),
    "value": Column("number", "the value, higher is better for a score; empty where undefined"),
    "n": Column("integer", "seeds that the numbers of this row are made from", "seeds"),
    "iqm": Column("number", "interquartile mean over seeds"),
    "lo": Column("number", f"iqm's lower {INTERVAL}"),
    "hi": Column("number", f"iqm's upper {INTERVAL}"),
    "median": Column("number", "median over seeds"),
    "median_lo": Column("number", f"median's lower {INTERVAL}"),
    "median_hi": Column("number", f"median's upper {INTERVAL}"),
    "mean": Column("number", "mean over seeds"),
    "mean_lo": Column("number", f"mean's lower {INTERVAL}"),
    "mean_hi": Column("number", f"mean's upper {INTERVAL}"),
    "sd": Column("number", "standard deviation over seeds, denominator n - 1; empty for one seed"),
    "seeds_a": Column("integer", "seeds of A", "seeds"),
    "seeds_b": Column("integer", "seeds of B", "seeds"),
    "u": Column(
        "number", "Mann-Whitney's U: pairs of a seed of A and one of B in which A is higher, a tie counting half"
    ),
    "improvement": Column("number", "probability of improvement P(A>B): u over seeds_a times seeds_b"),
    "improvement_lo": Column("number", "lower bound of its 95 % interval"),
    "improvement_hi": Column("number", "upper bound of its 95 % interval"),
    "difference": Column("number", "mean of A's score less mean of B's"),
    "difference_sd": Column("number", "standard deviation of a seed of A less a seed of B, denominators n - 1"),
    "p": Column("number", "two-sided exact p of Mann and Whitney's test, with ties"),
    "comparisons": Column("integer", "how many comparisons the family has by this score"),
    "p_holm": Column("number", "p after Holm's correction over them"),
    "corrected_lo": Column("number", "lower bound of the interval of P(A>B) at the level 1 - 0.05 / comparisons"),
    "corrected_hi": Column("number", "upper bound of that interval"),
    "detectable": Column("number", "least difference found with 80 % power at 0.05 / comparisons; empty if none"),
    "seeds_needed": Column("integer", "seeds of each that decide with 80 % power at this P(A>B)", "seeds"),
    "verdict": Column("string", "what these seeds allow to say", allowed=VERDICTS),
    "more_seeds": Column("integer", "seeds of each that are missing for a decision", "seeds"),
    "seed_correlation": Column(
        "number", "mean correlation over seeds of two settings' scores; why seeds are not paired"
    ),
    "against": Column("string", "the cost on the other axis", NATS, ("recon", "kl")),
    "settings": Column("integer", "settings that went in"),
    "hypervolume": Column("number", "share of the box between reference and ideal point that the settings dominate"),
    "hypervolume_lo": Column("number", "lower bound of its 95 % percentile bootstrap interval over seeds"),
    "hypervolume_hi": Column("number", "upper bound of its 95 % percentile bootstrap interval over seeds"),
    "reference_cost": Column("number", "cost at the reference point: the greatest of all settings and a tenth", NATS),
    "reference_score": Column("number", "score at the reference point"),
    "ideal_cost": Column("number", "cost at the ideal point: the least of all settings less a tenth", NATS),
    "ideal_score": Column("number", "score at the ideal point"),
    "source": Column("string", "source of variance", allowed=SOURCES),
    "variance": Column("number", "component of the score's variance; empty where it cannot be told from another"),
    "share": Column("number", "its share of the sum of the components"),
    "methods": Column("integer", "methods that went in"),
    "runs": Column("integer", "runs that went in", "runs"),
    "rho": Column("number", "Spearman's rank correlation over runs"),
    "rho_lo": Column("number", "lower bound of its 95 % percentile bootstrap interval, seeds drawn within settings"),
    "rho_hi": Column("number", "upper bound of its 95 % percentile bootstrap interval, seeds drawn within settings"),
    "param": Column("any", "a parameter of the method"),
    "wrap": Column("any", "an argument of what changes the data set"),
    "backbone": Column("string", "name of the backbone; backbone.* are its arguments"),
    "likelihood": Column("string", "p(x|z)"),
    "z_dim": Column("integer", "latent dimensions"),
    "batch_size": Column("integer", "observations per update of the VAE", "observations"),
    "steps": Column("integer", "updates of the VAE"),
    "lr": Column("number", "the backbone's learning rate"),
    "warmup": Column("integer", "updates over which every term but the reconstruction ramps up from 0"),
    "grad_clip": Column("number", "bound on each player's gradient norm; 0 for none"),
    "precision": Column("string", "what encoder and decoder were trained in, where not in fp32"),
    "revision": Column("integer", "raised when a change of the code alters the numbers that a spec gives"),
    "dataset_sha256": Column("string", "sha256 of the observations"),
    "evaluation": Column("any", "what of the data bears on scoring, where it is no whole grid of factors"),
    "definition": Column("any", "what the method fixes beside its parameters"),
    "term": Column("number", "a loss term, in nats, mean over the updates since the row before"),
    "diagnostic": Column("any", "measured on the run's evaluation rows, 15,000 or as many as evaluation.rows says"),
    "cost": Column("any", "what the run took"),
    "environment": Column("any", "where the run was made: code, libraries, machine"),
}
PROBED = "at this update, on the first"
SCORED = "at this update, on the evaluation rows (--score-every)"
TERMS: dict[str, Column] = {  # what a history holds beside loss terms, without the number at the end of a name
    "grad_": Column("number", "a player's gradient norm at this update, before any clipping"),
    "probe_recon": Column("number", f"reconstruction with the decoder at mu, {PROBED} 100 evaluation rows", NATS),
    "probe_active_units": Column("number", f"active units, {PROBED} 1,000 evaluation rows", "latent dimensions"),
    "probe_kl_": Column("number", f"KL of a latent dimension, {PROBED} 1,000 evaluation rows", NATS),
    "kl_": Column("number", f"KL of a latent dimension, {SCORED}", NATS),
    "recon_at_mu": Column("number", f"reconstruction with the decoder at mu, {SCORED}", NATS),
    "mse": Column("number", f"squared error per element, {SCORED}"),
    "elbo": Column("number", f"ELBO, {SCORED}", NATS),
    "active_units": Column("number", f"active units, {SCORED}", "latent dimensions"),
    **{name: Column("number", f"{label.text}, {SCORED}") for name, label in SCORES.items()},
}
UNITS = {
    **{f"diagnostic.{name}": label.unit for name, label in DIAGNOSTICS.items() if label.unit},
    "diagnostic.kl_per_dimension": NATS,
    "cost.seconds_training": "seconds",
    "cost.seconds_scoring": "seconds",
    "cost.encode_ms_batch1": "milliseconds",
    "cost.encode_per_second_batch256": "observations per second",
    "cost.peak_memory_mb": "MiB",
    "cost.peak_gpu_memory_mb": "MiB",
    "cost.images_seen": "observations",
    "cost.updates": "updates",
}


def ordered(names: Iterable[str]) -> list[str]:
    """Columns in an order that does not depend on which runs come first."""
    return sorted(names, key=_place)


def described(name: str) -> Column:
    """The column of this name in any file."""
    prefix, _, rest = name.partition(".")
    column = COLUMNS[prefix]
    if prefix == "term":
        column = TERMS.get("grad_" if rest.startswith("grad_") else re.sub(r"\d+$", "", rest), column)
    whole = re.sub(r"^(diagnostic\.recon)_.*|\.\d+$", r"\1", name)  # without a part or a number
    unit = UNITS.get(whole, column.unit)
    return Column("any", f"{column.text}: {rest}", unit) if rest else column


def _place(name: str) -> tuple[int, list[tuple[int, str]]]:
    """By the table, then by the alphabet, but kl.2 before kl.10."""
    parts = re.split(r"(\d+)", name)
    return list(COLUMNS).index(name.split(".")[0]), [(int(p), "") if p.isdigit() else (-1, p) for p in parts]
