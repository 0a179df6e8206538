import numpy as np
import pytest

from bench.data.sentences import FACTORS, LENGTH, sentences, text, vocabulary, words

SHA256 = "a29dda73e93adcfbb63ce9f67f4533ab08334c0940e75c6f6dbb01fd2b220250"


@pytest.fixture(scope="module")
def data():
    return sentences()


def test_the_data_set_is_that_of_record(data):
    assert data.sha256 == SHA256
    assert (len(data), data.sizes) == (12_288, (8, 8, 8, 3, 2, 2, 2))
    assert (data.shape, data.kind, data.likelihood) == ((48, 8), "sequence", "categorical")
    assert data.names[3:] == ("tense", "subject number", "object number", "negation")


@pytest.mark.parametrize(
    ("factors", "sentence"),
    [
        ([0, 0, 1, 0, 0, 0, 0], "the cat called the dog . _ _"),
        ([0, 3, 1, 1, 0, 1, 0], "the cat watches the dogs . _ _"),
        ([0, 3, 1, 1, 1, 1, 0], "the cats watch the dogs . _ _"),
        ([2, 7, 2, 1, 0, 0, 1], "the horse does not trust the horse ."),
        ([2, 7, 2, 1, 1, 0, 1], "the horses do not trust the horse ."),
        ([7, 1, 5, 0, 1, 0, 1], "the farmers did not help the king ."),
        ([7, 1, 5, 2, 0, 0, 0], "the farmer will help the king . _"),
        ([7, 1, 5, 2, 0, 0, 1], "the farmer will not help the king ."),
    ],
)
def test_sentences_by_hand(factors, sentence):
    assert words(factors) == sentence.split()


def test_every_observation_is_the_one_hot_sentence_of_its_factors(data):
    rows = np.random.default_rng(0).integers(len(data), size=300)
    x = data.x(rows)
    assert x.shape == (300, 48, LENGTH)
    assert (x.sum(axis=1) == 1).all()
    assert set(np.unique(x)) == {0, 1}
    for row, observed in zip(rows, x, strict=True):
        assert text(observed) == " ".join(w for w in words(data.v[row].tolist()) if w != "_")


def test_no_two_sentences_are_alike_and_no_word_is_idle(data):
    x = data.x(np.arange(len(data)))
    assert len(np.unique(data.observations, axis=0)) == len(data)
    assert (x.sum(axis=(0, 2)) > 0).all()
    assert len(set(vocabulary())) == len(vocabulary()) == 48
    assert len(FACTORS) == 7
