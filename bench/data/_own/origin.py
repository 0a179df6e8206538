"""Where a mistake is: the file of the user's, and the row."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError


@dataclass(frozen=True)
class Origin:
    """The file that a mistake is in, and the number of its first row: 1 of a table after its header, 0 of an array."""

    path: Path
    first: int = 1

    def wrong(self, what: str) -> BenchError:
        """The error that says what is wrong with the file."""
        return BenchError(f"source: {self.path}: {what}")

    def row(self, at: int) -> str:
        """The row at this place, in words."""
        return f"row {at + self.first}" + ("" if self.first else " (the first is 0)")

    def check_names(self, names: Sequence[str], what: str = "column") -> tuple[str, ...]:
        """The names. BenchError where there is none, one is empty, or two are the same."""
        if not names:
            raise self.wrong(f"has no {what}s")
        for k, name in enumerate(names):
            if not name:
                raise self.wrong(
                    f"{what} {k + 1} has no name (so pandas writes an index, which index=False leaves out, and R row "
                    "names, which row.names=FALSE leaves out)"
                )
            if name in names[:k]:
                raise self.wrong(f"{what}s {names.index(name) + 1} and {k + 1} are both named {name!r}")
        return tuple(names)
