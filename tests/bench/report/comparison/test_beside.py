"""Others' runs beside one's own: named, refused by name, and the words for what was checked."""

from dataclasses import replace

import msgspec
import pytest
from report_fakes import FakeStore, record, score, spec, store_of

from bench.errors import BenchError
from bench.report.collect.groups import collect, groups
from bench.report.comparison.beside import Beside, Origin, comparable, origin_table, reproduced
from bench.report.comparison.outcomes import of_store
from bench.report.figures.style import PALE, looks
from bench.report.words.names import AGAINST, BOARD, method_label
from bench.spec import DataSpec
from bench.store.bundle import Entry, Found

MINE = store_of({0: 0.1, 1: 0.2})


def test_the_same_setting_of_two_people_is_two_settings_of_one_group():
    others = Beside(store_of({0: 0.3, 1: 0.4}), "Jane", AGAINST)
    (group,) = groups(collect({"results": MINE, "Jane": others}), resamples=10)
    assert {m: [s.counts["done"] for s in several] for m, several in group.methods.items()} == {
        "betavae": [2],
        "betavae@Jane": [2],
    }
    assert method_label("betavae@Jane") == method_label("betavae#Jane") == "β-VAE (Jane)"
    look = looks(group.series.items())
    assert [one.colour == PALE for one in look.values()] == [False, True]
    (others_run,) = group.methods["betavae@Jane"][0].runs[:1]
    assert others_run.record.key == f"Jane:{spec(seed=0).key}"


def test_on_a_board_nobody_is_grey():
    (group,) = groups(collect({"results": MINE, "b": Beside(store_of({0: 0.3}), "b", BOARD)}), resamples=10)
    assert PALE not in [one.colour for one in looks(group.series.items()).values()]


def test_baselines_are_anyone_s():
    pca = record(spec("pca", params={}))
    others = Beside(FakeStore([(pca, [score(0.1)])]), "Jane", AGAINST)
    assert [(r.key, r.spec.method) for r in others] == [(pca.key, "pca")]
    assert others.scores(pca.key) == [score(0.1)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"steps": 9}, "1 runs: steps 9, not 1000"),
        ({"batch_size": 9}, "1 runs: batch_size 9, not 64"),
        ({"dataset": DataSpec(name="other", sha256="cd" * 32)}, "1 runs: data other, not toy"),
        ({"dataset": DataSpec(name="toy", sha256="cd" * 32)}, f"1 runs: data sha256 {'cd' * 6}, not {'ab' * 6}"),
        ({"revision": 9}, "1 runs: revision 9, not 1"),
    ],
)
def test_other_data_and_budgets_are_refused_by_name(changes, told):
    with pytest.raises(BenchError, match="against Jane: nothing of it may stand beside these runs: ") as raised:
        comparable(MINE, store_of({0: 0.3}, **changes), "Jane")
    assert told in str(raised.value)


def test_what_is_left_is_shown_and_the_rest_named():
    other = store_of({0: 0.3}, steps=9)
    others = FakeStore([*store_of({0: 0.3, 1: 0.4}).runs, *other.runs])
    taken, refused = comparable(MINE, others, "Jane")
    assert refused == ("1 runs: steps 9, not 1000",)
    assert [r.spec.seed for r in Beside(others, "Jane", AGAINST, taken)] == [0, 1]


def test_other_protocols_are_refused_by_name_and_never_mixed():
    bins = score(0.3, protocol="mig:bins10")
    (run,) = FakeStore([(record(spec()), [bins])]).runs
    with pytest.raises(BenchError, match="1 runs: protocol mig:bins10, not mig:bins20"):
        comparable(MINE, FakeStore([run]), "Jane")
    others = FakeStore([(run[0], [bins, score(0.2), score(0.5, "sap", "sap:m")])])
    taken, refused = comparable(MINE, others, "Jane")
    assert refused == ("1 runs: protocol mig:bins10, not mig:bins20",)
    beside = Beside(others, "Jane", AGAINST, taken)
    assert [s.protocol for s in beside.scores(next(iter(beside)).key)] == ["mig:bins20", "sap:m"]


def test_two_trainings_of_one_key_are_reproduced_or_not_and_a_copy_is_neither():
    mine = of_store(MINE)
    again = [replace(run, seconds="2.5") for run in mine]
    assert reproduced(mine, again) == "reproduced (2 runs)"
    numbers = {name: value + 1 for name, value in again[0].numbers.items()}
    here = {"cpu": "one", "platform": "x", "device": "cpu", "threads": "1"}
    mine, again = ([replace(run, environment=here) for run in runs] for runs in (mine, again))
    assert reproduced(mine, [replace(again[0], numbers=numbers), again[1]]) == "not reproduced (2 runs)"
    assert reproduced(mine, mine) == ""
    assert reproduced(mine, of_store(store_of({7: 0.1}))) == ""


def test_the_words_in_a_report_are_those_of_the_files():
    entry = Entry(study="s", who="Jane", party="first", search="20 trials")
    found = Found(rescored=96, retrained=2)
    rows = origin_table(
        [Origin("", None, 4, Found()), Origin("Jane", entry, 2, found, "reproduced (2 runs)", ("x",))]
    ).rows
    assert rows[0][:4] == ["this folder", "", "4", "no"]
    assert rows[1][:4] == ["Jane", "first", "2", "rescored (96 numbers); retrained (2 runs); reproduced (2 runs)"]
    assert (rows[1][4], rows[1][-1]) == ("20 trials", "x")


def test_a_run_of_which_scores_are_damaged_costs_no_other(monkeypatch):
    from bench.store.files import Damaged

    others = store_of({0: 0.3, 1: 0.4})

    def scores(key):
        if key == spec(seed=0).key:
            raise Damaged("x")
        return FakeStore.scores(others, key)

    monkeypatch.setattr(others, "scores", scores)
    taken, _ = comparable(MINE, others, "Jane")
    assert list(taken) == [spec(seed=0).key, spec(seed=1).key]
    assert msgspec.to_builtins(MINE.runs[0][0])["key"] == spec(seed=0).key
