"""The journal, and samplers that forget nothing."""

import os
from pathlib import Path

import optuna
import pytest

from bench.errors import BenchError
from bench.search import storage
from bench.search.samplers import seeded
from bench.search.space import grid_of, rounded
from bench.search.storage import JOURNAL, opened
from bench.store.searches import FOLDER, Dimension

BETA = Dimension(name="beta", low=1.0, high=32.0, log=True)
WARMUP = Dimension(name="warmup", low=0, high=3, whole=True)


def test_a_last_line_that_was_not_written_to_its_end_costs_that_line_alone(tmp_path):
    optuna.create_study(storage=opened(tmp_path, None), study_name="one")
    path = tmp_path / FOLDER / JOURNAL
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 0, "worker')
    optuna.create_study(storage=opened(tmp_path, None), study_name="two")
    assert path.read_bytes().startswith(whole)
    assert set(optuna.get_all_study_names(opened(tmp_path, None))) == {"one", "two"}


def test_what_is_no_journal_is_named(tmp_path):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / JOURNAL).write_text("not JSON\nat all\n")
    with pytest.raises(BenchError, match=r"journal\.log: cannot be read as Optuna's journal"):
        opened(tmp_path, None)


@pytest.mark.parametrize(
    "line",
    ["null", "7", "[]", "{}", '{"op_code": 99}', '{"op_code": 4, "trial_id": 10}', "[" * 10**5, '{"op_code": 0}'],
)
def test_an_odd_line_is_named(tmp_path, line):
    optuna.create_study(storage=opened(tmp_path, None), study_name="one")
    with (tmp_path / FOLDER / JOURNAL).open("a") as journal:
        journal.write(f"{line}\n" * 2)
    with pytest.raises(BenchError, match=r"journal\.log: cannot be read as Optuna's journal: \w+"):
        opened(tmp_path, None)


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("left", ["file", "link", "link to nowhere"])
def test_the_lock_of_a_dead_process_is_waited_for_no_longer_than_the_grace(
    tmp_path, monkeypatch, relative, left, caplog
):
    """Whatever version left it: a link as Optuna makes it (of the path as it was given), or a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(storage, "GRACE", 3)
    root = Path("results") if relative else tmp_path / "results"
    optuna.create_study(storage=opened(root, None), study_name="one")
    lock = root / FOLDER / f"{JOURNAL}.lock"
    if left == "file":
        lock.touch()
    else:
        lock.symlink_to(lock.with_name(JOURNAL).absolute() if left == "link" else "results/searches/journal.log")
    optuna.create_study(storage=opened(root, None), study_name="two")
    assert not os.path.lexists(lock)


@pytest.mark.parametrize("name", [FOLDER, f"{FOLDER}/{JOURNAL}"])
def test_no_journal_is_opened_through_a_link(tmp_path, name):
    root, outside = tmp_path / "results", tmp_path / "outside"
    outside.write_text("not a journal: without an end of line")
    (root / name).parent.mkdir(parents=True)
    (root / name).symlink_to(outside if name.endswith(JOURNAL) else tmp_path)
    with pytest.raises(BenchError, match="is a link"):
        opened(root, None)
    assert outside.read_text() == "not a journal: without an end of line"
    assert not (tmp_path / JOURNAL).exists()


def test_what_is_no_file_is_no_journal(tmp_path):
    (tmp_path / FOLDER).mkdir()
    os.mkfifo(tmp_path / FOLDER / JOURNAL)
    with pytest.raises(BenchError, match="it is no file"):
        opened(tmp_path, None)


@pytest.mark.parametrize("trials", [1, 2, 5, 6, 7, 20])
def test_a_grid_has_as_many_cells_as_trials_allow(trials):
    grid = grid_of([BETA, WARMUP], trials)
    cells = len(grid["beta"]) * len(grid["warmup"])
    assert cells <= trials
    assert all(1 <= value <= 32 for value in grid["beta"])
    assert set(grid["warmup"]) <= {0, 1, 2, 3}
    assert len(set(grid["beta"])) == len(grid["beta"])
    if trials > 1:
        assert {1, 32} <= set(grid["beta"])
        assert cells > trials / 2


def test_proposals_are_rounded_within_their_bounds():
    assert rounded(1.23456, 1, 2) == 1.23
    assert rounded(1.23456, 1.2345, 2) == 1.2345
    assert rounded(1999.6, 1, 1999.5) == 1999.5


@pytest.mark.parametrize("name", ["tpe", "random", "nsga2", "grid"])
def test_a_proposal_depends_on_its_number_and_not_on_the_samplers_life(name):
    """One sampler for all trials, and a new one for each."""

    def proposals(new_for_each):
        study = optuna.create_study(sampler=seeded(name, 0, "betavae", [BETA], 16))
        for _ in range(16):
            if new_for_each:
                study.sampler = seeded(name, 0, "betavae", [BETA], 16)
            trial = study.ask()
            study.tell(trial, -abs(trial.suggest_float("beta", 1, 32, log=True) - 7), skip_if_finished=True)
        return [t.params["beta"] for t in study.trials]

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    one, two = proposals(False), proposals(True)
    optuna.logging.set_verbosity(verbosity)
    assert one == two
    assert len(set(one)) > 12
