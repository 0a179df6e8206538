"""A study as large as the reference study: seven methods, ten seeds, baselines, some collapses."""

import msgspec
import numpy as np
from report_fakes import FakeStore, record, score, spec

from bench.plugins import Params
from bench.spec import ScoreFile

# By method: its parameters but the strength, its strengths, and reconstruction, MIG and FactorVAE score at them.
STUDY: list[tuple[str, Params, str, list[tuple[float, float, float, float]]]] = [
    ("vae", {}, "", [(0, 25.0, 0.04, 0.52)]),
    ("betavae", {}, "beta", [(4, 29.0, 0.08, 0.47), (8, 34.0, 0.09, 0.48), (16, 50.0, 0.12, 0.56)]),
    ("factorvae", {}, "gamma", [(10, 27.0, 0.06, 0.53), (20, 27.5, 0.07, 0.57), (40, 28.0, 0.05, 0.51)]),
    *(
        ("infovae", {"alpha": a}, "lambda_", [(10, 24 - 6 * a, 0.05, 0.52), (1000, 27 - 2 * a, 0.04, 0.47)])
        for a in (0.0, 0.5, 0.9)
    ),
    ("betatcvae", {}, "beta", [(4, 28.5, 0.1, 0.54), (8, 31.0, 0.13, 0.57), (16, 34.5, 0.15, 0.59)]),
    ("annealedvae", {}, "c_max", [(5, 57.0, 0.04, 0.41), (10, 28.5, 0.09, 0.62), (20, 27.0, 0.045, 0.62)]),
    ("dipvae", {}, "lambda_od", [(5, 24.5, 0.03, 0.54), (20, 26.5, 0.04, 0.56), (50, 27.5, 0.035, 0.56)]),
]
BASELINES = {"pca": (0.04, 0.55), "supervised": (0.6, 0.75), "chance": (0.0, 0.2)}


def scores(mig: float, votes: float, dci: float) -> list[ScoreFile]:
    return [
        score(mig, "mig", "mig:bins20-mean-n10000"),
        score(votes, "factorvae_score", "factorvae_score:batch64-eval_votes5000"),
        score(dci, "dci_disentanglement", "dci:mean-n10000-probetrees"),
    ]


def reference(methods: int = 7, seeds: int = 10, collapsed: int = 3) -> FakeStore:
    """The first so many methods; of the weakest AnnealedVAE, or else the strongest β-VAE, so many seeds collapsed."""
    rng, runs = np.random.default_rng(0), []
    known = list(dict.fromkeys(name for name, *_ in STUDY))[:methods]
    gone = ("annealedvae", 5) if "annealedvae" in known else ("betavae", 16)
    for method, rest, strength, settings in [one for one in STUDY if one[0] in known]:
        for value, recon, mig, votes in settings:
            for seed in range(seeds):
                params = rest | ({strength: float(value)} if strength else {})
                made = record(spec(method, seed, params=params), recon + rng.normal(0, 1), strength=strength or None)
                lost = (method, value) == gone and seed < collapsed
                told = {"collapsed": lost, "recon": 118.0 if lost else made.diagnostics["recon"]}
                bounds = {"total_correlation_lower": 40 / recon, "total_correlation_upper": 44 / recon}
                made = msgspec.structs.replace(made, diagnostics=made.diagnostics | told | bounds)
                spread = abs(rng.normal(0, 0.4 * mig)), rng.normal(0, 0.06)
                runs.append((made, scores(mig + spread[0], votes + spread[1], 1.3 * mig + spread[0])))
    for method, (mig, votes) in BASELINES.items():
        runs += [(record(spec(method, s, params={})), scores(mig, votes, 1.2 * mig)) for s in range(seeds)]
    return FakeStore(runs)
