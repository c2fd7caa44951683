"""The pages in `examples/`, opened as their README says: from another port of this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect
from tests.conftest import Running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def folder() -> AsyncIterator[str]:
    """The folder's address on a web server that has nothing to do with ours."""
    app = web.Application()
    app.router.add_static("/", EXAMPLES)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(chromium: Browser) -> AsyncIterator[Page]:
    context = await chromium.new_context()
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("name", ["eventsource.html", "browser_fetch.html"])
async def test_a_page_shows_the_answer_and_how_it_ended(
    tab: Page, folder: str, server: Running, name: str
):
    await tab.goto(f"{folder}/{name}?server={server.url}")
    await tab.get_by_label("Question").fill("Xin chào, Huế!")
    await tab.get_by_role("button", name="Ask").click()

    await expect(tab.get_by_role("status")).to_contain_text("demo, ")
    await expect(tab.locator("#answer")).to_contain_text("> Xin chào, Huế!")
    await expect(tab.locator("#answer")).to_contain_text("and a real model answers here.")


async def test_the_fetch_page_stops_its_run(tab: Page, folder: str, server: Running):
    await tab.goto(f"{folder}/browser_fetch.html?server={server.url}")
    await tab.get_by_label("Question").fill("Talk to me. " * 50)
    await tab.get_by_role("button", name="Ask").click()
    await tab.get_by_role("button", name="Stop").click()

    await expect(tab.get_by_role("status")).to_contain_text("cancelled")
