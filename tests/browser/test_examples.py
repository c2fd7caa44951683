"""The pages in `examples/`, opened as their README says: from another port of this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect
from tests.clients.person import PASSWORD, signed_in
from tests.clients.road import Road
from tests.conftest import Running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
WHOLE = 1 << 30  # bytes: an answer that is not cut


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


@pytest.mark.parametrize(
    "name", ["eventsource.html", "browser_fetch.html", "chat_reader.html", "sluice_js.html"]
)
async def test_a_page_shows_the_answer_and_how_it_ended(
    tab: Page, folder: str, server: Running, name: str
):
    await tab.goto(f"{folder}/{name}?server={server.url}")
    await tab.get_by_label("Question").fill("Xin chào, Huế!")
    await tab.get_by_role("button", name="Ask").click()

    await expect(tab.get_by_role("status")).to_contain_text("demo, ")
    await expect(tab.locator("#answer")).to_contain_text("> Xin chào, Huế!")
    await expect(tab.locator("#answer")).to_contain_text("and a real model answers here.")


@pytest.mark.parametrize("name", ["browser_fetch.html", "sluice_js.html"])
async def test_a_page_stops_its_run(tab: Page, folder: str, server: Running, name: str):
    await tab.goto(f"{folder}/{name}?server={server.url}")
    await tab.get_by_label("Question").fill("Talk to me. " * 50)
    await tab.get_by_role("button", name="Ask").click()
    await tab.get_by_role("button", name="Stop").click()

    await expect(tab.get_by_role("status")).to_contain_text("cancelled")


async def test_a_page_that_is_reloaded_has_the_whole_answer(
    tab: Page, folder: str, server: Running
):
    await tab.goto(f"{folder}/sluice_js.html?server={server.url}")
    await tab.get_by_label("Question").fill("Talk to me. " * 20)
    await tab.get_by_role("button", name="Ask").click()
    await expect(tab.locator("#answer")).not_to_be_empty()
    await tab.reload()

    await expect(tab.locator("#answer")).to_contain_text("You wrote to the")
    await expect(tab.get_by_role("status")).to_contain_text("demo, ", timeout=15_000)
    await expect(tab.locator("#answer")).to_contain_text("and a real model answers here.")


async def test_the_conversation_page_signs_in_and_misses_nothing_where_it_is_cut_off(
    tab: Page, folder: str, server: Running
):
    # The login and the ticket, each with a preflight; then what the EventSource is sent, and again.
    cuts = [*[WHOLE] * 4, 1500, 2500]
    shown: list[str | None] = []
    async with signed_in(server.url) as ann, Road(server.port, cuts) as road:
        elsewhere = folder.replace("127.0.0.1", "localhost")
        await tab.goto(f"{elsewhere}/conversations.html?server={road.url}")
        await tab.get_by_label("Name").fill((await ann.get("/api/v1/auth/me"))["username"])
        await tab.get_by_label("Password").fill(PASSWORD)
        await tab.get_by_role("button", name="Sign in").click()
        status = tab.get_by_role("status")
        await expect(status).to_contain_text("Signed in as ")
        for listens in (True, False):
            await tab.get_by_label("with EventSource").set_checked(listens)
            await tab.get_by_role("button", name="Send").click()
            await expect(status).to_have_text("…")
            await expect(status).to_contain_text("demo, ")
            shown.append(await tab.locator("#answer").text_content())
        listed = (await ann.get("/api/v1/conversations"))["items"]
        messages = await ann.get(f"/api/v1/conversations/{listed[0]['id']}/messages")

    assert len(listed) == 1
    assert [one["content"] for one in messages["items"] if one["role"] == "assistant"] == shown
    streams = [one for one in road.asked if one["request"].startswith("GET")]
    assert [one["status"] for one in streams] == ["200"] * 3


async def test_the_conversation_page_stops_its_run(tab: Page, folder: str, server: Running):
    async with signed_in(server.url) as ann:
        await tab.goto(f"{folder}/conversations.html?server={server.url}")
        await tab.get_by_label("Name").fill((await ann.get("/api/v1/auth/me"))["username"])
        await tab.get_by_label("Password").fill(PASSWORD)
        await tab.get_by_role("button", name="Sign in").click()
        await tab.get_by_label("Message").fill("Talk to me. " * 50)
        await tab.get_by_role("button", name="Send").click()
        await expect(tab.locator("#answer")).not_to_be_empty()
        await tab.get_by_role("button", name="Stop").click()

        await expect(tab.get_by_role("status")).to_contain_text("cancelled")
