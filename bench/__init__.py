"""The suite around the methods and the metrics: runs, the store, studies, reports and the command line.

`import bench` gives what docs/python.md shows: load, run, score, compare, pareto, encoder.
"""

from typing import TYPE_CHECKING, Any

from bench.environment import settle_caches

if TYPE_CHECKING:
    from bench.door import compare, encoder, load, pareto, run, score

__all__ = ["compare", "encoder", "load", "pareto", "run", "score"]

settle_caches()  # before any library is imported that keeps files


def __getattr__(name: str) -> Any:
    """Each when it is first asked for: `import bench` waits for no library."""
    if name in __all__:
        from bench import door  # imports pandas

        return getattr(door, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
