"""Texts that are safe to print."""

import pytest

from bench.errors import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("posX, größe μ (日本)", "posX, größe μ (日本)"),
        ("a\u00a0b", "a\u00a0b"),
        ("a\x1b[31mred", r"a\x1b[31mred"),
        ("a\x1b]0;title\x07", r"a\x1b]0;title\x07"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b2J", r"\x9b2J"),
        ("abc\u202ecba", r"abc\u202ecba"),
        ("a\u2028b\u200b", r"a\u2028b\u200b"),
    ],
)
def test_what_a_terminal_obeys_is_written_out(text, shown):
    assert printable(text) == shown
