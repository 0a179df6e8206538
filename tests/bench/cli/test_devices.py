"""What `--device` means, in every command that has it, on a machine without a GPU."""

from pathlib import Path

import pytest
import torch

from bench.execution import trial as module
from bench.store.store import Store

STUDY = ("--study", "tiny.toml", "--methods", "vae", "--seeds", "1")
COMMANDS = [
    ("run", *STUDY),
    ("plan", *STUDY, "--no-calibration"),
    ("search", "--study", "tiny.toml", "--methods", "betavae", "--trials", "1"),
    ("baselines", "results/tiny"),
    ("verify", "results/tiny", "--weights"),
    ("verify", "results/tiny", "--retrain", "1"),
    ("pictures", "results/tiny"),
    ("score", "--runs", "results/tiny", "--metrics", "mig"),
    ("score", "--runs", "results/tiny", "--udr"),
]


@pytest.fixture
def bench(run, bench, monkeypatch):
    """bench(...) in a folder that holds a run, where torch finds no GPU."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert run(*STUDY[2:])[0] == 0
    return bench


def test_a_device_that_is_not_there_is_one_line_in_every_command(bench):
    for command in COMMANDS:
        for device, message in (
            ("cuda", "device=cuda: torch finds no GPU here; cpu is always there"),
            ("cuda:3", "device=cuda:3: torch finds 0 GPUs here; cpu is always there"),
            ("gpu", "device=gpu: expected auto, cpu, cuda, or a list such as cuda:0,cuda:2"),
        ):
            code, _, err = bench(*command, "--device", device)
            assert (command, code, err) == (command, 2, f"error: {message}\n")


@pytest.mark.parametrize("command", [COMMANDS[3], *COMMANDS[4:7], COMMANDS[8]], ids=" ".join)
def test_auto_is_the_processor_where_there_is_no_gpu(bench, command):
    few = ("--only", "chance", "--jobs", "1") if command[0] == "baselines" else ()
    code, out, err = bench(*command, *few, "--device", "auto")
    assert (code, err) == (0, "")
    assert command[0] != "verify" or "0 runs differ, 0 are damaged\n" in out or out.endswith(" 0 differs\n")


@pytest.mark.parametrize("command", [COMMANDS[4], COMMANDS[6], COMMANDS[8]], ids=" ".join)
def test_a_command_that_uses_one_device_refuses_a_list(bench, command):
    code, _, err = bench(*command, "--device", "cpu:0,cpu:1")
    message = "this command uses one device; expected auto, cpu, cuda or cuda:N"
    assert (code, err) == (2, f"error: device=cpu:0,cpu:1: {message}\n")


@pytest.mark.parametrize(("how", "broken"), [("--weights", "restored"), ("--retrain=1", "train")])
def test_a_run_that_cannot_be_carried_out_again_is_no_difference(bench, monkeypatch, how, broken):
    def refused(*_, **__):
        raise RuntimeError("no such device")

    monkeypatch.setattr(module, broken, refused)
    code, out, _ = bench("verify", "results/tiny", how)
    (key,) = Store(Path("results/tiny")).keys()
    assert code == 1
    assert f"{key}: could not be checked: RuntimeError: no such device\n" in out
    assert "0 runs differ, 0 are damaged, 1 could not be checked\n" in out or how != "--weights"


def test_a_metric_that_fails_is_no_difference(bench, monkeypatch):
    def refused(*_, **__):
        raise ArithmeticError("as told to")

    monkeypatch.setattr(module, "scores_of", refused)
    for how in ("--weights", "--retrain=1"):
        code, out, _ = bench("verify", "results/tiny", how)
        assert code == 1
        assert "could not be checked: ArithmeticError: as told to" in out


def test_the_number_of_a_device_makes_no_other_platform(bench):
    code, out, _ = bench("verify", "results/tiny", "--weights", "--device", "cpu:0")
    assert (code, "compared exactly: 0 runs differ" in out) == (0, True)
