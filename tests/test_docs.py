"""What the pages state of the code: where each kind of test is, what is public, what the first example prints."""

import importlib
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


@pytest.mark.parametrize("package", ["bench", "methods", "metrics", "bench.data", "bench.testing"])
def test_the_api_page_has_every_public_name(package):
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    public = set(importlib.import_module(package).__all__)
    directives = set(re.findall(rf"^\.\. auto(?!module)\w+:: {package}\.(\w+)$", text, re.MULTILINE))
    assert directives <= public
    assert {name for name in public - directives if f"`{name}" not in text} == set()


def test_the_first_example_prints_what_the_page_shows(capsys):
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    code, shown = re.findall(r"^```(?:python|text)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == shown
