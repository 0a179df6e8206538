"""A resolved study states everything: what is read back from it has the same runs and scores."""

import tomllib

import pytest

from bench.report.words.again import options_of
from bench.study.overrides import altered
from bench.study.resolved import resolved, toml
from bench.study.study import expand, parse, protocols

CHANGES = [
    {},
    {"set": {"betavae": {"beta": ["4", "8"]}, "mig": {"n_train": [200, 300]}, "dipvae": {"lambda_od": 3}}},
    {"z_dim": [2, 3], "seeds": [7, 3], "codes": ["mean", "sample"], "warmup": 2, "precision": "bf16"},
    {"wrap": ["noise"], "likelihood": "gaussian", "set": {"noise": {"level": 0.2}, "small": {"width": [0.25, 0.5]}}},
]


@pytest.fixture(params=CHANGES)
def study(request, installed):
    content = {"name": "s", "dataset": "toy", "methods": ["vae", "betavae"], "metrics": ["mig", "dci"], "steps": 5}
    return parse({**content, **request.param}, "here")


def test_the_toml_has_the_same_runs_and_protocols(study):
    again = parse(tomllib.loads(toml(study)), "printed")
    assert [spec.key for spec in expand(again)] == [spec.key for spec in expand(study)]
    assert protocols(again) == protocols(study)
    assert resolved(again) == resolved(study)


def test_nothing_is_left_to_a_default(study):
    whole = resolved(study)
    assert whole.likelihood in ("bernoulli", "gaussian")
    assert isinstance(whole.seeds, list)
    assert "bins" in whole.set["mig"]
    assert "beta" in whole.set["betavae"]
    assert "dipvae" not in whole.set


def test_options_make_the_run_again_from_any_study(study):
    for spec in expand(study):
        words = options_of(spec)
        flags = {
            name.removeprefix("--").replace("-", "_"): value
            for name, value in zip(words[::2], words[1::2], strict=True)
        }
        settings = [value for name, value in zip(words[::2], words[1::2], strict=True) if name == "--set"]
        flags |= {"settings": settings, "betas": None, "seeds": f"{flags.pop('seed')},"}
        del flags["set"]
        for number in ("steps", "batch_size", "lr", "warmup", "grad_clip"):
            flags[number] = float(flags[number]) if number in ("lr", "grad_clip") else int(flags[number])
        other = {"name": "other", "methods": ["vae"], "metrics": ["mig"], "steps": 9, "set": {"betavae": {"beta": 1}}}
        (again,) = expand(parse(altered(other, flags), "other"))
        assert again.key == spec.key
