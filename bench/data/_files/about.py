"""What must be known of a data set beside its observations. Each one's module states it as `ABOUT`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A published file.

    hash: `sha256:` or `md5:` and hex digits, as two projects that use the file state it, or as the comment beside says.
    size: in bytes, where it is known. most: where it is not, the bytes that it cannot have: a download ends there.
    """

    name: str
    url: str
    hash: str
    size: int | None = None
    most: int = 2**34


@dataclass(frozen=True)
class About:
    """Facts for people and for loaders.

    title: what it is. images: how many. names, sizes: of its factors, the last varying fastest. shape: of an
    observation, (channels, height, width). files: those that are read, or may be; made_here: it does without them.
    """

    title: str
    images: int
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    shape: tuple[int, int, int]
    licence: str
    citation: str
    page: str = ""
    files: tuple[File, ...] = ()
    made_here: bool = False
