import msgspec
import pytest

from bench import plugins
from bench.datasets import data_spec
from bench.spec import DataSpec, RunSpec


def test_the_key_is_that_of_record(spec_of):
    """A change here orphans every stored run."""
    spec = spec_of("betavae", {"beta": 4})
    spec = msgspec.structs.replace(spec, dataset=msgspec.structs.replace(spec.dataset, sha256="0" * 64))
    assert spec.key == "8ac9ae90c205f725"


def test_a_committed_run_keeps_its_key(committed):
    """reports/reference/runs.csv, made before there were wrappers, and JSON as it was then."""
    spec = committed
    assert spec.key == "a5cb56d02bc38e31"
    written = msgspec.json.encode(spec)
    assert b"wrap" not in written
    assert msgspec.json.decode(written, type=RunSpec) == spec


def test_wrappers_and_their_order_are_in_the_key_and_in_the_label(installed, spec_of):
    wraps = [[], ["noise"], ["split", "noise"], ["noise", "split"]]
    specs = [
        spec_of(dataset=data_spec("toy", {}, wrap=[(name, {"seed": 3} if name == "split" else {}) for name in names]))
        for names in wraps
    ]
    assert len({spec.key for spec in specs}) == 4
    label = "toy+split(score=test,seed=3,train=0.8,validation=0.1)+noise(level=0.1,seed=0)"
    assert [spec.dataset.label for spec in specs][:3:2] == ["toy", label]
    assert specs[2].dataset.short == "toy+split+noise"
    for spec in specs:
        assert msgspec.json.decode(msgspec.json.encode(spec), type=RunSpec) == spec


def test_what_a_user_calls_a_data_set_is_in_its_label():
    faces = DataSpec(name="image_folder", args={"name": "faces", "size": 64}, sha256="0" * 64)
    assert (faces.label, faces.short) == ("image_folder:faces", "image_folder:faces")
    unnamed = DataSpec(name="image_folder", args={"name": "", "size": 64}, sha256="0" * 64)
    assert unnamed.label == "image_folder"


def test_4_and_4_0_and_the_default_are_the_same_run(spec_of):
    assert len({spec_of("betavae", given).key for given in ({"beta": 4}, {"beta": 4.0}, {"beta": "4"}, {})}) == 1


def test_where_the_file_lies_is_not_in_the_key(spec_of):
    spec = spec_of()
    moved = msgspec.structs.replace(spec, dataset=msgspec.structs.replace(spec.dataset, source="/elsewhere/x.npz"))
    assert moved.key == spec.key
    assert moved != spec


def test_the_order_of_arguments_is_not_in_the_key(spec_of):
    spec = spec_of("infovae")
    backwards = msgspec.structs.replace(spec, params=dict(reversed(spec.params.items())))
    assert list(backwards.params) != list(spec.params)
    assert backwards.key == spec.key


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"revision": 2},
        {"steps": 5},
        {"lr": 2e-3},
        {"batch_size": 9},
        {"z_dim": 4},
        {"warmup": 1},
        {"grad_clip": 1.0},
        {"likelihood": "gaussian"},
        {"backbone": "mlp"},
        {"backbone_params": {"width": 0.5}},
        {"params": {"beta": 5.0}},
        {"method": "vae"},
    ],
)
def test_all_that_determines_a_training_is_in_the_key(spec_of, change):
    spec = spec_of("betavae")
    assert msgspec.structs.replace(spec, **change).key != spec.key


@pytest.mark.parametrize("change", [{"sha256": "0"}, {"name": "other"}, {"args": {"side": 9}}])
def test_all_that_determines_the_data_is_in_the_key(spec_of, change):
    spec = spec_of()
    other = msgspec.structs.replace(spec, dataset=msgspec.structs.replace(spec.dataset, **change))
    assert other.key != spec.key


def test_a_spec_survives_json_with_its_key(spec_of):
    spec = spec_of("infovae", {"alpha": 0.1, "lambda_": 1e3}, lr=1e-4)
    back = msgspec.json.decode(msgspec.json.encode(spec), type=RunSpec)
    assert back == spec
    assert back.key == spec.key


def test_resolved_parameters_are_of_their_annotated_types():
    params = plugins.resolve("method", "factorvae", {"gamma": 10, "width": "64"})
    assert params == {"gamma": 10.0, "lr_discriminator": 1e-4, "width": 64}
    assert {name: type(value) for name, value in params.items()} == {
        "gamma": float,
        "lr_discriminator": float,
        "width": int,
    }
