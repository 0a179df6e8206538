import math

import pytest

from bench.errors import BenchError
from bench.study.study import expand, parse, protocols, read, seeds_of, shipped

MINIMAL = {"name": "s", "dataset": "toy", "methods": ["vae"], "metrics": ["mig"], "steps": 5}


def study(**changes):
    return parse({**MINIMAL, **changes}, "here")


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_study_expands(name):
    content = read(name)
    made = parse(content, name)
    specs = expand(made)
    assert made.name == name
    assert made.description
    assert len({spec.key for spec in specs}) == len(specs)
    assert {spec.method for spec in specs} == set(made.methods)
    assert {spec.seed for spec in specs} == set(seeds_of(made))
    assert len({p.id for p in protocols(made)}) == len(made.metrics)
    for plugin, arguments in content.get("set", {}).items():
        for argument, values in arguments.items():
            swept = {spec.params[argument] for spec in specs if spec.method == plugin and argument in spec.params}
            listed = {float(value) for value in (values if isinstance(values, list) else [values])}
            assert swept in (set(), listed)


def test_what_is_not_stated_has_a_default(installed):
    (first, *rest) = expand(study())
    assert [spec.seed for spec in (first, *rest)] == [0, 1, 2, 3, 4]
    assert (first.backbone, first.z_dim, first.batch_size, first.lr, first.warmup, first.grad_clip) == (
        "small", 10, 64, 1e-4, 0, 0.0,
    )  # fmt: skip
    assert first.backbone_params == {"width": 1.0}
    assert first.likelihood == "bernoulli"


def test_lists_multiply_and_a_seed_comes_whole_before_the_next(installed):
    specs = expand(
        study(
            methods=["vae", "betavae", "factorvae"],
            seeds=[7, 3],
            z_dim=[2, 4],
            set={
                "betavae": {"beta": [1, 4]},
                "factorvae": {"gamma": [1, 2, 3], "width": [4, 8]},
                "small": {"width": 0.5},
            },
        )
    )
    assert len(specs) == 2 * 2 * (1 + 2 + 3 * 2)
    assert [spec.seed for spec in specs] == [7] * 18 + [3] * 18
    assert [spec.params for spec in specs if (spec.method, spec.seed, spec.z_dim) == ("betavae", 3, 4)] == [
        {"beta": 1.0},
        {"beta": 4.0},
    ]
    assert {spec.backbone_params["width"] for spec in specs} == {0.5}


def test_a_methods_own_sweep_holds_where_nothing_is_set(installed):
    assert [spec.params["beta"] for spec in expand(study(methods=["betavae"], seeds=1))] == [1, 2, 4, 6, 8, 16]
    partly = expand(study(methods=["infovae"], seeds=1, set={"infovae": {"alpha": [0, 0.5]}}))
    assert len(partly) == 10


def test_equal_settings_are_one_run(installed):
    assert len(expand(study(methods=["betavae"], seeds=1, z_dim=[4, 4], set={"betavae": {"beta": [4, 4.0, "4"]}}))) == 1


def test_a_likelihood_may_be_chosen(installed):
    assert {spec.likelihood for spec in expand(study(likelihood="gaussian"))} == {"gaussian"}


def test_a_file_for_the_data_is_known_by_content_and_place(toy, tmp_path):
    path = tmp_path / "a,b.bin"
    path.write_bytes(toy.observations.tobytes())
    (with_file, *_), (without, *_) = expand(study(set={"toy": {"source": str(path)}})), expand(study())
    assert with_file.dataset.source == str(path)
    assert with_file.key == without.key


def test_arguments_of_plugins_outside_the_study_wait(installed):
    expand(study(set={"guide": {"width": 2}, "dci": {"probe": "linear"}, "dsprites": {"source": "x.npz"}}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"foo": 1}, "here: unknown key 'foo': choose from name, description"),
        ({"step": 1}, r"unknown key 'step'.*did you mean steps\?"),
        ({"lr": "x"}, "here: lr=x: expected `float`, got `str`"),
        ({"lr": 0}, "lr=0: expected `float` > 0"),
        ({"lr": math.nan}, "lr=nan"),
        ({"lr": math.inf}, "lr=inf: expected a finite number"),
        ({"steps": 0}, "here: steps=0: expected `int` >= 1"),
        ({"steps": 2.5}, "steps=2.5: expected `int`"),
        ({"batch_size": 1}, "batch_size=1: expected `int` >= 2"),
        ({"warmup": -1}, "warmup=-1: expected `int` >= 0"),
        ({"grad_clip": -0.5}, "grad_clip=-0.5: expected `float` >= 0"),
        ({"grad_clip": math.inf}, "grad_clip=inf: expected a finite number"),
        ({"z_dim": 0}, "z_dim=0: expected"),
        ({"z_dim": [3, 0]}, r"z_dim=\[3, 0\]: expected `int` >= 1"),
        ({"z_dim": []}, r"z_dim=\[\]: expected `array` of length >= 1"),
        ({"name": "../x"}, r"name=\.\./x: expected"),
        ({"name": ""}, "name=: expected"),
        ({"seeds": 0}, "seeds=0: expected"),
        ({"seeds": -1}, "seeds=-1: expected"),
        ({"seeds": []}, r"seeds=\[\]: expected distinct seeds"),
        ({"seeds": [1, 1]}, r"seeds=\[1, 1\]: expected distinct seeds"),
        ({"seeds": [-1]}, r"seeds=\[-1\]: expected distinct seeds from 0"),
        ({"seeds": [1_000_000]}, r"expected distinct seeds from 0 to 999999 \(beyond: searches\)"),
        ({"seeds": 1_000_000}, "seeds=1000000: expected at most 1000, or a list"),
        ({"seeds": 10**15}, "expected at most 1000"),
        ({"methods": []}, "methods=: expected at least one"),
        ({"methods": ["vae", "vae"]}, "methods=vae,vae: expected at least one, each once"),
        ({"methods": ["betvae"]}, r"unknown method 'betvae': choose from .* \(did you mean betavae\?\)"),
        ({"methods": "vae"}, "methods=vae: expected `array`, got `str`"),
        ({"metrics": ["migg"]}, "unknown metric 'migg'"),
        ({"metrics": []}, "metrics=: expected"),
        ({"dataset": "sprite"}, "unknown dataset 'sprite'"),
        ({"backbone": "smal"}, r"unknown backbone 'smal'.*did you mean small"),
        ({"likelihood": "bernouli"}, r"unknown likelihood 'bernouli'.*did you mean bernoulli"),
        ({"set": {"betvae": {"beta": 1}}}, r"unknown plugin in set 'betvae'.*did you mean betavae"),
        ({"set": {"betavae": {"bta": 1}}}, r"unknown argument of betavae 'bta'.*did you mean beta\?"),
        ({"set": {"betavae": {"beta": "x"}}}, r"betavae\.beta=x: expected a float"),
        ({"set": {"betavae": {"beta": True}}}, r"betavae\.beta=True: expected a float"),
        ({"set": {"betavae": {"beta": []}}}, r"betavae\.beta=\[\]: expected at least one value"),
        ({"set": {"betavae": {"beta": [[1]]}}}, "set={'betavae': "),
        ({"set": {"factorvae": {"width": 1.5}}}, r"factorvae\.width=1\.5: expected an int"),
        ({"set": {"mig": {"n_train": math.inf}}}, r"mig\.n_train=inf: expected an int"),
    ],
)
def test_mistakes_in_a_study_are_named(installed, changes, message):
    with pytest.raises(BenchError, match=message):
        study(**changes)


def test_a_missing_key_is_named():
    with pytest.raises(BenchError, match="here: object missing required field `methods`"):
        parse({"name": "s", "metrics": ["mig"], "steps": 1}, "here")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ["betavae"], "set": {"betavae": {"beta": [4, 0]}}}, r"betavae on small: beta=0\.0"),
        ({"backbone": "guide"}, r"vae on guide: observation shape=\(1, 8, 8\): images"),
        ({"set": {"small": {"width": [1, 0]}}}, r"vae on small: width=0\.0: above 0"),
        ({"set": {"small": {"width": 1e30}}}, "vae on small: its layers are too large"),
        ({"set": {"toy": {"side": [8, 9]}}}, r"toy\.side=\[8, 9\]: a study has one data set, so one value"),
    ],
)
def test_mistakes_that_show_on_building_are_named(installed, changes, message):
    with pytest.raises(BenchError, match=message):
        expand(study(**changes))


@pytest.mark.parametrize(
    ("content", "message"),
    [("a = = 3", "Invalid value"), (b"\xff\xfe", "decode"), (None, "No such file")],
)
def test_a_file_that_is_no_study_is_named(tmp_path, content, message):
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BenchError, match=f"study .*mine.toml: .*{message}"):
        read(str(path))


def test_a_folder_is_no_study(tmp_path):
    with pytest.raises(BenchError, match="Is a directory"):
        read(str(tmp_path))


def test_an_unknown_study_lists_the_shipped_ones():
    with pytest.raises(
        BenchError, match=r"unknown study 'quik': choose from .*did you mean quick\?\), or name a \.toml"
    ):
        read("quik")


def test_a_users_study_is_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nsteps = 3\n[set.betavae]\nbeta = [1, 2]\n')
    assert read(str(path)) == {"name": "mine", "steps": 3, "set": {"betavae": {"beta": [1, 2]}}}


@pytest.mark.parametrize("content", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "{a = " * 5000 + "1" + "}" * 5000])
def test_toml_that_is_nested_too_deeply(tmp_path, content):
    (tmp_path / "deep.toml").write_text(content)
    with pytest.raises(BenchError, match=r"deep.toml: is nested too deeply to be read"):
        read(str(tmp_path / "deep.toml"))


def test_a_study_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.toml").write_text('name = "mine"')
    assert read("~/mine.toml") == {"name": "mine"}
