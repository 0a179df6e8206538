"""What methods and parameters are called in a report."""

import pytest

from bench.report.figures.style import looks, series_name
from bench.report.words.names import METHODS, method_label, symbol


@pytest.mark.parametrize(
    ("method", "label", "strength", "letter"),
    [
        ("vae", "VAE", "", ""),
        ("betavae", "β-VAE", "beta", "β"),
        ("factorvae", "FactorVAE", "gamma", "γ"),
        ("infovae", "InfoVAE", "lambda_", "λ"),
        ("betatcvae", "β-TCVAE", "beta", "β"),
        ("annealedvae", "AnnealedVAE", "c_max", "C"),
        ("dipvae", "DIP-VAE", "lambda_od", "λ_od"),
    ],
)
def test_the_suites_own_are_spelled_as_in_the_literature(method, label, strength, letter):
    from bench import plugins

    assert (method_label(method), symbol(strength)) == (label, letter)
    assert (plugins.load("method", method).strength or "") == strength


def test_a_method_that_is_in_no_table_is_called_as_on_the_command_line():
    assert method_label("wae") == "wae"
    assert symbol("noise") == "noise"
    assert symbol("kappa_") == "kappa"
    assert series_name(("wae", (("kappa_", 2.0),)), ()) == "wae, kappa = 2"


def test_a_method_looks_the_same_whatever_stands_beside_it():
    """Also the first ones, of which figures are published."""
    series = [((method, ()), ()) for method in METHODS]
    alone = {key: looks([one])[key] for one in series for key in [one[0]]}
    assert looks([*series, (("wae", ()), ()), (("pca", ()), ())]).items() >= alone.items()
    assert [alone[method, ()].marker for method in ("vae", "betavae", "factorvae", "infovae")] == ["o", "s", "^", "D"]
    assert len({(look.colour, look.marker) for look in alone.values()}) == len(METHODS)
