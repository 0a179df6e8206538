import math

import msgspec
import pytest
from report_fakes import FakeStore, record, score, spec, store_of

from bench.errors import BenchError
from bench.quantities import RECON, Quantity
from bench.report.collect.groups import Group, collect, groups
from bench.seeds import SEARCH_SEEDS
from bench.spec import DataSpec, ScoreFile
from bench.store.files import Damaged
from bench.store.runs import run_values

MIG = Quantity("mig", "mig", "mig:bins20")


def summed(*stores: FakeStore) -> tuple[Group, ...]:
    return groups(collect({str(i): s for i, s in enumerate(stores)}), resamples=50)


def test_seeds_of_one_setting_are_averaged_in_any_order() -> None:
    values = {0: 0.1, 1: 0.2, 2: 0.3, 3: 0.9}
    (group,) = summed(store_of(values))
    (setting,) = group.settings
    assert setting.samples[MIG] == values
    assert setting.estimates[MIG].iqm == pytest.approx(0.25)
    assert setting.estimates[RECON].n == 4
    (again,) = summed(store_of(dict(reversed(values.items()))))
    assert again.settings[0].estimates == setting.estimates


def test_evaluation_repeats_are_averaged_within_a_run_and_do_not_count_as_seeds() -> None:
    run = spec()
    (group,) = summed(FakeStore([(record(run), [score([0.1, 0.2, 0.6])])]))
    estimate = group.settings[0].estimates[MIG]
    assert (estimate.n, estimate.iqm) == (1, pytest.approx(0.3))


def test_runs_that_are_not_done_are_counted_and_never_averaged() -> None:
    store = store_of({0: 0.1, 1: 0.2})
    for seed, status in ((2, "diverged"), (3, "failed"), (4, "failed")):
        lost = record(spec(seed=seed), status=status, diagnostics={"recon": 1e9})
        store.runs.append((lost, [score(99.0)]))
    (setting,) = summed(store)[0].settings
    assert (setting.counts["done"], setting.counts["diverged"], setting.counts["failed"]) == (2, 1, 2)
    assert setting.samples[MIG] == {0: 0.1, 1: 0.2}
    assert setting.estimates[RECON].iqm == 20.5


def test_collapsed_runs_are_counted_and_averaged() -> None:
    store = store_of({0: 0.1, 1: 0.2})
    collapsed = record(spec(seed=2))
    collapsed = msgspec.structs.replace(collapsed, diagnostics=collapsed.diagnostics | {"collapsed": True})
    store.runs.append((collapsed, [score(0.0)]))
    (setting,) = summed(store)[0].settings
    assert setting.collapsed == 1
    assert setting.estimates[MIG].n == 3


@pytest.mark.parametrize(
    "change",
    [
        {"backbone": "guide"},
        {"backbone_params": {"width": 2}},
        {"steps": 2000},
        {"z_dim": 10},
        {"likelihood": "gaussian"},
        {"lr": 1e-3},
        {"revision": 2},
        {"dataset": DataSpec(name="toy", sha256="cd" * 32)},
        {"dataset": DataSpec(name="toy", args={"n": 2}, sha256="ab" * 32)},
    ],
)
def test_what_may_not_be_compared_is_in_groups_of_its_own(change: dict[str, object]) -> None:
    found = summed(store_of({0: 0.1, 1: 0.2}), store_of({0: 0.8, 1: 0.9}, **change))
    assert [[s.counts["done"] for s in g.settings] for g in found] == [[2], [2]]
    assert sorted(round(g.settings[0].estimates[MIG].iqm, 2) for g in found) == [0.15, 0.85]


def test_where_a_file_lies_makes_no_group() -> None:
    elsewhere = DataSpec(name="toy", sha256="ab" * 32, source="/another/toy.npz")
    (group,) = summed(store_of({0: 0.1}), store_of({1: 0.2}, dataset=elsewhere))
    assert group.settings[0].counts["done"] == 2


def test_protocols_of_one_metric_are_never_averaged_together() -> None:
    sampled = score(0.8, protocol="mig:bins20-sample")
    (group,) = summed(FakeStore([(record(spec()), [score(0.2), sampled])]))
    estimates = group.settings[0].estimates
    assert estimates[MIG].iqm == 0.2
    assert estimates[Quantity("mig", "mig", "mig:bins20-sample")].iqm == 0.8


def test_settings_keep_their_strength_and_baselines_come_first() -> None:
    runs = [(record(spec(params={"beta": b})), [score(0.1)]) for b in (16.0, 2.0, 4.0)]
    runs += [(record(spec("vae", params={})), [score(0.1)])]
    runs += [(record(spec("infovae", params={"alpha": a, "lambda_": 10.0})), [score(0.1)]) for a in (0.5, 0.0)]
    (group,) = summed(FakeStore(runs))
    assert [(s.spec.method, s.strength_value) for s in group.settings] == [
        ("vae", None),
        ("betavae", 2.0),
        ("betavae", 4.0),
        ("betavae", 16.0),
        ("infovae", 10.0),
        ("infovae", 10.0),
    ]
    assert [key for key in group.series if key[0] == "infovae"] == [
        ("infovae", (("alpha", 0.0),)),
        ("infovae", (("alpha", 0.5),)),
    ]


def test_a_run_that_failed_before_its_method_was_built_belongs_to_its_setting() -> None:
    store = store_of({0: 0.1})
    store.runs.append((record(spec(seed=1), status="failed", strength=None), []))
    (setting,) = summed(store)[0].settings
    assert setting.strength == "beta"
    assert setting.counts["failed"] == 1


def test_a_score_that_is_not_finite_is_missing_and_n_says_so() -> None:
    (group,) = summed(store_of({0: 0.1, 1: math.nan, 2: 0.3}))
    assert group.settings[0].estimates[MIG].n == 2
    assert group.settings[0].estimates[RECON].n == 3


def test_an_interval_does_not_depend_on_what_else_is_reported() -> None:
    (alone,) = summed(store_of({0: 0.1, 1: 0.2, 2: 0.4}))
    together = summed(store_of({0: 0.1, 1: 0.2, 2: 0.4}), store_of({0: 0.5, 1: 0.6}, params={"beta": 1.0}))[0]
    same = next(s for s in together.settings if s.strength_value == 4.0)
    assert same.estimates == alone.settings[0].estimates


def test_a_run_in_two_stores_counts_once_with_the_scores_of_both() -> None:
    run = spec()
    other = score(0.7, "sap", "sap:mean")
    failed = FakeStore([(record(run, status="failed"), [])])
    runs = collect(
        {"a": failed, "b": FakeStore([(record(run), [score(0.2)])]), "c": FakeStore([(record(run), [other])])}
    )
    assert len(runs) == 1
    assert runs[0].record.status == "done"
    assert [s.protocol for s in runs[0].scores] == ["mig:bins20", "sap:mean"]


def test_runs_of_a_search_are_never_reported() -> None:
    (group,) = summed(store_of({0: 0.1, SEARCH_SEEDS: 0.9}))
    assert group.settings[0].samples[MIG] == {0: 0.1}
    with pytest.raises(BenchError, match=r"no runs and 1 of a search; expected at least one done run"):
        collect({"mine": store_of({SEARCH_SEEDS + 3: 0.9})})


def test_a_damaged_run_is_left_out_and_noted() -> None:
    class Torn(FakeStore):
        def scores(self, key: str) -> list[ScoreFile]:
            if key == spec(seed=1).key:
                raise Damaged(f"{key}/scores: torn")
            return super().scores(key)

    store = Torn(store_of({0: 0.1, 1: 0.2}).runs)
    assert [r.record.spec.seed for r in collect({"mine": store})] == [0]
    assert store.damaged == {spec(seed=1).key: f"{spec(seed=1).key}/scores: torn"}


def test_without_a_done_run_the_error_says_what_there_is() -> None:
    with pytest.raises(BenchError, match=r"stores \(results\) hold no runs; expected at least one done run"):
        collect({"results": FakeStore([])})
    lost = [(record(spec(seed=s), status="diverged"), []) for s in range(2)]
    with pytest.raises(BenchError, match=r"hold 2 diverged; expected"):
        collect({"results": FakeStore(lost)})


def test_lists_and_flags_are_no_quantities() -> None:
    (run,) = collect({"a": FakeStore([(record(spec()), [score(0.2)])])})
    assert {q.name for q in run_values(run)} == {
        *("recon", "mse", "elbo", "kl", "active_units", "tc_mean", "tc_sample", "mig")
    }
