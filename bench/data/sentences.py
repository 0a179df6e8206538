"""sentences: short English sentences of known subject, verb, object, their numbers, tense and negation."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset

__all__ = ["sentences"]

NOUNS = ("cat", "dog", "horse", "girl", "boy", "king", "doctor", "farmer")  # whose plural is an s more
VERBS = ("call", "help", "follow", "watch", "visit", "paint", "clean", "trust")
TENSES, NUMBERS, POLARITIES = ("past", "present", "future"), ("singular", "plural"), ("affirmed", "negated")
FACTORS = {
    "subject": NOUNS,
    "verb": VERBS,
    "object": NOUNS,
    "tense": TENSES,
    "subject number": NUMBERS,
    "object number": NUMBERS,
    "negation": POLARITIES,
}
LENGTH = 8  # words of the longest, its full stop counted: the cats will not call the dogs .
PAD = "_"


def sentences() -> FactorDataset:
    """12,288 sequences of one-hot words, (words of the vocabulary, 8): every combination of FACTORS, once.

    A word after another, a full stop and padding; the likelihood is categorical at each place. Every factor can be
    read from the sentence, tense and negation only from several words together: "did not call" is past and negated.
    """
    sizes = tuple(map(len, FACTORS.values()))
    v = np.indices(sizes).reshape(len(sizes), -1).T.astype(np.uint8)
    known = vocabulary()
    place = {word: i for i, word in enumerate(known)}
    symbols = np.array([[place[word] for word in words(row)] for row in v.tolist()])
    bits = np.packbits(symbols[:, None, :] == np.arange(len(known))[:, None], axis=None).reshape(len(v), -1)
    return FactorDataset(
        observations=bits,
        v=v,
        names=tuple(FACTORS),
        sizes=sizes,
        shape=(len(known), LENGTH),
        sha256=hashlib.sha256(bits.data).hexdigest(),
        packed=True,
        kind="sequence",
        likelihood="categorical",
    )


def vocabulary() -> tuple[str, ...]:
    """Every word of every sentence, the padding and the full stop first."""
    forms = [form for verb in VERBS for form in (verb, _third_person(verb), f"{verb}ed")]
    auxiliaries = ("do", "does", "did", "will", "not")
    return (PAD, ".", "the", *NOUNS, *(f"{noun}s" for noun in NOUNS), *forms, *auxiliaries)


def words(factors: list[int]) -> list[str]:
    """The sentence of factor indices (7,), LENGTH words."""
    subject, verb, object_, tense, *numbers, negation = (
        values[i] for values, i in zip(FACTORS.values(), factors, strict=True)
    )
    nouns = [noun + "s" * (number == "plural") for noun, number in zip((subject, object_), numbers, strict=True)]
    third = numbers[0] == "singular"
    auxiliary = {"past": "did", "present": "does" if third else "do", "future": "will"}[tense]
    finite = {"past": [f"{verb}ed"], "present": [_third_person(verb) if third else verb], "future": ["will", verb]}[
        tense
    ]
    predicate = [auxiliary, "not", verb] if negation == "negated" else finite
    sentence = ["the", nouns[0], *predicate, "the", nouns[1], "."]
    return sentence + [PAD] * (LENGTH - len(sentence))


def text(x: NDArray[np.floating]) -> str:
    """The most probable words of an observation or of a decoder's mean (words, 8), as a sentence."""
    known = vocabulary()
    return " ".join(known[i] for i in x.argmax(axis=0) if known[i] != PAD)


def _third_person(verb: str) -> str:
    return verb + ("es" if verb.endswith("ch") else "s")
