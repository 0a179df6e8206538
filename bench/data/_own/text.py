"""Lines of .csv and .tsv files, as spreadsheets and languages write them.

Read as it is meant: byte order marks, UTF-16 and UTF-32 that bear one, `sep=,` in a line before the header, quoted line
breaks, and empty columns and rows at the end. Whatever else is around a table is refused in a line.
"""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from bench.data._own.origin import Origin
from bench.errors import BenchError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
WORDS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
MARKS = (  # UTF-32 first: its mark begins as that of UTF-16 does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
START = 4096  # bytes that tell the encoding


def header(path: Path) -> list[str]:
    """The names of the columns. BenchError where the first line holds none."""
    return _header(path, _lines(path))


def rows(path: Path) -> Iterator[list[str]]:
    """The rows after the header, each with a cell for each of its columns.

    BenchError where one has more or fewer, or is empty and not at the end.
    """
    lines = _lines(path)
    width = len(_header(path, lines))
    empty = 0
    for row, cells in enumerate(lines, start=1):
        if not any(cells) and width > 1:
            empty = empty or row
            continue
        if empty:
            raise Origin(path).wrong(f"row {empty} is empty, and row {row} is not: expected none between others")
        if len(cells) < width or any(cells[width:]):
            raise Origin(path).wrong(f"row {row} has {len(cells)} cells, the header has {width}{_why(cells, width)}")
        yield cells[:width]


def _header(path: Path, lines: Iterator[list[str]]) -> list[str]:
    """The first line, without what is empty at its end."""
    delimiter = DELIMITERS[path.suffix.lower()]
    names = next(lines, [])
    if (len(names) == 1 and names[0].startswith("sep=")) or names == ["sep=", ""]:  # which Excel goes by
        if len(names) == 1 and names[0] != f"sep={delimiter}":
            raise _other(path, names[0][4:])
        names = next(lines, [])
    while names and not names[-1]:
        names = names[:-1]
    if len(names) == 1:
        for other in WORDS:
            if other in names[0] and other != delimiter:
                raise _other(path, other)
    if names and len(names) < 3 and names[0].startswith(("# ", "%", "//")):
        raise Origin(path).wrong(f"begins with {names[0][:40]!r}: expected the names of columns in the first line")
    return names


def _other(path: Path, delimiter: str) -> BenchError:
    expected = DELIMITERS[path.suffix.lower()]
    ending = next((e for e, d in DELIMITERS.items() if d == delimiter), "")
    found, wanted = WORDS.get(delimiter, repr(delimiter)), WORDS[expected]
    instead = f", or a name that ends in {ending}" if ending else ", or tabs in a .tsv file" if expected == "," else ""
    return Origin(path).wrong(f"has {found} between cells: expected {wanted}{instead}")


def _why(cells: list[str], width: int) -> str:
    if cells[0].startswith(("#", "%", "//")):
        return "; comment lines are not read"
    if len(cells) == width + 1:
        return "; R writes names of rows without one for their column: col.names=NA adds it, row.names=FALSE leaves out"
    return ""


def _lines(path: Path) -> Iterator[list[str]]:
    """The file's lines that are not empty, as cells; whatever is wrong with the file becomes a BenchError."""
    ending = path.suffix.lower()
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            reader = csv.reader(file, delimiter=DELIMITERS[ending], strict=True)
            yield from ([cell.strip() for cell in cells] for cells in reader if cells)
    except csv.Error as error:
        raise Origin(path).wrong(f"line {reader.line_num} cannot be read as {ending}: {error}") from None
    except UnicodeError as error:
        raise Origin(path).wrong(f"cannot be read as {ending} in UTF-8: {error}") from None
    except OSError as error:
        raise Origin(path).wrong(f"cannot be read: {error.strerror or error}") from None


def _encoding(path: Path) -> str:
    """By the byte order mark: of UTF-8 where there is none. BenchError where it is no text."""
    with path.open("rb") as file:
        start = file.read(START)
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return encoding
    if 4 * start.count(0) > len(start):  # UTF-16 and UTF-32 without a mark
        raise Origin(path).wrong("is no text in UTF-8, but in UTF-16 or of another kind: save it as CSV UTF-8")
    return "utf-8-sig"
