"""Metrics of disentanglement, functions of arrays: one file each; a file without a leading underscore is a plugin.

`from metrics import score` scores arrays by any of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrics._score import Scored, score

__all__ = ["Scored", "score"]


def __getattr__(name: str) -> Any:
    """`score` and `Scored` when they are first asked for: listing the plugins must not wait for NumPy."""
    if name in __all__:
        from metrics import _score  # imports NumPy

        return getattr(_score, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
