import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

from bench.report.stats.families import (
    Pair,
    against,
    between,
    differing,
    family,
    holm,
    resolution,
    seed_correlation,
    verdict,
)
from bench.report.stats.mann_whitney import compare, improvement_interval
from bench.report.stats.power import detectable, seeds_to_be_equivalent, seeds_to_differ

METHODS = {"v": "vae", "b1": "betavae", "b4": "betavae", "i": "infovae"}


def samples(levels: dict[str, float], n: int, noise: float = 1.0, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: level + noise * rng.standard_normal(n) for name, level in levels.items()}


def test_the_two_families() -> None:
    assert against(METHODS, "vae") == [("b1", "v"), ("b4", "v"), ("i", "v")]
    assert between(METHODS) == [("v", "b1"), ("v", "b4"), ("v", "i"), ("b1", "i"), ("b4", "i")]
    assert against(METHODS, "factorvae") == []


def test_holm_by_hand_and_in_any_order() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1.0, 1.0])
    assert holm([]).size == 0


def test_a_familys_p_are_corrected_for_all_of_its_pairs() -> None:
    known = samples(dict(v=0, b1=0, b4=2, i=0), 10)
    pairs = family(between(METHODS), known)
    np.testing.assert_allclose([p.p_holm for p in pairs], holm([compare(known[p.a], known[p.b]).p for p in pairs]))
    assert {p.comparisons for p in pairs} == {5}
    assert pairs[1].corrected_lo == improvement_interval(pairs[1].u, 10, 10, level=0.99)[0]


def test_settings_without_a_score_are_no_part_of_a_family() -> None:
    known = {"v": [0.1, 0.2], "b1": [], "i": [0.3, 0.4, 0.5]}
    (pair,) = family(against(METHODS, "vae"), known)
    assert (pair.a, pair.b, pair.seeds_a, pair.seeds_b, pair.comparisons) == ("i", "v", 3, 2, 1)


def test_a_difference_is_of_means_and_its_sd_that_of_two_seeds() -> None:
    (pair,) = family([("a", "b")], {"a": [1.0, 2.0, 6.0], "b": [1.0, 3.0]})
    assert pair.difference == pytest.approx(1.0)
    assert pair.difference_sd == pytest.approx(math.sqrt(7 + 2))  # variances with the denominator n - 1


def test_what_is_detectable_is_in_units_of_the_score() -> None:
    known = samples({"a": 0, "b": 0}, 10)
    (pair,) = family([("a", "b")], known)
    (tenfold,) = family([("a", "b")], {name: 10 * x for name, x in known.items()})
    theta = detectable(10, 10, alpha=0.05)
    assert special.ndtr(pair.detectable / pair.difference_sd) == pytest.approx(theta)
    assert tenfold.detectable == pytest.approx(10 * pair.detectable)


def test_the_detectable_difference_is_detected_in_80_of_100_families() -> None:
    """One true difference of that size among six comparisons of normal scores, ten seeds each."""
    theta = detectable(10, 10, alpha=0.05 / 6)
    shift = math.sqrt(2) * float(special.ndtri(theta))
    methods = {"v": "vae"} | {f"b{i}": "betavae" for i in range(6)}
    found = []
    for seed in range(400):
        levels = {name: shift if name == "b0" else 0.0 for name in methods}
        pairs = family(against(methods, "vae"), samples(levels, 10, seed=seed))
        found.append(pairs[0].verdict == "differs")
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)


def test_families_of_equal_settings_claim_a_difference_in_at_most_5_of_100() -> None:
    level = dict.fromkeys(METHODS, 0.0)
    for pairs in (between(METHODS), against(METHODS, "vae")):
        claims = [any(p.verdict == "differs" for p in family(pairs, samples(level, 6, seed=s))) for s in range(400)]
        assert np.mean(claims) < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)


def test_a_verdict_is_one_of_three() -> None:
    assert verdict(0.05, 0.5, 0.9) == "differs"
    assert verdict(0.06, 0.31, 0.69) == "equivalent"
    assert verdict(0.06, 0.29, 0.69) == "undecided"
    assert verdict(0.06, 0.31, 0.71) == "undecided"
    assert verdict(0.06, 0.31, 0.71, margin=0.25) == "equivalent"


def test_equal_settings_of_many_seeds_are_equivalent_and_of_few_undecided() -> None:
    verdicts = {}
    for n in (10, 200):
        pairs = [family([("a", "b")], samples({"a": 0, "b": 0}, n, seed=s))[0] for s in range(50)]
        verdicts[n] = [p.verdict for p in pairs]
        assert all((p.more_seeds > 0) == (p.verdict == "undecided") for p in pairs)
    assert verdicts[10].count("undecided") >= 45
    assert verdicts[200].count("equivalent") >= 45


def test_what_is_called_equivalent_is_so_in_at_least_95_of_100() -> None:
    """At the very margin, P(A>B) = 0.7, the claim would be false."""
    shift = math.sqrt(2) * float(special.ndtri(0.7))
    pairs = [family([("a", "b")], samples({"a": shift, "b": 0}, 60, seed=s))[0] for s in range(400)]
    assert np.mean([p.verdict == "equivalent" for p in pairs]) <= 0.05


def test_more_seeds_decide() -> None:
    """The seeds that are asked for decide in about 80 of 100 samples of what was seen."""
    (pair,) = family([("a", "b")], samples({"a": 1.0, "b": 0}, 6, seed=3))
    assert pair.verdict == "undecided"
    shift = math.sqrt(2) * float(special.ndtri(pair.improvement))
    again = [family([("a", "b")], samples({"a": shift, "b": 0}, pair.seeds_needed, seed=s))[0] for s in range(200)]
    assert np.mean([p.verdict != "undecided" for p in again]) == pytest.approx(0.8, abs=0.08)
    assert pair.more_seeds == pair.seeds_needed - 6


def test_the_seeds_needed_decide_whichever_way_is_nearer() -> None:
    near, far = family([("a", "b"), ("a", "c")], {"a": [1.0, 4, 5, 8], "b": [2.0, 3, 6, 7], "c": [0.0, 3, 4.5, 5.5]})
    assert (near.improvement, far.improvement) == (0.5, 0.625)
    assert near.seeds_needed == seeds_to_be_equivalent(0.5, alpha=0.025, margin=0.2)
    assert far.seeds_needed == seeds_to_differ(0.625, alpha=0.025)


def test_groups_are_of_what_does_not_differ() -> None:
    known = samples(dict(v=0, b1=0, b4=9, i=-9), 10)
    pairs = family(between(METHODS), known)
    assert differing(pairs, "v") == {"b4": True, "i": False}
    assert differing(pairs, "b4") == {"v": False, "i": False}  # b1 is of its own method, and compared by no pair


def pair_of(**changes: Any) -> Pair:
    return family([("a", "b")], samples({"a": 0, "b": 0}, 5))[0]._replace(**changes)


def test_the_resolution_is_the_median_of_a_familys_pairs() -> None:
    assert resolution([pair_of(detectable=d) for d in (0.3, 0.1, 0.2)]) == 0.2
    nan = math.nan
    assert math.isnan(resolution([pair_of(detectable=d) for d in (nan, 0.1, nan)]))
    assert resolution([pair_of(detectable=0.1), pair_of(difference_sd=nan, detectable=nan)]) == 0.1
    assert math.isnan(resolution([]))


def test_one_seed_says_nothing_and_warns_of_nothing() -> None:
    (pair,) = family([("a", "b")], {"a": [0.4], "b": [0.3]})
    assert (pair.u, pair.improvement, pair.p, pair.verdict) == (1, 1.0, 1.0, "undecided")
    assert math.isnan(pair.difference_sd)
    assert math.isnan(pair.detectable)


def test_the_correlation_over_seeds_is_pandas_mean_over_pairs_of_settings() -> None:
    rng = np.random.default_rng(0)
    common = rng.standard_normal((200, 1))
    scores = pd.DataFrame(common + rng.standard_normal((200, 4)))
    assert seed_correlation(scores) == pytest.approx(0.5, abs=0.1)
    expected = np.mean([np.corrcoef(scores[i], scores[j])[0, 1] for i in range(4) for j in range(i)])
    assert seed_correlation(scores) == pytest.approx(expected)
    scores[4] = 1.0  # a constant correlates with nothing
    assert seed_correlation(scores) == pytest.approx(expected)
    assert math.isnan(seed_correlation(scores.head(2)))
