"""How the commands grow with a study: stores of made-up runs, 1,260, 12,600 (the field's largest) and 50,000.

    python benchmarks/scale.py [RUNS ...]

Times, each in a process of its own: expanding the grid, deciding what is left (`bench plan --no-calibration`, whole
command, and its part that reads the folder), `bench status` and `bench report`, with the memory at its peak. Seconds of
the processor, start-up included, tell what a command needs where the machine is shared.
Runs have no weights and posteriors, which none of these commands reads; their folders hold what the others would.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIZES = (1260, 12600, 50000)
STUDY = """
name = "scale"
dataset = "sprites32"
methods = ["vae", "betavae", "factorvae", "infovae"]
metrics = ["mig", "dci", "factorvae_score"]
seeds = {seeds}
steps = 2000
[set.betavae]
beta = [1, 2, 4, 6, 8, 16]
[set.factorvae]
gamma = [10, 20, 30, 40, 50, 100]
[set.infovae]
lambda_ = [10, 20, 50, 100, 200, 500, 1000, 2000]
"""
SETTINGS = 21


def made(folder: Path, runs: int) -> None:
    """A store of that many runs, in the folder `store`, and its study file. Written without fsync, for time."""
    from bench.spec import Record, Repeat, ScoreFile
    from bench.store import atomic
    from bench.store.files import Artefacts
    from bench.store.store import Store
    from bench.study.study import expand, parse, protocols, read

    (folder / "scale.toml").write_text(STUDY.format(seeds=list(range(-(-runs // SETTINGS)))))
    study = parse(read(str(folder / "scale.toml")), "scale")
    rng = np.random.default_rng(0)
    store = Store(folder / "store")
    atomic.os.fsync = lambda handle: None
    values = {"mig": ("mig",), "factorvae_score": ("factorvae_score",)}
    dci = ("dci_disentanglement", "dci_completeness", "dci_informativeness")
    for spec in expand(study)[:runs]:
        scores = [
            ScoreFile(
                protocol=p.id,
                metric=p.metric,
                params=p.params,
                repeats=[
                    Repeat(
                        repeat=0,
                        values={name: float(rng.random()) for name in values.get(p.metric, dci)},
                        per_factor={p.metric: rng.random(5).tolist()},
                        matrices={p.metric: rng.random((10, 5)).tolist()},
                    )
                ],
            )
            for p in protocols(study)
        ]
        diagnostics = {"recon": float(rng.random()), "kl_per_dimension": rng.random(10).tolist(), "collapsed": False}
        record = Record(key=spec.key, spec=spec, status="done", terms={"loss": 1.0}, diagnostics=diagnostics)
        history = [{"step": 50.0 * i, "loss": 100.0 / (i + 1), "recon": 90.0, "kl": 9.0} for i in range(1, 41)]
        store.put(record, Artefacts(history=history, scores=scores))


def measure(what: str, folder: Path) -> dict[str, float]:
    """Seconds on the clock, seconds of the processor and megabytes at the peak, of one command in this process."""
    from bench.cli.main import bench

    before = time.perf_counter()
    store = str(folder / "store")
    out = {}
    if what == "resume":
        from bench.execution.plan import plan
        from bench.store.store import Store
        from bench.study.study import expand, ordered, parse, protocols, read

        study = parse(read(str(folder / "scale.toml")), "scale")
        scored_by = protocols(study)
        begun = time.perf_counter()
        specs = ordered(expand(study))
        out["expand"] = time.perf_counter() - begun
        begun = time.perf_counter()
        left = plan(specs, scored_by, Store(folder / "store"))
        out |= {"decide": time.perf_counter() - begun, "left": len(left.jobs)}
    else:
        arguments = {
            "plan": ["plan", "--study", str(folder / "scale.toml"), "--out", store, "--no-calibration"],
            "status": ["status", store],
            "report": ["report", store, "--out", str(folder / "reports")],
        }
        bench.main(arguments[what], standalone_mode=False)
    used = resource.getrusage(resource.RUSAGE_SELF)
    taken = {"seconds": time.perf_counter() - before, "cpu_seconds": used.ru_utime + used.ru_stime}
    return out | taken | {"peak_mb": used.ru_maxrss / 1024}


def main(sizes: list[int]) -> None:
    for runs in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            subprocess.run([sys.executable, __file__, "make", str(folder), str(runs)], check=True)
            for what in ("resume", "plan", "status", "report"):
                command = [sys.executable, __file__, what, str(folder)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found = json.loads(done.stdout.splitlines()[-1])
                told = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
                print(f"{runs:6} runs  {what:6}  {told}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        made(Path(sys.argv[2]), int(sys.argv[3]))
    elif len(sys.argv) == 3 and not sys.argv[1].isdecimal():
        print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
    else:
        main([int(n) for n in sys.argv[1:]] or list(SIZES))
