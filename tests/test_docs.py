"""docs/testing.md says of each kind of test where it is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", PAGE, re.MULTILINE))
FILE = re.compile(r"`((?:tests|benchmarks|docs)/[^`\s]*)`")


def of_tests(path):
    """Whether there are tests in this file or folder, or it is a script or a text."""
    if path.is_dir():
        return any(map(of_tests, path.rglob("test_*.py")))
    return path.is_file() and (
        path.suffix != ".py" or path.parent.name == "benchmarks" or "def test_" in path.read_text()
    )


def test_the_page_has_a_section_for_each_kind():
    kinds = {"Closed forms", "Oracle", "Properties", "Real kills", "Exactness", "Browser", "House rules"}
    assert set(SECTIONS) > kinds


@pytest.mark.parametrize("kind", SECTIONS)
def test_the_files_of_a_kind_are_there(kind):
    named = FILE.findall(SECTIONS[kind])
    assert named
    assert [name for name in named if not of_tests(ROOT / name)] == []
