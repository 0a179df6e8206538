"""Searches that share a storage, are interrupted or killed: real processes and signals."""

import signal
import time

from bench.store.searches import read

SLOW = ("--methods", "deadly", "--no-strength", "--tune", "lr=1e-4,1e-2", "--objective", "recon", "--steps", "15")
SLOW += ("--set", "deadly.milliseconds=40")


def wait_for(path, pattern, seconds=300):
    until = time.monotonic() + seconds
    while not (path.is_dir() and any(path.glob(pattern))):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_two_processes_share_the_trials_and_one_goes_on_with_what_a_killed_one_left(begin, search, store, found):
    """The proposals are those of one process that was never disturbed."""
    first = begin(*SLOW, "--trials", 4)
    wait_for(store.root / ".leases", "*.progress")
    second = begin(*SLOW, "--trials", 4)
    wait_for(store.root, "[0-9a-f]*")
    time.sleep(0.3)
    first.send_signal(signal.SIGKILL)
    out, _ = second.communicate(timeout=600)
    assert second.returncode == 0, out
    one = found()["deadly"]
    assert [trial.number for trial in one.trials] == [0, 1, 2, 3]
    assert [trial.state for trial in one.trials] == ["done"] * 4
    assert len({tuple(trial.params.values()) for trial in one.trials}) == 4
    assert len(store.keys()) == 4
    search(*SLOW, "--trials", 4, "--steps", 1, "--set", "deadly.milliseconds=0", "--out", "calm")
    (calm,) = read(store.root.parent.parent / "calm")
    assert [trial.params for trial in one.trials] == [trial.params for trial in calm.trials]


def test_ctrl_c_keeps_the_trial_and_the_same_command_goes_on_with_it(begin, store, found):
    command = begin(*SLOW, "--trials", 2, "--steps", 80)
    wait_for(store.root / ".leases", "*.progress")
    time.sleep(0.5)
    command.send_signal(signal.SIGINT)
    out, _ = command.communicate(timeout=600)
    assert command.returncode == 130, out
    assert "the same command goes on from there" in out
    (trial,) = found()["deadly"].trials
    assert trial.state == "running"
    out, _ = begin(*SLOW, "--trials", 2, "--steps", 80).communicate(timeout=600)
    assert [t.state for t in found()["deadly"].trials] == ["done"] * 2, out
    assert found()["deadly"].trials[0].params == trial.params
    assert "resumed_at" in store.record(found()["deadly"].trials[0].keys[0]).cost
