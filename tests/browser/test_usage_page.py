"""What one has used, as the page shows it: figures, charts, a table, a file, and the points."""

import csv
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect
from tests.browser.rooms import Rooms
from tests.browser.visitor import Visitor, visiting
from tests.conftest import Running, Serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MODELS = ("demo/n=5,delay=0ms", "demo/n=8,delay=0ms")
FAILS = "demo/fail=provider_unavailable@2"


@pytest_asyncio.fixture(loop_scope="session")
async def ann(rooms: Rooms, server: Running) -> AsyncIterator[Visitor]:
    """Somebody whom three replies have reached, the last one not to its end."""
    async with visiting(rooms, server.url) as visitor:
        for model in (*MODELS, FAILS):
            await visitor.talk("Hello", model=model)
        yield visitor


def bars(page: Page, chart: str) -> Locator:
    return (
        page.get_by_role("region", name=chart, exact=True).get_by_role("figure").get_by_role("img")
    )


async def card(page: Page, name: str) -> str:
    """What a card of the totals says."""
    totals = page.get_by_role("region", name="Totals")
    return (
        await totals.locator("div", has=page.get_by_text(name, exact=True))
        .locator("dd")
        .inner_text()
    )


async def test_totals_and_charts_say_what_the_server_does(ann: Visitor):
    page = await ann.tab("/usage")
    total = (await ann.get("/api/v1/usage"))["total"]
    last = bars(page, "Tokens").last
    said = f"Tokens in: {total['input_tokens']}, Tokens out: {total['output_tokens']}"
    await expect(last).to_have_attribute("aria-label", re.compile(f"{said}$"))

    assert await card(page, "Tokens in") == str(total["input_tokens"])
    assert await card(page, "Tokens out") == str(total["output_tokens"])
    assert await card(page, "Runs") == "3"
    assert await card(page, "Failed") == "1"
    await expect(bars(page, "Runs").last).to_have_attribute("aria-label", re.compile("Failed: 1$"))
    await expect(bars(page, "Tokens")).to_have_count(30)
    first = bars(page, "Tokens").first
    await expect(first).to_have_attribute("aria-label", re.compile("Tokens in: 0, Tokens out: 0$"))
    await expect(page).to_have_title("Usage · Sluice")


async def test_a_bar_tells_its_value_to_the_keyboard_and_to_the_pointer(ann: Visitor):
    page = await ann.tab("/usage?days=7")
    chart = page.get_by_role("region", name="Runs", exact=True)
    tip = chart.locator("p", has_text="Failed").locator("b")
    await bars(page, "Runs").last.focus()
    await expect(tip).to_have_text("1")
    await page.keyboard.press("ArrowLeft")
    await expect(bars(page, "Runs").nth(5)).to_be_focused()
    await expect(tip).to_have_text("0")
    await page.keyboard.press("Home")
    await expect(bars(page, "Runs").first).to_be_focused()

    await page.keyboard.press("Tab")
    await expect(bars(page, "Cost").last).to_be_focused()  # one stop for each chart
    await expect(tip).to_have_count(0)
    await bars(page, "Runs").last.hover(position={"x": 5, "y": 5})
    await expect(tip).to_have_text("1")


async def test_it_is_grouped_by_model_and_shown_as_a_table(ann: Visitor):
    page = await ann.tab("/usage")
    await page.get_by_role("radio", name="By model").check()
    items = (await ann.get("/api/v1/usage?group_by=model"))["items"]
    assert items
    for item in items:
        row = page.get_by_role("region", name="Runs", exact=True).get_by_role("listitem")
        await expect(row.filter(has_text=item["model"]).first).to_contain_text(str(item["runs"]))
    await page.get_by_role("button", name="Show as table").click()

    table = page.get_by_role("table", name="Figures")
    await expect(table.get_by_role("row")).to_have_count(len(items) + 2)
    heads = await table.get_by_role("columnheader").all_inner_texts()
    wanted = ["Model", "Tokens in", "Tokens out", "Done", "Failed", "Cost", "Points"]
    assert heads == wanted
    await page.reload()
    await expect(page.get_by_role("radio", name="By model")).to_be_checked()


async def test_a_time_of_ones_own_is_asked_for_and_what_is_wrong_with_it_told(ann: Visitor):
    page = await ann.tab("/usage")
    await page.get_by_role("radio", name="From – to").check()
    await page.get_by_label("From", exact=True).fill("2020-01-01")
    await page.get_by_label("To", exact=True).fill("2020-01-10")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.get_by_text("Nothing was used in this time.")).to_be_visible()
    assert await card(page, "Runs") == "0"

    await page.get_by_label("From", exact=True).fill("2020-02-01")
    await page.get_by_role("button", name="Show", exact=True).click()
    field = page.get_by_label("From", exact=True)
    await expect(field).to_have_accessible_description("Must not be later than `to`")
    await page.get_by_role("radio", name="7 days").check()
    await expect(bars(page, "Tokens")).to_have_count(7)


async def test_the_file_holds_the_same_figures(ann: Visitor, tmp_path: Path):
    page = await ann.tab("/usage?by=model")
    async with page.expect_download() as loading:
        await page.get_by_role("button", name="Export as CSV").click()
    download = await loading.value
    await download.save_as(tmp_path / "usage.csv")
    with (tmp_path / "usage.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    items = (await ann.get("/api/v1/usage?group_by=model"))["items"]
    assert re.fullmatch(r"sluice-usage-\d{4}-\d\d-\d\d-model\.csv", download.suggested_filename)
    assert [(row["Model"], int(row["Tokens out"])) for row in rows] == [
        (item["model"], item["output_tokens"]) for item in items
    ]


async def test_points_are_shown_with_the_lines_of_the_ledger(ann: Visitor):
    said = {"message": "Hello", "model": "demo/n=40,delay=0ms"}
    await ann.post("/api/stream/stream-conversation", said)
    held = await ann.get("/api/v1/points")
    page = await ann.tab("/usage")
    points = page.get_by_role("region", name="Your points").first

    await expect(points.locator("dd")).to_have_text(str(held["balance"]))
    rows = points.get_by_role("row")
    await expect(rows).to_have_count(1 + len(held["entries"]))
    await expect(rows.nth(1)).to_contain_text("Reply")
    await expect(rows.nth(1)).to_contain_text(re.compile(f"[-−]{-held['entries'][0]['amount']}$"))
    await expect(rows.last).to_contain_text("Given: registration")


async def test_nothing_of_points_where_there_are_none(chromium: Browser, serve: Serve):
    server = serve(SLUICE_POINTS="off")
    async with visiting(chromium, server.url) as visitor:
        page = await visitor.tab("/usage")
        await expect(page.get_by_text("Nothing was used in this time.")).to_be_visible()
        await expect(page.get_by_text("Points")).to_have_count(0)
        await page.get_by_role("link", name="Begin a conversation").click()
        await expect(page.get_by_role("textbox", name="Message")).to_be_visible()


async def test_it_speaks_vietnamese(ann: Visitor):
    page = await ann.tab("/settings")
    await page.get_by_label("Language").select_option("vi")
    await page.goto("/usage")

    await expect(page.get_by_role("heading", name="Mức sử dụng")).to_be_visible()
    await expect(page).to_have_title("Mức sử dụng · Sluice")


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("query", ["days=90", "by=model", "from=2026-01-01&to=2026-02-01"])
async def test_nothing_sticks_out_sideways(ann: Visitor, width: int, query: str):
    page = await ann.tab(f"/usage?{query}")
    await page.set_viewport_size({"width": width, "height": 800})
    await expect(page.get_by_role("region", name="Totals")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    if "from" not in query:
        await page.get_by_role("button", name="Show as table").click()
        await expect(page.get_by_role("table", name="Figures")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == width
