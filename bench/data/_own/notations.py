"""Words for what is meant for a number and is none: as other programs, spreadsheets, languages and people write it.

A cell is peeled, notation after notation, until a plain number is left. Its value is of no use: a number that has to
be guessed is never read, the file's owner is told of it.
"""

import re
import unicodedata
from collections.abc import Callable

NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
GROUPED = r"\d{1,3}(?:[,.'’٬\s]\d{2,3})*[,.'’٬\s]\d{3}(?:[.,]\d*)?"
COMMA = r"(?:\d+,\d*|,\d+)"
SIGNS = "−–—‐‑‒﹣－"
LETTERS = str.maketrans("OoQlI|iSsBZz", "000111155822")
CODES = "EUR|USD|GBP|JPY|CHF|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|RUB|TRY|KRW|kr\\.?|zł|Kč|Ft|R\\$|Rs\\.?|Fr\\.?"

Peel = Callable[[str], str]


def elsewhere(cell: str) -> str:
    """What makes the cell a number elsewhere, such as "a decimal comma"; "" where it is none, or a plain one."""
    return _peeled(cell, ELSEWHERE)


def unlike(cell: str) -> str:
    """What makes the cell a number to a person, where it may be a label too, as in "a unit or other text"."""
    return "" if elsewhere(cell) else _peeled(cell, (*ELSEWHERE, *UNLIKE, *ELSEWHERE))


def _peeled(cell: str, peels: tuple[tuple[str, Peel], ...]) -> str:
    names, left = [], cell.strip()
    if _is_plain(left):
        return ""
    for name, peel in peels:
        before, left = left, peel(left).strip()
        names += [name] if left != before and name not in names else []
        if names and _is_plain(left):
            return " and ".join(names)
    return ""


def _is_plain(cell: str) -> bool:
    return re.fullmatch(rf"[+-]?{NUMBER}", cell, re.ASCII) is not None


def _sub(pattern: str, replacement: str, flags: int = re.ASCII) -> Peel:
    compiled = re.compile(pattern, flags)
    return lambda cell: compiled.sub(replacement, cell)


def _visible(cell: str) -> str:
    return "".join(c for c in cell if unicodedata.category(c) not in ("Cf", "Cc"))


def _digits(cell: str) -> str:
    """Digits of any script as those of ASCII, wide forms and small ones too, and the Arabic decimal point."""
    cell = "".join(str(unicodedata.decimal(c, c)) for c in cell)
    return cell.replace("٫", ".").replace("．", ".").replace("，", ",")


def _raised(cell: str) -> str:
    """Superscripts as `^` and digits: 10⁻³ is 10^-3."""
    found = re.sub("(?<=10)[⁺⁻⁰¹²³⁴-⁹]+", lambda m: f"^{unicodedata.normalize('NFKC', m[0])}", cell)
    return found.translate({ord("−"): "-"}) if found != cell else cell


def _money(cell: str) -> str:
    cell = re.sub(rf"^([+-]?)\s*(?:{CODES})\s*|\s*(?:{CODES})$", r"\1", cell, flags=re.IGNORECASE)
    return "".join(c for c in cell if unicodedata.category(c) != "Sc")


def _power(cell: str) -> str:
    """1.5x10^3, 1.5*^3, 10^3, 1.5D+03, 1.5+103 and 1,5E3 as 1.5e3."""
    cell = _raised(cell)
    cell = re.sub(r"\s*(?:[x×*·⋅]\s*10\s*(?:\^|\*\*)|\*\^|[⏨])\s*\(?([+-]?\d+)\)?$", r"e\1", cell)
    cell = re.sub(r"^([+-]?)10\s*(?:\^|\*\*)\s*([+-]?\d+)$", r"\g<1>1e\2", cell)
    cell = re.sub(r"(?<=[\d.])\s*[dDqQ]\s*([+-]?\d+)$", r"e\1", cell)
    cell = re.sub(r"^([+-]?\d*\.\d*)([+-]\d+)$", r"\1e\2", cell)
    return re.sub(r"(?<=\d)\s*[eE]\s+([+-]?\d+)$|(?<=\d)\s+[eE]([+-]?\d+)$", r"e\1\2", cell)


def _without_letters(cell: str) -> str:
    """1.O as 1.0, where that is a number."""
    found = cell.translate(LETTERS)
    return found if _is_plain(found) and re.search(r"\d", cell) else cell


ELSEWHERE: tuple[tuple[str, Peel], ...] = (
    ("characters that do not show", _visible),
    ("quotes", _sub(r"^=?[\"'“”„‘’`´«»]+(.*?)[\"'“”‘’`´«»]*$", r"\1", 0)),
    ("digits of another script", _digits),
    ("a currency", _money),
    ("a percent sign", _sub(r"\s*[%‰‱％٪]$|^[%٪]\s*", "", 0)),
    ("another minus sign", _sub(rf"^\s*[{SIGNS}]|(?<=[eE^])[{SIGNS}]", "-")),
    ("its sign elsewhere", _sub(r"^\(([^()]*)\)$|^([^+-].*)[+-]$|^[+-]\s+(.*)$", r"\1\2\3")),
    ("another notation of powers of ten", _power),
    ("marks between thousands", _sub(rf"^([+-]?){GROUPED}(?=$|[eE])", r"\g<1>0", 0)),
    ("a decimal comma", _sub(rf"^([+-]?){COMMA}(?=$|[eE])", r"\g<1>0")),
    ("another notation of powers of ten", _power),
)
UNLIKE: tuple[tuple[str, Peel], ...] = (
    ("a base other than ten", _sub(r"^[+-]?(?:0x[\da-f.]+(?:p[+-]?\d+)?|0[bo]\d+|&h[\da-f]+|\d[\da-f]*h)$", "0", re.I)),
    ("underscores", _sub(r"(?<=\d)_+(?=\d)", "")),
    ("letters among its digits", _without_letters),
    ("a fraction", _sub(r"^[+-]?(?:\d+\s+)?\d+\s*[/⁄]\s*\d+$|^\d*\s*[½⅓⅔¼¾⅛]$", "0")),
    ("a sign of about, less or more", _sub(r"^(?:[~≈<>≤≥±=]|ca\.?|approx\.?)+\s*(?=[\d.+-])", "", re.I)),
    ("an uncertainty", _sub(r"\s*(?:±|\+/-|\+-).*$|(?<=\d)\(\d+\)$", "")),
    ("a unit or other text", _sub(r"(?<=[\d.])\s*[^\d\s.,:/_+-][^\d]*[²³]?$", "", 0)),
)
