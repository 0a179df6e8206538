import pytest

from bench.errors import BenchError
from bench.study.overrides import altered

STUDY = {"name": "s", "methods": ["vae", "betavae"], "metrics": ["mig"], "steps": 5, "set": {"betavae": {"beta": [1]}}}


def alter(settings=(), betas=None, content=STUDY, **flags):
    return altered(content, {"settings": settings, "betas": betas, **flags})


def test_flags_not_given_leave_the_study_as_it_is():
    assert alter(steps=None, methods=None, seeds=None) == STUDY


def test_the_study_itself_is_not_altered():
    alter(("betavae.beta=9", "small.width=2"), steps=7)
    assert STUDY["set"] == {"betavae": {"beta": [1]}}
    assert STUDY["steps"] == 5


@pytest.mark.parametrize(
    ("flag", "given", "value"),
    [
        ("methods", "vae, infovae", ["vae", "infovae"]),
        ("metrics", "mig,", ["mig"]),
        ("codes", "mean,sample", ["mean", "sample"]),
        ("seeds", "5", 5),
        ("seeds", "3,7,11", [3, 7, 11]),
        ("seeds", "3,", [3]),
        ("z_dim", "10", [10]),
        ("z_dim", "5, 10", [5, 10]),
        ("steps", 7, 7),
        ("lr", 1e-3, 1e-3),
        ("dataset", "dsprites", "dsprites"),
    ],
)
def test_a_flag_stands_in_for_the_studys_value(flag, given, value):
    assert alter(**{flag: given})[flag] == value


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("factorvae.gamma=10,40", {"factorvae": {"gamma": ["10", "40"]}}),
        ("factorvae.gamma=10", {"factorvae": {"gamma": "10"}}),
        ("infovae.lambda=1,2", {"infovae": {"lambda_": ["1", "2"]}}),
        ("infovae.lambda_=1", {"infovae": {"lambda_": "1"}}),
        ("betavae.beta=3", {"betavae": {"beta": "3"}}),
        ("dsprites.source=/a,b=c.npz", {"dsprites": {"source": "/a,b=c.npz"}}),
    ],
)
def test_settings(setting, expected):
    assert alter((setting,))["set"] == {**STUDY["set"], **expected}


def test_settings_of_one_plugin_gather_and_the_last_holds():
    found = alter(("infovae.alpha=0", "infovae.lambda=1", "infovae.alpha=0.5"))["set"]["infovae"]
    assert found == {"alpha": "0.5", "lambda_": "1"}


def test_betas_are_of_every_chosen_method_that_has_one():
    assert alter(betas="1,4")["set"] == {"betavae": {"beta": ["1", "4"]}}
    assert alter(betas="2", methods="betavae,factorvae", content={**STUDY, "set": {}})["set"] == {
        "betavae": {"beta": ["2"]}
    }


@pytest.mark.parametrize("setting", ["", "x", "x=1", "x.y", "x.y=", ".y=1", "x.=1", "=", "."])
def test_a_malformed_setting_is_shown_a_good_one(setting):
    with pytest.raises(BenchError, match=r"expected PLUGIN\.ARGUMENT=VALUE.*for example factorvae\.gamma=10,40"):
        alter((setting,))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seeds": "0"}, "seeds=0: expected at least 1, or a list of seeds"),
        ({"seeds": "-1"}, "seeds=-1: expected at least 1"),
        ({"seeds": "abc"}, "seeds=abc: expected a whole number or a comma-separated list"),
        ({"seeds": "1,x"}, "seeds=x: expected a whole number"),
        ({"seeds": ""}, "seeds=: expected a whole number"),
        ({"z_dim": "1.5"}, r"z_dim=1\.5: expected a whole number"),
        ({"betas": "4", "methods": "vae"}, "betas=4: none of the methods vae has a beta"),
        ({"betas": "4", "methods": "betvae"}, "unknown method 'betvae'"),
        ({"betas": "4", "content": {"steps": 5}}, "methods=None: expected a list of names"),
        ({"betas": "4", "content": {"methods": "betavae"}}, "methods=betavae: expected a list of names"),
        ({"betas": "4", "content": {"methods": [1]}}, r"methods=\[1\]: expected a list of names"),
        ({"content": {"set": 3}}, "set=3: expected a table of arguments for each plugin"),
        ({"content": {"set": {"betavae": 4}}}, "set={'betavae': 4}: expected a table"),
    ],
)
def test_mistakes_are_named(given, message):
    with pytest.raises(BenchError, match=message):
        alter(**given)
