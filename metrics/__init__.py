"""Metrics of disentanglement, functions of arrays: one file each; a file without a leading underscore is a plugin.

`from metrics import score` scores arrays by any of them; `from metrics import Codes, Scores, first_rows` and the other
names of `__all__` are what the author of a metric needs.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrics._about import About
    from metrics._codes import Codes, MetricError, Scores
    from metrics._rows import first_rows, varying
    from metrics._score import Scored, score

__all__ = ["About", "Codes", "MetricError", "Scored", "Scores", "first_rows", "score", "varying"]


def __getattr__(name: str) -> Any:
    """Each name of `__all__` when it is first asked for: listing the plugins must not wait for NumPy."""
    if name in __all__:
        from metrics import _about, _codes, _rows, _score  # import NumPy

        return next(vars(module)[name] for module in (_about, _codes, _rows, _score) if name in vars(module))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
