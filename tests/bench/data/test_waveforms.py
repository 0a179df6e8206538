import numpy as np
import pytest

from bench.data.waveforms import FACTORS, SHAPES, waveforms, waves
from bench.errors import BenchError

SHA256 = "5bbc8b23c12bbe6d2e92e59a40d4b4d5a4734081bb8d961d029ca6eb76dfa85d"


def one(shape="sine", frequency=0, phase=0, amplitude=7, offset=0, length=64):
    return waves(np.array([[SHAPES.index(shape), frequency, phase, amplitude, offset]]), length)[0]


def test_the_data_set_is_that_of_record():
    data = waveforms()
    assert data.sha256 == SHA256
    assert (len(data), data.sizes, data.shape) == (19_200, (3, 10, 10, 8, 8), (1, 64))
    assert (data.kind, data.likelihood) == ("sequence", "gaussian")
    assert data.names == ("shape", "frequency", "phase", "amplitude", "offset")


def test_a_sine_by_hand():
    """One period, of amplitude 1 and offset -1/2, that begins half a period before the middle."""
    t = (np.arange(64) + 0.5) / 64
    np.testing.assert_allclose(one(), -0.5 - np.sin(2 * np.pi * t), atol=1e-12)


def test_frequency_is_periods_in_the_sequence():
    spectrum = np.abs(np.fft.rfft(one(frequency=9) + 0.5))
    assert spectrum.argmax() == FACTORS["frequency"][9] == 4


@pytest.mark.parametrize("shape", SHAPES)
def test_amplitude_and_offset_are_the_extremes(shape):
    wave = one(shape, frequency=3, amplitude=0, offset=7, length=4096)
    assert wave.max() == pytest.approx(1.0, abs=0.01)
    assert wave.min() == pytest.approx(0.0, abs=0.01)


def test_a_triangle_is_straight_and_a_square_flat():
    rises = np.diff(one("triangle", length=4096))
    assert np.allclose(np.abs(rises), 4 / 4096, atol=1e-5) or np.isclose(np.abs(rises), 4 / 4096).mean() > 0.99
    assert set(np.unique(one("square").round(12))) == {-1.5, 0.5}


def test_the_phase_is_that_in_the_middle_at_any_frequency():
    for frequency in (0, 4, 9):
        wave = one(frequency=frequency, phase=5, length=4096)
        assert wave[2047:2049].mean() == pytest.approx(0.5, abs=1e-3)  # a quarter turn: the crest


def test_noise_is_a_unit_normal_and_the_signal_is_in_units_of_it():
    data = waveforms(noise=0.25)
    e = data.observations[:, 0] - waves(data.v, 64) / 0.25
    assert np.allclose([e.mean(), e.std()], [0, 1], atol=0.01)
    assert len(np.unique(e[:, 0])) > 3_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 8}, "waveforms.length=8: expected from 16 to 4096"),
        ({"noise": -1.0}, "waveforms.noise=-1.0: expected from 0.001 to 1000"),
        ({"seed": -1}, "waveforms.seed=-1: expected at least 0"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(BenchError, match=message):
        waveforms(**arguments)
