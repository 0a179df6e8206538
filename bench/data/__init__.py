"""Data sets with known factors: one file each; a file without a leading underscore is a plugin.

`from bench.data import FactorDataset` gives what the author of a data set needs.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.data._base import FactorDataset

__all__ = ["FactorDataset"]


def __getattr__(name: str) -> Any:
    """`FactorDataset` when it is first asked for: listing the plugins must not wait for NumPy."""
    if name in __all__:
        from bench.data import _base  # imports NumPy

        return getattr(_base, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
