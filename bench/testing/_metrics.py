"""What is asked of a metric."""

import inspect
from typing import Any

import numpy as np

from bench import plugins
from bench.plugins import Params
from bench.scoring.protocol import Protocol
from bench.testing._parts import expect
from metrics._codes import Codes, Floats, Scores

FEW = {"n_train": 600, "n_test": 300, "votes": 200, "eval_votes": 100, "n_variance": 500}  # arguments scaled down
SIZES = (3, 4, 5)


def its_protocol_is_its_signature(name: str) -> None:
    """metric(sample or table, rng, *, ...), where each keyword has a default; one on samples has an n_train."""
    codes, rng, *protocol = inspect.signature(plugins.load("metric", name)).parameters.values()
    expect(codes.name in ("sample", "table"), name, f"its first parameter is {codes.name}", "sample or table")
    expect(rng.name == "rng", name, f"its second parameter is {rng.name}", "rng")
    for p in protocol:
        keyword = p.kind is p.KEYWORD_ONLY and p.default is not p.empty
        expect(keyword, name, f"its parameter {p}", "one after *, with a default")
    made = Protocol(name, plugins.resolve("metric", name, {}))
    expect(made.on_table or "n_train" in made.params, name, "reads a sample and has no n_train", "n_train, its rows")


def it_tells_a_perfect_code_from_noise(name: str) -> None:
    """Some value is higher for the factors themselves than for noise; all are finite; per-factor values are (K,).

    A value that is not defined of noise may be absent there.
    """
    perfect, noise = (_scored(name, codes) for codes in (_codes(name), _codes(name, perfect=False)))
    expect(perfect.values.keys() >= noise.values.keys(), name, "gives other values to noise", "the same names")
    for value in noise.values:
        both = perfect.values[value], noise.values[value]
        expect(all(type(x) is float for x in both), name, f"{value} is a {type(both[0]).__name__}", "a float")
        expect(np.isfinite(both).all(), name, f"{value} of a perfect code and of noise are {both}", "finite numbers")
    higher = any(perfect.values[n] > value for n, value in noise.values.items())
    expect(higher, name, f"{perfect.values} of a perfect code, {noise.values} of noise", "some value to be higher")
    for n, per_factor in perfect.per_factor.items():
        expect(per_factor.shape == (3,), name, f"per factor, {n} has shape {per_factor.shape} of 3 factors", "(3,)")


def it_is_a_function_of_codes_and_generator(name: str) -> None:
    """The same arguments give the same scores; NumPy's global generator and the codes are left as they are."""
    codes = _codes(name, perfect=False)
    kept, state = Codes(codes.z.copy(), codes.v.copy()), _global_state()
    a, b = _scored(name, codes), _scored(name, codes)
    unchanged = np.array_equal(codes.z, kept.z) and np.array_equal(codes.v, kept.v)
    expect(unchanged, name, "changes the codes that it is given", "them to be left as they are")
    same = a.values == b.values and all(_equal(a.matrices[n], b.matrices[n]) for n in a.matrices)
    expect(same, name, f"two calls of equal arguments give {a.values} and {b.values}", "the same, bit for bit")
    expect(_equal(_global_state(), state), name, "draws from NumPy's global generator", "all chance to be rng's")


CHECKS = (
    its_protocol_is_its_signature,
    it_tells_a_perfect_code_from_noise,
    it_is_a_function_of_codes_and_generator,
)


def _arguments(name: str) -> Params:
    known = plugins.defaults("metric", name)
    return plugins.resolve("metric", name, {n: value for n, value in FEW.items() if n in known})


def _codes(name: str, *, perfect: bool = True) -> Codes:
    """Three factors, drawn at random, and as codes themselves or noise; as many rows as the metric reads."""
    rng = np.random.default_rng(0)
    n = max(900, Protocol(name, _arguments(name)).rows)
    v = rng.integers(0, SIZES, (n, 3))
    return Codes(v.astype(float) if perfect else rng.standard_normal((n, 3)), v)


def _scored(name: str, codes: Codes) -> Scores:
    scores: Scores = plugins.load("metric", name)(codes, np.random.default_rng(1), **_arguments(name))
    return scores


def _global_state() -> Any:
    return np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002  # looked at, to see that nobody draws from it


def _equal(a: Floats, b: Floats) -> bool:
    return np.array_equal(a, b, equal_nan=True)
