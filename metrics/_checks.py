"""What a metric asks of its input before it scores it. Each failure is a MetricError of one line."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics._codes import Codes, Floats, Ints, MetricError

MOST_BITS = 50  # of a code's largest value, either way: in float32 sums of its squares stay finite


def check(codes: Codes, *, numbers: bool = False) -> Codes:
    """The same codes as arrays: z (N, D) float32 or float64 and finite, v (N, K) integers from 0; N, D, K at least 1.

    Codes beyond 2^50, or all below 2^-50, are brought back by a power of 2, which rounds nothing, and then single
    dimensions: their squares would leave the range of floats. numbers: v may be float32 or float64 and finite instead.
    Raises MetricError that names the array, the column and the row at fault.
    """
    z, v = real("z", codes[0]), np.asarray(codes[1])
    v = np.asarray(real("v", v)) if numbers and v.dtype.kind == "f" else indices("v", v)
    if len(z) != len(v):
        raise MetricError(f"z has {len(z)} rows and v has {len(v)}: row n of both must describe the same observation")
    return Codes(_bounded(z), v, *codes[2:])


def coarse(z: Floats) -> tuple[str, ...]:
    """A note where codes z (N, D) are so far from 0 that floats of their size hardly resolve how they vary."""
    largest = np.abs(z).max(axis=0)
    deviation = z.std(axis=0, dtype=np.float64)
    held = np.flatnonzero((z.min(axis=0) < z.max(axis=0)) & (np.spacing(largest) > deviation / 100))
    if not len(held):
        return ()
    j = held[0]
    return (
        f"{len(held)} of {z.shape[1]} dimensions are so far from 0 that {z.dtype} does not resolve how they vary "
        f"(dimension {j}: numbers near {largest[j]:.3g} are {np.spacing(largest[j]):.2g} apart, the standard deviation "
        f"is {deviation[j]:.2g}): subtract the mean of each before codes are stored as {z.dtype}",
    )


def columns(name: str, array: Floats | Ints, minimum: int, why: str) -> None:
    """The array (N, columns) has at least `minimum` columns."""
    if array.shape[1] < minimum:
        raise MetricError(f"{name} has {array.shape[1]} column(s), expected at least {minimum}: {why}")


def bins(count: int, rows: int) -> None:
    """A histogram of `rows` rows has two bins or more, and no more bins than rows."""
    at_least("bins", count, 2)
    if count > rows:
        raise MetricError(f"bins is {count}, more than the {rows} rows to be binned")


def at_least(name: str, value: float, minimum: float) -> None:
    """The argument `name` is at least `minimum` (and not nan)."""
    if not value >= minimum:
        raise MetricError(f"{name} is {value}, expected at least {minimum}")


def positive(**arguments: int) -> None:
    """Each argument, given by name, is at least 1."""
    for name, value in arguments.items():
        at_least(name, value, 1)


def real(name: str, array: Floats | Ints) -> Floats:
    """A table of finite real numbers as float32 (kept) or float64."""
    table = _table(name, array)
    if table.dtype.kind not in "fiub":
        raise MetricError(f"{name} has dtype {table.dtype}, expected real numbers")
    if table.dtype != np.float32:
        table = table.astype(np.float64, copy=False)
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise MetricError(f"{name} column {column} holds {table[row, column]} in row {row}, expected finite numbers")
    return table


def indices(name: str, array: Ints) -> Ints:
    """A table of integers from 0."""
    table = _table(name, array)
    if table.dtype.kind not in "iub":
        raise MetricError(f"{name} has dtype {table.dtype}, expected integers (the index of each factor's value)")
    if table.dtype.kind == "b":
        table = table.astype(np.uint8)
    if table.min() < 0:
        row, column = np.argwhere(table < 0)[0]
        raise MetricError(f"{name} column {column} holds {table[row, column]} in row {row}, expected indices from 0")
    return table


def _bounded(z: Floats) -> Floats:
    """z with its largest value, and then that of each column, between 2^-50 and 2^50, unless it is 0.

    A table below that is brought to 1, so that columns a little smaller than its largest are brought along, not apart.
    """
    exponent = np.frexp(np.abs(z).max(axis=0))[1]
    varied = exponent[z.any(axis=0)]
    largest = varied.max(keepdims=True) if varied.size else np.zeros(1, exponent.dtype)
    common = exponent + np.where(largest < -MOST_BITS, -largest, _power(largest))
    power = common + _power(common) - exponent
    return np.ldexp(z, power).astype(z.dtype) if power.any() else z


def _power(exponent: Ints) -> Ints:
    """What brings exponents into the bounds."""
    return np.clip(exponent, -MOST_BITS, MOST_BITS) - exponent


def _table(name: str, array: Floats | Ints) -> NDArray[Any]:
    table: NDArray[Any] = np.asarray(array)
    if table.ndim != 2 or 0 in table.shape:
        raise MetricError(f"{name} has shape {table.shape}, expected (rows, columns) with at least one of each")
    return table
