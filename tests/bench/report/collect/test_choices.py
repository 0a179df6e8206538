import pytest
from report_fakes import group_of

from bench.quantities import Quantity
from bench.report.collect.choices import MEDIAN, ONLY, SEARCH, choose, halves
from bench.report.collect.findings import ELBO
from bench.report.collect.groups import Group

MIG = Quantity("mig", "mig", "mig:bins20")
LEVELS = {
    ("vae", None): 0.1,
    ("betavae", 1.0): 0.1,
    ("betavae", 4.0): 0.3,
    ("factorvae", 10.0): 0.3,
    ("pca", None): 0.9,
}


@pytest.fixture(scope="module")
def group() -> Group:
    return group_of(LEVELS)


def test_no_seed_both_selects_and_evaluates() -> None:
    assert halves([4, 0, 1, 2, 3]) == ((1, 3), (0, 2, 4))
    assert halves([7]) == ((), (7,))
    assert halves([]) == ((), ())


def test_the_setting_of_the_highest_median_is_chosen_and_evaluated_on_the_other_seeds(group: Group) -> None:
    by_method = {c.method: c for c in choose(group, MIG, MIG)}
    assert list(by_method) == ["vae", "betavae", "factorvae"]  # never a baseline
    beta = by_method["betavae"]
    assert beta.setting.strength_value == 4.0
    assert (beta.rule, set(beta.values), set(beta.selection)) == (MEDIAN, set(range(0, 20, 2)), set(range(1, 20, 2)))
    assert beta.picked is not None


def test_a_method_of_one_setting_keeps_all_of_its_seeds(group: Group) -> None:
    for choice in choose(group, MIG, MIG):
        if choice.method != "betavae":
            assert (choice.rule, choice.selection, choice.picked) == (ONLY, (), None)
            assert choice.values == choice.setting.samples[MIG]
            assert choice.estimate.n == 20


def test_four_methods_of_one_setting_and_six_seeds_are_compared_on_six() -> None:
    four = group_of({("vae", None): 0.1, ("betavae", 4.0): 0.2, ("factorvae", 10.0): 0.2, ("infovae", 9.0): 0.2}, 6)
    assert [c.estimate.n for c in choose(four, MIG, MIG)] == [6, 6, 6, 6]


def test_the_setting_of_a_search_is_the_methods_and_keeps_all_seeds(group: Group) -> None:
    low = next(s for s in group.settings if s.strength_value == 1.0)
    beta = next(c for c in choose(group, MIG, MIG, searched=[low.id]) if c.method == "betavae")
    assert (beta.setting.id, beta.rule, beta.selection, beta.estimate.n) == (low.id, SEARCH, (), 20)


def test_of_two_settings_from_searches_the_seeds_choose_as_of_any(group: Group) -> None:
    both = [s.id for s in group.settings if s.spec.method == "betavae"]
    beta = next(c for c in choose(group, MIG, MIG, searched=both) if c.method == "betavae")
    assert (beta.rule, beta.setting.strength_value, beta.estimate.n) == (MEDIAN, 4.0, 10)


def test_a_lucky_seed_among_those_that_evaluate_does_not_choose() -> None:
    lucky = group_of({("betavae", 1.0): 0.3, ("betavae", 4.0): 0.2}, seeds=6, noise=0.0)
    lucky.settings[1].samples[MIG][0] = 5.0
    (choice,) = choose(lucky, MIG, MIG)
    assert choice.setting.strength_value == 1.0


def test_the_elbo_chooses_without_labels(group: Group) -> None:
    chosen = {c.method: c.setting.strength_value for c in choose(group, MIG, ELBO)}
    assert chosen["betavae"] == 1.0


def test_a_setting_whose_runs_fail_is_not_chosen() -> None:
    fails = group_of({("betavae", 1.0): 0.1, ("betavae", 4.0): 0.9}, seeds=6)
    for seed in (1, 3):
        del fails.settings[1].samples[MIG][seed]
    assert choose(fails, MIG, MIG)[0].setting.strength_value == 1.0


def test_one_seed_chooses_nothing() -> None:
    one = group_of(LEVELS, seeds=1)
    assert {c.method for c in choose(one, MIG, MIG)} == {"vae", "factorvae"}
