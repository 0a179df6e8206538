"""What `import bench` gives: the commands as functions that take and return pandas frames, arrays and modules."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from bench.cli.score import asked
from bench.environment import at_home
from bench.errors import BenchError
from bench.report.comparison import cells, outcomes
from bench.report.stats.hypervolume import non_dominated
from bench.report.stats.intervals import iqm
from bench.report.tables.rows import run_rows, score_rows
from bench.report.words.names import method_label
from bench.scoring.arrays import Arrays, csv_of, score_arrays

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.scoring.encoder import Encoder


def load(path: Path | str) -> pd.DataFrame:
    """A row per run of a results folder, a bundle or a report's folder, indexed by key.

    Columns are those of a report's runs.csv, then each score, its mean over evaluation repeats, by name; or as
    `NAME (PROTOCOL)` where runs have it by several. Damaged runs are left out and stand in `frame.attrs["damaged"]`, by
    key with the reason. BenchError where there are no runs.
    """
    folder, damaged = at_home(str(path)), dict[str, str]()
    if outcomes.is_report(folder):
        runs, scores = (pd.read_csv(folder / name, low_memory=False) for name in outcomes.FILES)
    else:
        several = outcomes.stored(folder, damaged)
        runs, scores = pd.DataFrame(run_rows(several)), pd.DataFrame(score_rows(several))
    table = runs.set_index("key")
    if not scores.empty:
        whole = scores[scores["factor"].isna()] if "factor" in scores else scores
        double = whole.groupby("name")["protocol"].transform("nunique") > 1
        whole = whole.assign(column=whole["name"].where(~double, whole["name"] + " (" + whole["protocol"] + ")"))
        table = table.join(whole.pivot_table(values="value", index="key", columns="column", sort=False))
    table.attrs["damaged"] = damaged
    return table


def run(**options: Any) -> pd.DataFrame:
    """What `bench run` does with these options, and `load` of its results: `run(methods="vae,betavae", seeds=2)`.

    A list stands for an option given several times (`set=["betavae.beta=4"]`), True for a flag. BenchError for what
    the command refuses, and where a run failed.
    """
    # both import torch, which the rest does without
    from bench.cli.run import run as command
    from bench.study.study import read

    study = str(options.get("study", "quick"))
    words: list[str] = []
    for name, value in options.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            words += [f"--{name.replace('_', '-')}", *([] if one is True else [str(one)])]
    try:
        command.main(words, prog_name="bench run", standalone_mode=False)
    except click.ClickException as error:
        raise BenchError(f"run: {error.format_message()}") from None
    except SystemExit as ended:
        raise BenchError(f"run: not all runs are done (exit code {ended.code})") from None
    return load(options.get("out") or Path("results") / read(study)["name"])


def score(
    z: Any, v: Any, metrics: str | None = None, *, set: Sequence[str] = (), seed: int = 0, **options: Any
) -> pd.DataFrame:
    """Codes z (N, D) scored against factors v (N, K), as `bench score` does: a row per value, and per factor.

    metrics: names with commas between, by default all. set, seed and further options are the command's: n_train,
    n_test, continuous_bins, binning; names: of the factors. BenchError for what cannot be scored.
    """
    names, settings = asked(metrics, set)
    arrays = Arrays(z, v, options.pop("names", None))
    return pd.read_csv(io.StringIO(csv_of(score_arrays(arrays, names, settings, seed, **options))))


def compare(a: Path | str, b: Path | str) -> pd.DataFrame:
    """The lines of `bench compare A B`: verdict (`same`, `within`, `differs`), setting, quantity, and the numbers."""
    mine, others = (outcomes.read(at_home(str(folder)), {}) for folder in (a, b))
    return pd.DataFrame(cells.compare(mine, others))


def pareto(frame: pd.DataFrame, ax: "Axes | None" = None, *, score: str = "mig", cost: str = "recon") -> "Axes":
    """A score against a cost, a point per setting (interquartile means over seeds), and the front of them all.

    frame: of `load`, or some of its rows; cost: a diagnostic. BenchError for a column that is not there.
    """
    import matplotlib.pyplot as plt  # only a drawing needs it

    x, y = f"diagnostic.{cost}", score
    for name in (x, y):
        if name not in frame:
            raise BenchError(f"pareto: no column {name}; expected one of {', '.join(map(str, frame.columns))}")
    points = frame[frame["status"] == "done"].groupby(["method", "setting"], sort=False)[[x, y]].agg(iqm).dropna()
    ax = plt.gca() if ax is None else ax
    for method, several in points.groupby(level="method", sort=False):
        ax.plot(several[x], several[y], marker="o", label=method_label(str(method)))
    front = points[non_dominated(points.to_numpy() * (1, -1))].sort_values(x)
    ax.step(front[x], front[y], where="post", color="0.2", linewidth=0.9, label="front")
    ax.set(xlabel=cost, ylabel=score)
    ax.legend()
    return ax


def encoder(run: Path | str, x_shape: tuple[int, ...] | None = None, device: str = "cpu") -> "Encoder":
    """The encoder of a run from the weights in its folder: see bench.scoring.encoder."""
    from bench.scoring.encoder import encoder as opened  # imports torch, which the rest does without

    return opened(run, x_shape, device)
