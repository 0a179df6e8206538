"""What the commands on results do not show of baselines."""

import warnings

import msgspec
import numpy as np

from bench.training.loop import Watch


def test_ica_that_does_not_converge_is_said_so(installed, spec_of, monkeypatch):
    from bench.datasets import load_dataset
    from bench.scoring import baselines

    spec = msgspec.structs.replace(spec_of("vae"), method="ica", params={})
    monkeypatch.setattr(baselines, "FastICA", lambda **options: Unsettled(**options))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        coded = baselines.MAKERS["ica"](spec, load_dataset(spec.dataset), "cpu", Watch())
    assert coded.definitions == {"rows": 24, "converged": False}


class Unsettled:
    n_iter_ = 1000

    def __init__(self, **options):
        self.options = options

    def fit(self, x):
        from sklearn.exceptions import ConvergenceWarning

        warnings.warn("not yet", ConvergenceWarning, stacklevel=2)

    def transform(self, x):
        return np.asarray(x)


def test_the_ceiling_of_a_factor_of_one_value_is_finite():
    from bench.data._base import FactorDataset
    from bench.scoring.baselines import ceiling

    v = np.stack([np.zeros(4, np.int64), np.arange(4)], axis=1)
    data = FactorDataset(np.zeros((4, 3), np.float32), v, ("white", "size"), (1, 4), (3,), "0" * 64, kind="vector")
    mu = ceiling(None, data, "cpu", Watch()).everything.mu
    np.testing.assert_array_equal(mu[:, 0], 0)
    assert mu[:, 1].std() > 0.9
