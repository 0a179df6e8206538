"""Outcomes made by hand: what is the same, what is as alike as two draws of seeds, and what differs."""

from dataclasses import replace

import pytest

from bench.environment import REPRODUCIBLE
from bench.errors import BenchError
from bench.quantities import RECON, Quantity
from bench.report.comparison.cells import ALL, DIFFERS, NUMBERS, SAME, WITHIN, compare, platforms
from bench.report.comparison.outcomes import Outcome

MIG = Quantity("mig", "mig", "mig:mean")
HERE = {"platform": "Linux-6.1-x86_64-with-glibc2.36", "cpu": "one", "device": "cpu", "threads": "1"}
ELSEWHERE = HERE | {"cpu": "another"}
PINS = {f"pinned_{name}": value for name, value in REPRODUCIBLE.items()}


def outcome(seed, mig, recon=20.0, *, method="vae", beta="4.0", environment=HERE, status="done", **numbers):
    named = {"mig:mean mig repeat 0": mig, "diagnostic.recon": recon, "term.loss": float("nan")} | numbers
    return Outcome(
        *(f"{method}{beta}{seed}", method + beta, "toy", method, {"beta": beta, "width": "8"}, seed, status),
        *(environment, named, {MIG: mig, RECON: recon}),
    )


def study(*, shift=0.0, seeds=5, betas=("4.0",), environment=HERE):
    """MIG .10, .11, ... by seed, raised by `shift`."""
    return [
        outcome(n, 0.1 + n / 100 + shift, 20.0 + n, beta=beta, environment=environment)
        for beta in betas
        for n in range(seeds)
    ]


def verdicts(cells):
    return {(cell.setting, cell.quantity): cell.verdict for cell in cells}


def test_runs_of_one_platform_are_the_same_bit_for_bit():
    cells = compare(study(), study())
    assert verdicts(cells) == dict.fromkeys([("toy vae", q) for q in ("reconstruction", "MIG", NUMBERS)], SAME)
    assert [cell.text for cell in cells] == ["5 runs equal", "5 runs equal", "15 numbers equal"]


def test_one_number_that_differs_on_one_platform_is_named():
    other = study()
    other[3] = outcome(3, 0.13000000000000003, 23.0)
    found = {cell.quantity: cell for cell in compare(study(), other)}
    assert found["MIG"].verdict == found[NUMBERS].verdict == DIFFERS
    assert found["MIG"].text == "seed 3: 0.13 and 0.13000000000000003; of 5 runs"
    assert found["reconstruction"].verdict == SAME
    hidden = [replace(run, numbers=run.numbers | {"term.kl": float(run.seed == 2)}) for run in study()]
    found = compare([replace(run, numbers=run.numbers | {"term.kl": 0.0}) for run in study()], hidden)
    assert [cell.verdict for cell in found] == [SAME, SAME, DIFFERS]
    assert found[-1].text == "seed 2: term.kl 0.0 and 1.0; of 20 numbers"


def test_another_platform_is_another_draw_of_seeds():
    cells = compare(study(seeds=10), study(seeds=10, shift=0.004, environment=ELSEWHERE))
    assert verdicts(cells) == {("toy vae", "reconstruction"): WITHIN, ("toy vae", "MIG"): WITHIN}
    assert next(c for c in cells if c.quantity == "MIG").text == "0.145 (10 seeds) and 0.149 (10 seeds): p 1.000"


def test_another_platform_whose_scores_are_others_differs():
    cells = compare(study(seeds=10), study(seeds=10, shift=0.5, environment=ELSEWHERE))
    assert verdicts(cells) == {("toy vae", "reconstruction"): WITHIN, ("toy vae", "MIG"): DIFFERS}


def test_what_no_setting_shows_alone_all_of_them_show_together():
    betas = ("1.0", "2.0", "4.0", "8.0")
    a = study(seeds=3, betas=betas)
    b = study(seeds=3, betas=betas, shift=0.5, environment=ELSEWHERE)
    found = verdicts(compare(a, b))
    assert {found[f"toy vae β={b[:-2]}", "MIG"] for b in betas} == {WITHIN}
    assert (found[ALL, "MIG"], found[ALL, "reconstruction"]) == (DIFFERS, WITHIN)


def test_too_few_seeds_say_so():
    cells = compare(study(seeds=2), study(seeds=2, shift=0.5, environment=ELSEWHERE))
    assert all(cell.text.endswith("too few seeds to find any difference") for cell in cells)


def test_reproducible_runs_of_two_platforms_are_the_same_or_differ():
    a = study(environment=HERE | PINS)
    assert set(verdicts(compare(a, study(environment=ELSEWHERE | PINS))).values()) == {SAME}
    assert verdicts(compare(a, study(environment=ELSEWHERE | PINS, shift=1e-9)))["toy vae", "MIG"] == DIFFERS
    assert verdicts(compare(a, study(environment=ELSEWHERE, shift=1e-9)))["toy vae", "MIG"] == WITHIN


def test_runs_that_are_equal_all_the_same_are_the_same_on_any_platform():
    assert set(verdicts(compare(study(), study(environment=ELSEWHERE))).values()) == {SAME}


def test_runs_of_one_side_alone_are_passed_over():
    a = [*study(), outcome(0, 0.5, method="betavae")]
    b = study(seeds=3)
    assert verdicts(compare(a, b)) == verdicts(compare(b, a)) == verdicts(compare(study(), b))
    with pytest.raises(BenchError, match="of 5 and 1 runs none share a setting"):
        compare(study(), [outcome(0, 0.5, method="betavae")])


def test_other_seeds_of_one_platform_are_compared_as_seeds():
    late = [outcome(n + 50, 0.1 + n / 100, 20.0 + n) for n in range(5)]
    assert verdicts(compare(study(), late)) == {("toy vae", "reconstruction"): WITHIN, ("toy vae", "MIG"): WITHIN}


@pytest.mark.parametrize(
    ("environment", "status", "verdict"),
    [(HERE, "diverged", DIFFERS), (ELSEWHERE, "failed", DIFFERS), (ELSEWHERE, "diverged", WITHIN)],
)
def test_runs_that_end_in_two_ways(environment, status, verdict):
    other = study(environment=environment, shift=0.0 if environment == HERE else 1e-6)
    other[2] = replace(other[2], status=status, numbers={}, samples={})
    found = {cell.quantity: cell for cell in compare(study(), other)}
    cell = found[NUMBERS] if environment == HERE else found["status"]
    assert cell.verdict == verdict
    assert f"seed 2: done and {status}" in cell.text


def test_settings_are_told_apart():
    a = [outcome(0, 0.1, beta="1.0"), outcome(0, 0.1, beta="16.0"), outcome(0, 0.1, method="other")]
    assert {cell.setting for cell in compare(a, a)} == {"toy vae β=1", "toy vae β=16", "toy other"}
    wider = replace(a[2], setting="wider", key="wider")
    assert {cell.setting for cell in compare([*a, wider], [*a, wider])} >= {"toy other (other4.0)", "toy other (wider)"}


def test_platforms_are_told():
    assert platforms(study(), study()) == "the same platform"
    assert platforms(study(), study(environment=ELSEWHERE)) == "other platforms; cpu one and another"
    pinned = study(environment=HERE | PINS), study(environment=ELSEWHERE | PINS)
    assert platforms(*pinned) == "reproducible on both platforms"
