"""Training methods: one file each; a file without a leading underscore is a plugin.

`from methods import Method, kl, sample` gives what the author of a method or of a backbone needs.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from methods._base import Backbone, Method, MethodError, Player, require, require_finite
    from methods._likelihood import LIKELIHOODS, Likelihood
    from methods._terms import kl, mmd, permute_dims, sample

__all__ = [
    "LIKELIHOODS",
    "Backbone",
    "Likelihood",
    "Method",
    "MethodError",
    "Player",
    "kl",
    "mmd",
    "permute_dims",
    "require",
    "require_finite",
    "sample",
]


def __getattr__(name: str) -> Any:
    """Each name of `__all__` when it is first asked for: listing the plugins must not wait for torch."""
    if name in __all__:
        from methods import _base, _likelihood, _terms  # import torch

        return next(vars(module)[name] for module in (_terms, _likelihood, _base) if name in vars(module))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
