"""One evaluation: what a metric says of codes beside its values lies in the record."""

import msgspec
import numpy as np

from bench.scoring.evaluate import evaluate
from bench.spec import Repeat
from bench.store.files import json_of
from metrics._codes import Codes

RNG = np.random.default_rng(0)
V = np.stack([RNG.integers(n, size=300) for n in (3, 4)], axis=1)
Z = V + 0.3 * RNG.standard_normal((300, 2))


def test_notes_are_kept(protocol_of):
    protocol = protocol_of("factorvae_score", votes=50, eval_votes=50, n_variance=300)
    repeat = evaluate(protocol, Codes(0.04 * Z / Z.std(axis=0), V), 0, 0)
    (note,) = repeat.notes
    assert note.startswith("2 of 2 dimensions are left out")
    assert msgspec.json.decode(json_of(repeat), type=Repeat) == repeat


def test_of_any_metric_where_floats_do_not_resolve_the_codes(protocol_of):
    repeat = evaluate(protocol_of("mig", n_train=300), Codes((Z + 1e7).astype(np.float32), V), 0, 0)
    assert "float32 does not resolve how they vary" in repeat.notes[0]


def test_without_notes_the_file_is_what_it_always_was(protocol_of):
    """Byte for byte: the checksums of stored scores hold."""
    repeat = evaluate(protocol_of("mig", n_train=300), Codes(Z, V), 0, 0)
    assert repeat.notes is msgspec.UNSET
    told = msgspec.json.decode(json_of(repeat))
    assert list(told) == ["repeat", "values", "per_factor", "matrices", "seconds", "skipped"]


def test_what_is_skipped_has_no_notes(protocol_of):
    repeat = evaluate(protocol_of("modularity", n_train=300), Codes((Z + 1e8).astype(np.float32), V[:, :1]), 0, 0)
    assert repeat.skipped.startswith("v has 1 column(s)")
    assert repeat.notes is msgspec.UNSET
