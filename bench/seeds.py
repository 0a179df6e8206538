"""Named, independent streams of random numbers from a run's seed.

Every use of chance has a name of its own, so that adding a metric or a draw changes no other stream, and two runs of
one seed share initial weights and batches whatever their method.
"""

import hashlib

import numpy as np

SEARCH_SEEDS = 1_000_000  # seeds from here on belong to searches: a report never contains them


def _sequence(seed: int, names: tuple[str | int, ...]) -> np.random.SeedSequence:
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return np.random.SeedSequence([seed, *np.frombuffer(digest, "<u4").tolist()])


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The generator of the stream `names` of a run with this seed."""
    return np.random.default_rng(_sequence(seed, names))


def word(seed: int, *names: str | int) -> int:
    """A 63-bit number from the stream `names`, to seed a generator of another library."""
    return int(_sequence(seed, names).generate_state(1, np.uint64)[0] >> 1)
