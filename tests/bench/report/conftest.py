"""Makes `report_fakes` importable by the tests beside it, whatever else pytest collects; a report that tests share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def page_of_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """index.html in the report of `web_fakes.study`."""
    from web_fakes import report

    return report(tmp_path_factory.mktemp("page"))
