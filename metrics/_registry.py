"""The metrics by name: the plugins of this package, and those of installed ones (entry points `bench.metrics`)."""

import difflib
import importlib
import pkgutil
import sys
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path

from metrics._about import About
from metrics._codes import Metric, MetricError

GROUP = "bench.metrics"


def own() -> list[str]:
    """Names of the metrics of this package."""
    return sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if not m.name.startswith("_"))


def names() -> list[str]:
    """All known names, sorted."""
    return sorted({*own(), *entry_points(group=GROUP).names})


def load(name: str) -> Metric:
    """The metric itself. MetricError for an unknown name, which lists the known ones."""
    if name in own():
        module = importlib.import_module(f"metrics.{name}")
        metric: Metric = getattr(module, module.__all__[0])
        return metric
    for point in entry_points(group=GROUP, name=name):
        installed: Metric = point.load()
        return installed
    raise MetricError(unknown("metric", name, names()))


def about(name: str) -> About | None:
    """What the metric's module states of it; None where an installed one states nothing."""
    stated: About | None = getattr(sys.modules[load(name).__module__], "ABOUT", None)
    return stated


def unknown(what: str, given: object, known: Iterable[str]) -> str:
    """One line for a name that is not known: the known ones, and the nearest."""
    known = list(known)
    near = difflib.get_close_matches(str(given), known, n=1, cutoff=0.5)
    return f"unknown {what} {given!r}: choose from {', '.join(known)}" + (f" (did you mean {near[0]}?)" if near else "")
