"""Scores of anyone's arrays: what `from metrics import score` gives."""

import hashlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from metrics import _registry
from metrics._arrays import Factors, paired
from metrics._checks import at_least, coarse, positive
from metrics._codes import Codes, Floats, Metric, MetricError, Scores
from metrics._groups import FEWEST_SHARING, held_fixed, sharing
from metrics._protocol import fitted, on_table, protocol_id, try_on_noise

Asked = str | Iterable[str | tuple[str, Mapping[str, Any]]] | Mapping[str, Mapping[str, Any]]


class Scored(NamedTuple):
    """What a metric says of the codes.

    protocol: the metric and all that it depends on, for example `mig:bins20-given-n10000`; compare scores of one
    protocol only. values: by name. per_factor: by name, (K,), in the order of `factors`, nan where undefined. matrices:
    by name, shapes in the metric's docstring. notes: one line each, for what decides a value beside what the codes
    hold, and what to do about it. skipped: why there are no values, where the metric cannot score these codes.
    """

    metric: str
    protocol: str
    values: dict[str, float]
    per_factor: dict[str, Floats]
    matrices: dict[str, Floats]
    factors: tuple[str, ...]
    notes: tuple[str, ...] = ()
    skipped: str = ""


class _Call(NamedTuple):
    name: str
    metric: Metric
    params: dict[str, Any]

    @property
    def rows(self) -> int:
        """How many rows it reads; 0 where it draws them with replacement. MetricError where it does not say."""
        if on_table(self.metric):
            return 0
        if "n_train" not in self.params:
            raise MetricError(f"{self.name} reads a sample and has no argument n_train; expected one, its rows")
        return int(self.params["n_train"]) + int(self.params.get("n_test", 0))


def score(
    z: Any,
    v: Any,
    metrics: Asked | None = None,
    seed: int = 0,
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    continuous_bins: int = 20,
    binning: str = "width",
    names: Sequence[str] | None = None,
) -> dict[str, Scored]:
    """Score codes z (N, D) against the factors v (N, K) that made them: `score(z, v, ["mig"])["mig"].values`.

    z, v: NumPy arrays, torch tensors, pandas data frames or lists; row n of both describes the same observation. Rows
    need not be a whole grid of factors. v may hold integers, bools, strings or floats; a float column of many values
    is continuous and scored in `continuous_bins` bins, of equal width or (`binning="quantile"`) of equal numbers of
    rows, which the protocol then names.

    metrics: names, or pairs of a name and arguments: `["dci", ("mig", {"bins": 40})]`, or `{"mig": {"bins": 40}}`; by
    default every metric. The result is by name or, for a metric asked for more than once, by protocol. A metric that
    cannot score these codes (one dimension, one factor, no order of values) is skipped, and says why in `skipped`.

    Metrics that fit and test read the first `n_train` rows and the next `n_test`, after a shuffle that `seed` decides;
    their defaults are the field's, 10,000 and 5,000 (see each metric), or what there is in the same proportion, which
    the protocol then names: scores change with the number of rows. Metrics that draw rows of equal factors
    (factorvae_score, betavae_score) draw with replacement from all N rows. One seed gives the same scores, whatever
    other metrics are asked for.

    Raises MetricError, in one line, for malformed arrays, fewer rows than were asked for, unknown metrics, unknown
    arguments and such as a metric refuses, and where no metric can score the codes.
    """
    codes, factors = paired(z, v, continuous_bins, binning, names)
    at_least("seed", seed, 0)
    rows = {name: n for name, n in {"n_train": n_train, "n_test": n_test}.items() if n is not None}
    positive(**rows)
    calls = [_call(name, given, rows, len(codes)) for name, given in _asked(metrics)]
    order = _stream(seed, "rows").permutation(len(codes))
    table, sample = (Codes(codes[which], factors.v[which], factors.kinds) for which in (slice(None), order))
    words = ("given", f"v{binning}{continuous_bins}") if factors.binned else ("given",)
    scored = [_scored(c, table if on_table(c.metric) else sample, factors, seed, words) for c in calls]
    if scored and all(s.skipped for s in scored):
        raise MetricError("; ".join(f"{s.metric}: {s.skipped}" for s in scored))
    return _by_name(scored)


def _asked(metrics: Asked | None) -> list[tuple[str, Mapping[str, Any]]]:
    """Names and arguments from any of the forms that `score` takes."""
    if metrics is None:
        return [(name, {}) for name in _registry.names()]
    if isinstance(metrics, str):
        return [(metrics, {})]
    if isinstance(metrics, Mapping):
        return list(metrics.items())
    return [(entry, {}) if isinstance(entry, str) else (entry[0], entry[1]) for entry in metrics]


def _call(name: str, given: Mapping[str, Any], rows: Mapping[str, int], n_rows: int) -> _Call:
    """The metric with all of its arguments; `rows` are those of `score`, for metrics that read a sample of n_rows."""
    metric = _registry.load(name)
    known = {n: p.default for n, p in inspect.signature(metric).parameters.items() if p.default is not p.empty}
    for argument in given:
        if argument not in known:
            raise MetricError(_registry.unknown(f"argument of {name}", argument, known))
    asked = {n: count for n, count in rows.items() if n in known and not on_table(metric)} | dict(given)
    params = known | asked
    call = _Call(name, metric, dict(sorted((params if on_table(metric) else fitted(params, asked, n_rows)).items())))
    _enough(call, n_rows)
    if given:
        try:
            try_on_noise(metric, call.params, call.rows or min(n_rows, 1000))
        except MetricError as error:
            raise MetricError(f"{name}: {error}") from None
    return call


def _enough(call: _Call, n_rows: int) -> None:
    if n_rows >= call.rows:
        return
    wanted = {name: call.params[name] for name in ("n_train", "n_test") if name in call.params}
    share = n_rows * 2 // 3
    instead = f"n_train={share}, n_test={n_rows - share}" if "n_test" in wanted else f"n_train={n_rows}"
    needed = " + ".join(f"{name} {count}" for name, count in wanted.items())
    total = f" = {call.rows}" if len(wanted) > 1 else ""
    raise MetricError(
        f"z has {n_rows} rows, {call.name} needs {needed}{total}: pass {instead} or fewer "
        "(scores change with the number of rows, and the protocol names it)"
    )


def _scored(call: _Call, codes: Codes, factors: Factors, seed: int, words: tuple[str, ...]) -> Scored:
    protocol, scores, skipped = protocol_id(call.name, call.params, *words), Scores({}), ""
    if on_table(call.metric):
        few = (n for n, v_k in zip(factors.names, factors.v.T, strict=True) if sharing(v_k) < FEWEST_SHARING)
        skipped = held_fixed(", ".join(few))
    if not skipped:
        try:
            scores = call.metric(codes, _stream(seed, "metric", protocol), **call.params)
        except MetricError as error:
            skipped = str(error)
    notes = () if skipped else (*scores.notes, *coarse(codes.z))
    of_factors = (scores.per_factor, scores.matrices, factors.names)
    return Scored(call.name, protocol, scores.values, *of_factors, notes, skipped)


def _by_name(scored: list[Scored]) -> dict[str, Scored]:
    """By the metric's name where it was asked for once, else by protocol."""
    names = [s.metric for s in scored]
    return {s.metric if names.count(s.metric) == 1 else s.protocol: s for s in scored}


def _stream(seed: int, *names: str) -> np.random.Generator:
    """A generator for one use of a seed, so that no use changes another."""
    digest = hashlib.sha256("/".join(names).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, "<u4").tolist()])
