"""Numbers as other programs, languages and people write them."""

import pytest

from bench.data._own.notations import elsewhere, unlike

ELSEWHERE = {
    "a decimal comma": ["1,5", "-0,25", ",5", "5,", "1,5E3", "1,5e-3"],
    "marks between thousands": [
        *("1,234", "1.234,5", "1,234.5", "1.234.567", "1 234", "1\u00a0234", "1\u202f234,50", "1'234", "1’234"),
        *("12,34,567", "-1,234.5"),
    ],
    "another minus sign": ["−5", "–5.5", "—5", "－5", "‐5", "1e−5"],
    "its sign elsewhere": ["5-", "(5)", "(1.5)", "- 5", "+ 5"],
    "digits of another script": ["٣", "٣٫٥", "１２", "１．５", "५", "𝟓"],
    "another notation of powers of ten": [
        *("1.5D+03", "1.5d3", "1.5x10^3", "1.5 × 10^-3", "1.5×10⁻³", "1.5*10**3", "1.5·10^3", "1.5*^3", "10^5", "10⁵"),
        *("1.5+103", "1E 5", "1.5⏨3", "1.5Q+3"),
    ],
    "a percent sign": ["50%", "50 %", "5‰", "%50", "12.5％"],
    "a currency": ["€5", "5 €", "$5", "-$5", "5 EUR", "CHF 5.50", "kr 5", "R$ 5", "₹5"],
    "characters that do not show": ["\u200b5", "5\u200e", "\ufeff5", "5\u00ad0", "\u20605"],
    "quotes": ["'5", '"5"', "“5”", "'5'", '="5"', "«5»"],
    "a percent sign and a decimal comma": ["1,5 %"],
    "a currency and marks between thousands": ["$1,000.50", "1.000,50 €"],
    "a percent sign and another minus sign": ["−5%"],
}
UNLIKE = {
    "underscores": ["1_2", "1_000", "1_0.5"],
    "a base other than ten": ["0x1F", "0X10", "0b101", "0o17", "&H1F", "0x1.8p3"],
    "letters among its digits": ["1.O", "O5", "1O", "l2", "I0", "1S", "B8"],
    "a unit or other text": ["4mm", "4 mm", "4 m²", "5°", "5 °C", "3 km/h", "5*", "5L", "5 (est)", "20Hz", "1.5V"],
    "a decimal comma and a unit or other text": ["1,5 mm"],
    "a sign of about, less or more": ["~5", "<5", "> 5", "≈5", "≤5.5", "ca. 5"],
    "an uncertainty": ["5±1", "5 +/- 1", "1.5(2)"],
    "a fraction": ["1/2", "1 1/2", "½", "2½"],
}
NONE = ["5", "-5.25", "+.5", "1e5", "a", "A4", "2024-01-01", "12:30", "1.2.3", "10-20", "192.168.1.10", "", "-", "nan"]


def pairs(of):
    return [(cell, words) for words, cells in of.items() for cell in cells]


@pytest.mark.parametrize(("cell", "words"), pairs(ELSEWHERE))
def test_a_number_elsewhere_is_named(cell, words):
    assert set(elsewhere(cell).split(" and ")) == set(words.split(" and "))
    assert unlike(cell) == ""


@pytest.mark.parametrize(("cell", "words"), pairs(UNLIKE))
def test_what_may_be_a_label_is_no_number_elsewhere(cell, words):
    assert elsewhere(cell) == ""
    assert set(unlike(cell).split(" and ")) == set(words.split(" and "))


@pytest.mark.parametrize("cell", NONE)
def test_plain_numbers_and_texts_have_no_notation(cell):
    assert (elsewhere(cell), unlike(cell)) == ("", "")
