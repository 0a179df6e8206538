"""How methods, parameters and quantities are called in tables and figures, and how numbers are written there."""

import math
from collections.abc import Mapping

from bench import plugins
from bench.errors import printable
from bench.plugins import Value
from bench.quantities import BASELINES, Label, fixed
from bench.spec import Record

# In the literature's spelling; any other method is called as on the command line. New ones go last: the place in this
# table is a colour and a marker, which stay what they are in every report.
METHODS = {
    "vae": "VAE",
    "betavae": "β-VAE",
    "factorvae": "FactorVAE",
    "infovae": "InfoVAE",
    "betatcvae": "β-TCVAE",
    "annealedvae": "AnnealedVAE",
    "dipvae": "DIP-VAE",
}
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")  # of series, matplotlib's
# Factors of the data sets that come with the suite, for records that do not name them.
FACTORS = {
    "dsprites": ("shape", "scale", "orientation", "posX", "posY"),
    "sprites32": ("shape", "scale", "orientation", "posX", "posY"),
}
# Between a method and whose it is: of settings in grey beside one's own, and of several people's side by side.
AGAINST, BOARD = "@", "#"
SYMBOLS = {"alpha": "α", "beta": "β", "gamma": "γ", "lambda_": "λ", "lambda_od": "λ_od", "c_max": "C"}


def method_label(name: str) -> str:
    """The method's name in the literature, or that its plugin states (title), or else that on the command line.

    In brackets whose it is, where others' settings stand beside one's own.
    """
    for mark in (AGAINST, BOARD):
        own, marked, who = name.partition(mark)
        if marked:
            return f"{method_label(own)} ({who})"
    known = METHODS.get(name.replace("_", ""), BASELINES.get(name, ""))
    return known or printable(plugins.stated("method", name, "title")) or name


def factor_names(record: Record, count: int) -> tuple[str, ...]:
    """What the factors of a run's data set are called, or else their numbers."""
    known = tuple(record.factors) or FACTORS.get(record.spec.dataset.name, ())
    return known if len(known) == count else tuple(f"factor {k}" for k in range(count))


def symbol(parameter: str) -> str:
    """β for beta; a parameter that is in no table keeps its name, but for an _ that keeps it off Python's words."""
    return SYMBOLS.get(parameter, parameter.removesuffix("_"))


def rank(name: str, order: dict[str, Label]) -> tuple[int, str]:
    """Sort key: the order of the table above, then the alphabet."""
    return (list(order).index(name) if name in order else len(order), name)


def value_text(value: Value) -> str:
    """A parameter's value as people write it: 4 for 4.0, 0.0001 for 1e-4."""
    if isinstance(value, bool | str):
        return str(value).lower() if isinstance(value, bool) else value
    return str(value) if isinstance(value, int) else f"{value:.15g}"


def params_text(params: Mapping[str, Value]) -> str:
    """`β = 4.31, lr = 0.001`."""
    return ", ".join(f"{symbol(name)} = {value_text(value)}" for name, value in params.items())


def value_order(value: Value) -> tuple[int, float, str]:
    """Sort key for values of mixed types: numbers by size, then text."""
    return (1, 0.0, value) if isinstance(value, str) else (0, float(value), "")


def decimals(values: list[float]) -> int:
    """Decimals that show three significant digits of the greatest value, at least one decimal and at most six."""
    greatest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    return min(max(2 - math.floor(math.log10(greatest)), 1), 6) if greatest > 0 else 1


def number_text(value: float, digits: int) -> str:
    """A number with so many decimals; nothing for nan."""
    return "" if math.isnan(value) else fixed(value, digits).replace("-", "−")


def interval_text(middle: float, lo: float, hi: float, digits: int) -> str:
    """`0.123 [0.101, 0.140]`; without an interval, the number alone."""
    interval = "" if math.isnan(lo) else f" [{number_text(lo, digits)}, {number_text(hi, digits)}]"
    return number_text(middle, digits) + interval
