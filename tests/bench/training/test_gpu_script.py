"""benchmarks/bench_gpu.py on the processor: its bookkeeping. What it measures takes a GPU."""

import argparse
from pathlib import Path

import pytest

BENCHMARKS = str(Path(__file__).parents[3] / "benchmarks")
GIVEN = argparse.Namespace(updates=2, backbone="small", device="cpu")


@pytest.fixture
def bench_gpu(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import bench_gpu

    return bench_gpu


def test_a_training_on_a_stream_is_the_training(bench_gpu):
    plain, streamed = bench_gpu.member("vae", 3, GIVEN), bench_gpu.on_stream(bench_gpu.member("vae", 3, GIVEN), None)
    assert [next(streamed) for _ in range(2)] == [1, 2]
    next(plain), next(plain)
    assert bench_gpu.in_turns([streamed]) == bench_gpu.in_turns([plain])


def test_every_training_makes_its_updates_twice_and_all_have_seeds_of_their_own(bench_gpu, monkeypatch):
    made = []

    def member(name, seed, given):
        for step in range(2 * given.updates):
            made.append((seed, step))
            yield step

    monkeypatch.setattr(bench_gpu, "member", member)
    for way in ("turns", "streams"):
        made.clear()
        assert bench_gpu.seconds("vae", way, 3, GIVEN) > 0
        assert sorted(made) == [(seed, step) for seed in range(3) for step in range(4)]


def test_one_that_fails_ends_the_measurement(bench_gpu, monkeypatch):
    def fails(name, seed, given):
        yield from range(given.updates)
        raise MemoryError("full")

    monkeypatch.setattr(bench_gpu, "member", fails)
    with pytest.raises(MemoryError, match="full"):
        bench_gpu.seconds("vae", "turns", 2, GIVEN)


def test_the_table_has_a_row_a_method_and_number_of_runs(bench_gpu, capsys):
    bench_gpu.main(["vae", "--updates", "2", "--runs", "1,2", "--backbone", "small", "--device", "cpu"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a processor"
    assert [line.split(" | ")[:2] for line in lines[-2:]] == [["| vae", "1"], ["| vae", "2"]]
    assert all(len(line.split("|")) == 7 for line in lines[-4:])
