"""The page in a browser: the system's chromium, or the one that BENCH_CHROMIUM names.

Without one these tests are skipped; with BENCH_REQUIRE_BROWSER=1 they fail instead.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = os.environ.get("BENCH_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = os.environ.get("BENCH_REQUIRE_BROWSER") == "1"
pytestmark = pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="needs chromium (apt-get install chromium)")
LAPTOP, PHONE = {"width": 1366, "height": 850}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None, "BENCH_REQUIRE_BROWSER=1, but there is no chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any, page_of_study: Path) -> Iterator[Any]:
    """The page once it is ready; at the end it must have asked for nothing but itself and complained of nothing."""
    page = browser.new_page(viewport=LAPTOP)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_of_study.as_uri())
    page.wait_for_selector("body[data-ready=yes]", timeout=30_000)
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [page_of_study.as_uri()]
    assert page.evaluate("document.body.dataset.owned") is None
    page.close()


def column(page: Any, table: str, head: str) -> list[str]:
    heads = page.locator(f"{table} thead th").all_inner_texts()
    at = next(i for i, text in enumerate(heads) if text.startswith(head)) + 1
    return page.locator(f"{table} tbody tr td:nth-child({at})").all_inner_texts()  # type: ignore[no-any-return]


def point(page: Any, trace: str, method: str = "other") -> tuple[float, float]:
    """Where the first point of a method's trace of this kind is drawn."""
    box = page.evaluate(
        """([kind, method]) => { const plot = document.getElementById("plot");
        const at = plot._fullData.findIndex(t => t.meta === kind && t.name.startsWith(method));
        const uid = plot._fullData[at].uid;
        const mark = plot.querySelector(`.trace${uid} .point`).getBoundingClientRect();
        return [mark.x + mark.width / 2, mark.y + mark.height / 2]; }""",
        [trace, method],
    )
    return box[0], box[1]


def test_tables_sort_by_number_and_filter(opened: Any) -> None:
    opened.locator("#settings-0 thead th", has_text="MIG").click()
    opened.wait_for_selector("#settings-0 th[aria-sort=ascending]")
    rising = [float(text.split()[0]) for text in column(opened, "#settings-0", "MIG")]
    assert rising == sorted(rising)
    assert len(rising) == 5
    opened.locator("#settings-0 thead th", has_text="MIG").click()
    opened.wait_for_selector("#settings-0 th[aria-sort=descending]")
    assert [float(text.split()[0]) for text in column(opened, "#settings-0", "MIG")] == sorted(rising, reverse=True)
    opened.locator("#runs input[type=search]").fill("collapsed")
    assert column(opened, "#table-runs", "status") == ["collapsed"]
    opened.locator("#runs input[type=search]").fill('"β = 4"')
    assert set(column(opened, "#table-runs", "setting")) == {"β = 4"}
    assert opened.locator("#table-runs thead th:not([scope=col])").count() == 0
    for typed in ("beta", "betavae"):  # nobody has a β on the keyboard
        opened.locator("#runs input[type=search]").fill(typed)
        assert set(column(opened, "#table-runs", "method")) == {"β-VAE"}


def test_hovering_tells_the_run_and_a_click_shows_its_traversal_and_matrices(opened: Any) -> None:
    opened.locator("#plot").scroll_into_view_if_needed()
    opened.mouse.move(*point(opened, "runs"))
    opened.wait_for_selector("#plot .hoverlayer .hovertext")
    told = opened.locator("#plot .hoverlayer").text_content()
    for part in ("other, mode = ", "seed", "reconstruction", "MIG"):
        assert part in told
    opened.mouse.click(*point(opened, "runs"))
    opened.wait_for_selector("#panel .matrix .main-svg")
    assert "seed" in opened.locator("#panel h3").inner_text()
    assert opened.locator("#panel .matrix").count() == 2
    picture = opened.locator("#panel img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 8 * 32
    assert "latent dimensions" in picture.get_attribute("alt")
    assert "MIG" in opened.locator("#panel table").inner_text()


def test_an_address_opens_the_page_at_a_run_with_the_command_that_makes_it_again(
    opened: Any, browser: Any, page_of_study: Path
) -> None:
    opened.locator("#runs input[type=search]").fill("betavae")
    button = opened.locator("#table-runs button.run").first
    key = button.inner_text()
    button.click()
    assert "--methods betavae --seed " in opened.locator("#panel .command").inner_text()
    assert opened.locator("#panel a").get_attribute("href") == f"#{key}"
    assert opened.url == f"{page_of_study.as_uri()}#{key}"
    sent = browser.new_page()
    sent.goto(opened.url)
    sent.wait_for_selector("body[data-ready=yes]", timeout=30_000)
    assert key in sent.locator("#panel").inner_text()
    sent.close()


def test_the_score_on_the_axis_can_be_changed(opened: Any) -> None:
    before = opened.evaluate("document.getElementById('plot').data[1].y")
    assert opened.locator("#plot .legendtext", has_text="front").count() == 1
    opened.locator("#view").select_option(label="DCI disentanglement against reconstruction")
    assert opened.evaluate("document.getElementById('plot').data[1].y") != before
    assert "DCI disentanglement against reconstruction" in opened.locator("#plot").get_attribute("aria-label")
    opened.locator("#view").select_option(label="DCI disentanglement against KL")
    assert "against KL" in opened.locator("#plot").get_attribute("aria-label")


def test_a_run_is_shown_from_the_keyboard_and_no_text_of_it_is_markup(opened: Any) -> None:
    opened.locator("#runs input[type=search]").fill("<img")
    button = opened.locator("#table-runs button.run").first
    button.focus()
    opened.keyboard.press("Enter")
    opened.wait_for_selector("#panel .matrix .main-svg")
    assert opened.evaluate("document.activeElement.id") == "panel"
    assert "<img src=x>" in opened.locator("#panel h3").inner_text()
    assert opened.locator("img:not([alt])").count() == 0
    assert opened.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE])
def test_nothing_sticks_out_sideways(opened: Any, viewport: dict[str, int]) -> None:
    opened.set_viewport_size(viewport)
    opened.locator("#table-runs button.run").first.click()
    opened.wait_for_selector("#panel .matrix .main-svg")
    opened.evaluate(
        "document.querySelector('#view').add(new Option('downstream efficiency against reconstruction '.repeat(2)))"
    )
    assert opened.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_no_column_is_cut_on_a_laptop_and_a_phone_shows_scores_at_once(opened: Any) -> None:
    ends = "[...document.querySelectorAll('#{} th')].map(th => [th.innerText, th.getBoundingClientRect()])"
    for viewport, table in ((LAPTOP, "settings-0"), (LAPTOP, "table-runs")):
        opened.set_viewport_size(viewport)
        edges = opened.evaluate(f"{ends.format(table)}.map(([, box]) => box.right)")
        assert max(edges) <= viewport["width"]
    opened.set_viewport_size(PHONE)
    opened.evaluate("window.scrollTo(0, 0)")
    box = opened.locator("#settings-0 tbody tr").first.locator("td", has_text="[").first.bounding_box()
    assert box["x"] + box["width"] <= PHONE["width"]
    said = opened.locator(".conclusion li").first  # which tells the highest score, before the table does
    assert "[" in said.inner_text()
    first = said.bounding_box()
    assert first["x"] + first["width"] <= PHONE["width"]
    assert first["y"] + first["height"] <= PHONE["height"]
