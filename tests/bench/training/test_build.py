import math

import msgspec
import pytest
import torch

from bench.datasets import data_spec, load_dataset
from bench.errors import BenchError
from bench.training.build import build, check


def test_a_data_sets_spec_holds_its_resolved_arguments_and_sha256(toy):
    spec = data_spec("toy", {"side": "8"})
    assert (spec.name, spec.args, spec.sha256, spec.source) == ("toy", {"side": 8}, toy.sha256, "")


def test_a_data_set_is_made_once(toy):
    assert load_dataset(data_spec("toy", {})) is toy


def test_a_file_of_the_users_is_read_and_known_by_its_content(toy, tmp_path):
    same, other = tmp_path / "same.bin", tmp_path / "other.bin"
    same.write_bytes(toy.observations.tobytes())
    other.write_bytes(bytes(toy.observations.size))
    assert data_spec("toy", {}, str(same)).sha256 == toy.sha256
    assert data_spec("toy", {}, str(other)).sha256 != toy.sha256


def test_a_data_set_other_than_stated_is_refused(installed):
    with pytest.raises(BenchError, match=r"toy: sha256 .*, the run was made with 0000"):
        load_dataset(msgspec.structs.replace(data_spec("toy", {}), sha256="0" * 64))


def test_a_file_for_a_data_set_that_is_made_is_refused():
    with pytest.raises(BenchError, match="sprites32 is made, not read from a file"):
        data_spec("sprites32", {}, "x.npz")


def test_checking_builds_without_memory_and_refuses_what_building_would(toy, spec_of):
    check(spec_of("factorvae", {"width": 10_000_000}), toy.shape)
    for spec, message in [
        (spec_of("infovae", {"alpha": 2}), "infovae on small: alpha=2.0"),
        (spec_of(backbone="guide", backbone_params={"width": 1.0}), r"vae on guide: observation shape=\(1, 8, 8\)"),
        (spec_of(backbone_params={"width": math.inf}), "vae on small: its layers are too large"),
        (spec_of(backbone_params={"width": 1e30}), "vae on small: its layers are too large"),
        (spec_of(z_dim=10**18), "vae on small: its layers are too large"),
    ]:
        with pytest.raises(BenchError, match=message):
            check(spec, toy.shape)


def test_images_are_laid_out_channels_last(toy, spec_of):
    weight = build(spec_of(), toy.shape).backbone.encoder[0][2].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_a_likelihood_that_there_is_not_is_refused_in_one_line(toy, spec_of):
    with pytest.raises(BenchError, match=r"^toy: unknown likelihood 'poisson': .*bernoulli[^\n]*$"):
        check(spec_of(likelihood="poisson"), toy.shape)
