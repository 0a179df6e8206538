"""Cells of a column: which are numbers, which are missing, and which are texts.

A number is what pandas and R both read as one: digits of ASCII with a point and an exponent, or inf. What other
programs and people write for numbers (`1,5`, `50%`, `4 mm`, `1_000`) is text; `notations` has the words for it.

Missing is an empty cell, or a word that a program writes for one. Those of MISSING are no word of a language, and mean
it in any column; those of AMONG_NUMBERS and of NANS mean it where all else in the column is numbers. Each is counted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data._own.notations import elsewhere, unlike

Column = NDArray[Any]  # (N,) float64, or objects, each a str

NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)", re.ASCII | re.IGNORECASE)
PLAIN = re.compile(r"[0-9.e+-]*", re.ASCII | re.IGNORECASE)  # characters of which float() makes nothing but numbers
BOOLEANS = {"false": 0.0, "true": 1.0}
NOWHERE_A_WORD = """NA N/A n/a #N/A #NA NaN nan -NaN -nan NaT <NA> <NaN> <nan> NULL null (null) (NULL) <null> <NULL>
[NULL] [null] #NULL! \\N <missing> <undefined> 1.#IND -1.#IND 1.#QNAN -1.#QNAN #N/D #NV #N/B #I/T"""
BESIDE_NUMBERS = """none <none> missing nothing undefined nil masked blank (blank) empty (empty) - -- --- – — . .. ...
… ? ?? n.a. n.a n/a. n.d. n\\a na_integer_ na_real_ na_character_ #n/d! #saknas! #puuttuu! #н/д #yok #hiányzik"""
MISSING = frozenset(NOWHERE_A_WORD.split()) | {"#N/A N/A"}  # in any column, in this spelling
AMONG_NUMBERS = frozenset(BESIDE_NUMBERS.split()) | {  # where all else is numbers, in capitals or not
    *("not available", "not applicable", "no data"),
    *(word.casefold() for word in MISSING),
}
NANS = re.compile(  # as C, Fortran and others print them, and the further missing values of SAS and Stata
    r"[+-]?[qs]?nanq?(?:\(\w*\))?|[+-]?1\.#(?:ind|nan|qnan|snan)\d*|\.[a-z_]", re.ASCII | re.IGNORECASE
)
LISTED = 3  # words of a column that are told


class Reading(NamedTuple):
    """A column as it is read.

    values: numbers, nan where one is missing, or texts, "" where one is. missing: the words that were taken for it, and
    in how many cells each stands. boolean: the numbers are 0 for false and 1 for true.
    """

    values: Column
    missing: Mapping[str, int] = {}
    boolean: bool = False

    @property
    def texts(self) -> bool:
        """Whether it holds texts."""
        return self.values.dtype == object

    @property
    def there(self) -> NDArray[np.bool_]:
        """Where a value is not missing."""
        return np.asarray(self.values != "" if self.texts else ~np.isnan(self.values), np.bool_)


def read(cells: Column, words: bool = False) -> Reading:
    """Numbers where all cells that are not missing are numbers or all are booleans, else texts.

    words: a word of AMONG_NUMBERS or NANS is a value, as where the column is said to be categorical.
    """
    held = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
    count = Counter(cell for cell in held if isinstance(cell, str) and cell)
    missing = {word: n for word, n in count.items() if word in MISSING or (not words and is_missing(word))}
    left = count.keys() - missing.keys()
    texts = {word for word in left if not is_number(word)}
    there = [cell for cell in held if _is_there(cell) and cell not in missing]
    if not texts and (there or missing.keys() <= MISSING):
        boolean = bool(there) and all(isinstance(cell, bool) for cell in there)
        return Reading(np.array([_number(cell, missing) for cell in held]), missing, boolean)
    if there and all(isinstance(cell, str) and cell.casefold() in BOOLEANS for cell in there):
        return Reading(np.array([BOOLEANS.get(str(cell).casefold(), np.nan) for cell in held]), missing, True)
    missing = {word: n for word, n in missing.items() if word in MISSING}
    values = [str(cell) if _is_there(cell) and cell not in missing else "" for cell in held]
    return Reading(np.array(values, object), missing)


def floats(cells: Column) -> NDArray[np.float64] | None:
    """The cells as numbers, or booleans as 0 and 1; nan for an empty one. None where there is anything else."""
    try:
        plain = PLAIN.fullmatch("".join(cells)) is not None
    except TypeError:  # not all are texts
        plain = not any(isinstance(cell, str) for cell in cells)
    if plain:
        try:
            return np.asarray(cells.astype(np.float64))
        except (TypeError, ValueError):
            pass
    found = read(cells)
    return None if found.texts or found.missing else found.values


def finite(x: NDArray[Any]) -> NDArray[np.bool_]:
    """Where numbers are finite as float32 too."""
    with np.errstate(over="ignore"):
        return np.isfinite(x.astype(np.float32))


def is_number(cell: str) -> bool:
    """Whether a text is a number, which may be infinite."""
    return NUMBER.fullmatch(cell) is not None


def is_missing(cell: str) -> bool:
    """Whether a text means, among numbers, that one is missing."""
    return not cell or cell.casefold() in AMONG_NUMBERS or NANS.fullmatch(cell) is not None


def slip(texts: Sequence[str] | Column) -> int | None:
    """The place of the first text that stands among numbers, or is a number as other programs write it.

    None where no more than half of the cells that are there, and of the different ones, are numbers of any writing.
    """
    count = Counter(text for text in texts if not is_missing(text))
    numbers = {text for text in count if is_number(text)}
    alike = numbers | {text for text in count if elsewhere(text)}
    if numbers:
        alike |= {text for text in count if unlike(text)}
    if not 2 * sum(count[text] for text in alike) > count.total() and not 2 * len(alike) > len(count):
        return None
    return next((at for at, text in enumerate(texts) if text in count and text not in numbers), None)


def notes(name: str, found: Reading) -> list[str]:
    """What was decided of a column that another might read otherwise, a line each."""
    told = []
    if found.missing:
        told.append(f"column {name!r}: {_listed(found.missing)} read as missing")
    if found.texts:
        count = Counter(text for text in found.values if text)
        if words := {text: n for text, n in count.items() if is_missing(text)}:
            told.append(f"column {name!r}: {_listed(words)} read as a value; a cell is missing where it is empty")
        if numbers := sum(n for text, n in count.items() if is_number(text)):
            told.append(f"column {name!r}: {numbers} of {count.total()} cells are numbers; all are read as texts")
        elif 2 * sum(n for text, n in count.items() if unlike(text)) > count.total():
            example = next(text for text in count if unlike(text))
            told.append(f"column {name!r}: {example!r} and the like are read as texts, without an order")
        if len({text.casefold() for text in count}) < len(count):
            told.append(f"column {name!r}: some of its texts differ in capitals only, and are different values")
    return told


def _is_there(cell: Any) -> bool:
    """Whether a cell is neither empty nor nan."""
    return cell is not None and cell != "" and cell == cell


def _number(cell: Any, missing: Iterable[str]) -> float:
    return float(cell) if _is_there(cell) and cell not in missing else np.nan


def _listed(words: Mapping[str, int]) -> str:
    told = [f"{word!r} ({n} {'row' if n == 1 else 'rows'})" for word, n in list(words.items())[:LISTED]]
    return ", ".join(told) + (f" and {len(words) - LISTED} more" if len(words) > LISTED else "")
