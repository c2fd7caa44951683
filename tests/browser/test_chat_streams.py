"""That no reply is lost: reloading, several tabs and devices, no network, a restarted server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Request, expect
from tests.browser.rooms import Rooms
from tests.browser.visitor import SLOW, Visitor, answered, grows, replies, say, visiting
from tests.browser.wire import wire
from tests.clients.person import PASSWORD
from tests.conftest import Running, running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PATIENCE = 30.0  # seconds
# Few tokens for its time: each one that is shown costs three processes a turn.
LONG = "demo/n=200,delay=40ms"


@pytest_asyncio.fixture(loop_scope="session")
async def ann(rooms: Rooms, server: Running) -> AsyncIterator[Visitor]:
    async with visiting(rooms, server.url) as visitor:
        yield visitor


class Streams:
    """The streams that a browser has asked for, by method; and those that are open now."""

    def __init__(self, visitor: Visitor) -> None:
        self.asked: list[str] = []
        self.open = 0
        visitor.context.on("request", self._begin)
        visitor.context.on("requestfinished", self._end)
        visitor.context.on("requestfailed", self._end)

    def _begin(self, request: Request) -> None:
        if self._streams(request):
            self.asked.append(request.method)
            self.open += 1

    def _end(self, request: Request) -> None:
        self.open -= self._streams(request)

    async def alone(self) -> None:
        """Waits until one is open: where a tab answers late, two have begun, and one lets go."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if self.open == 1:
                    return
                await asyncio.sleep(0.05)

    @staticmethod
    def _streams(request: Request) -> bool:
        return request.url.endswith(("/chat/stream", "/events"))


async def begin(visitor: Visitor, model: str = SLOW, text: str = "Go on") -> Page:
    """A tab in which a reply is being written."""
    tab = await visitor.tab(model=model)
    await say(tab, text)
    await tab.wait_for_url("**/c/*")
    await grows(replies(tab))
    return tab


async def same(shown: list[Locator]) -> None:
    """Waits until the same stands in all of them; a tab behind another draws later."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if len({tuple(await one.all_inner_texts()) for one in shown}) == 1:
                return
            await asyncio.sleep(0.1)


async def ended_run(visitor: Visitor, url: str) -> Any:
    """The visitor's only run, asked for past the wire, once it has ended."""
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in await visitor.context.cookies())
    async with aiohttp.ClientSession(url, headers={"Cookie": cookie}) as session:

        async def get(path: str) -> Any:
            async with session.get(path) as response:
                return await response.json()

        (talk,) = (await get("/api/v1/conversations"))["items"]
        said = await get(f"/api/v1/conversations/{talk['id']}/messages")
        id = said["items"][-1]["run_id"]
        async with session.get(f"/api/v1/runs/{id}/events") as events:
            await events.read()  # to its end
        return await get(f"/api/v1/runs/{id}")


async def runs_of(visitor: Visitor) -> int:
    return (await visitor.get("/api/v1/usage"))["total"]["runs"]


async def test_a_reload_in_the_middle_goes_on_where_it_was(ann: Visitor):
    tab = await begin(ann, LONG)
    seen = await grows(replies(tab), 200)
    await tab.reload()
    await grows(replies(tab), seen)
    reply = await answered(tab)

    await expect(reply).to_contain_text("200 tokens")
    assert await runs_of(ann) == 1


async def test_two_tabs_show_the_same_reply_by_one_connection(ann: Visitor):
    streams = Streams(ann)
    first = await begin(ann, LONG)
    second = await ann.tab(first.url)
    seen = await grows(replies(second))
    await streams.alone()
    await grows(replies(second), seen + 100)
    await same([(await answered(tab)).locator("p, li") for tab in (first, second)])

    assert streams.asked.count("POST") == 1
    assert streams.open == 0  # between runs no tab holds a connection


async def test_when_the_tab_that_reads_is_closed_another_takes_over(ann: Visitor):
    streams = Streams(ann)
    first = await begin(ann)
    second = await ann.tab(first.url)
    seen = await grows(replies(second))
    await first.close()
    await grows(replies(second), seen + 200)

    assert (streams.asked.count("POST"), set(streams.asked)) == (1, {"POST", "GET"})
    await second.keyboard.press("Escape")
    await answered(second)


async def test_a_message_in_one_tab_appears_in_the_other(ann: Visitor):
    id = await ann.talk("Before")
    watching = await ann.tab(f"/c/{id}")
    await expect(replies(watching)).to_have_count(1)
    asking = await ann.tab(f"/c/{id}", model=LONG)
    await say(asking, "Look there")
    await expect(replies(watching)).to_have_count(2)
    await grows(replies(watching).last, 200)

    await expect(await answered(watching)).to_contain_text("200 tokens")


async def test_stopping_in_one_tab_stops_it_in_the_other(ann: Visitor):
    first = await begin(ann)
    second = await ann.tab(first.url)
    await grows(replies(second))
    await second.get_by_role("button", name="Stop").click()
    for tab in (first, second):
        await expect(await answered(tab)).to_contain_text("stopped before its end")


async def test_a_connection_that_is_gone_is_told_and_coming_back_resumes(
    chromium: Browser, server: Running
):
    async with wire(server.port) as road, visiting(chromium, road.url) as visitor:
        tab = await begin(visitor, "demo/n=300,delay=40ms")
        seen = await grows(replies(tab), 100)
        road.cut()
        await visitor.context.set_offline(True)
        await expect(replies(tab)).to_contain_text("The connection is gone.")
        road.mend()
        await visitor.context.set_offline(False)
        await grows(replies(tab), seen + 200)
        reply = await answered(tab)

        await expect(reply).to_contain_text("300 tokens")
        assert await runs_of(visitor) == 1
        visitor.forgive("net::ERR_")


async def test_what_ended_while_the_reader_was_away_is_there_on_coming_back(
    chromium: Browser, server: Running
):
    async with wire(server.port) as road, visiting(chromium, road.url) as visitor:
        tab = await begin(visitor, "demo/n=40,delay=20ms")
        road.cut()
        run = await ended_run(visitor, server.url)
        road.mend()

        await expect(await answered(tab)).to_contain_text("40 tokens")
        assert run["state"] == "finished"
        visitor.forgive("net::ERR_")


async def test_what_is_sent_while_offline_goes_once_the_network_is_back(ann: Visitor):
    tab = await ann.tab(model="demo/n=20,delay=0ms")
    await expect(tab.get_by_label("Model", exact=True)).to_be_visible()
    await ann.context.set_offline(True)
    await say(tab, "From nowhere")
    await expect(tab.get_by_role("button", name="Stop")).to_be_visible()
    await ann.context.set_offline(False)
    await answered(tab)

    assert await runs_of(ann) == 1
    ann.forgive("net::ERR_")


async def test_the_page_may_be_closed_and_the_reply_is_written_to_its_end(ann: Visitor):
    tab = await begin(ann, "demo/n=150,delay=20ms")
    address = tab.url
    await tab.close()
    later = await ann.tab(address)

    await expect(await answered(later)).to_contain_text("150 tokens")


async def test_seven_tabs_with_seven_replies_all_go_on(ann: Visitor):
    streams = Streams(ann)
    tabs = [await ann.tab(model=LONG) for _ in range(7)]
    await asyncio.gather(*(say(tab, f"Tab {nth}") for nth, tab in enumerate(tabs)))
    seen = await asyncio.gather(*(grows(replies(tab)) for tab in tabs))
    await asyncio.gather(
        *(grows(replies(tab), some + 100) for tab, some in zip(tabs, seen, strict=True))
    )
    # Six connections are all that a browser keeps; something else can still be asked for.
    assert (await tabs[6].evaluate("fetch('/livez').then((got) => got.status)")) == 200
    for tab in tabs:
        await expect(await answered(tab)).to_contain_text("200 tokens", timeout=30_000)

    assert await runs_of(ann) == 7
    assert streams.open == 0


async def test_another_device_sees_the_reply_grow_too(
    ann: Visitor, chromium: Browser, server: Running
):
    first = await begin(ann)
    other = await chromium.new_context(base_url=server.url)
    given = {"username": ann.name, "password": PASSWORD}
    assert (await other.request.post("/api/v1/auth/session", data=given)).ok
    tab = await other.new_page()
    await tab.goto(first.url)
    seen = await grows(replies(tab))
    await grows(replies(tab), seen + 100)
    await tab.get_by_role("button", name="Stop").click()

    await expect(await answered(first)).to_contain_text("stopped before its end")
    await other.close()


async def test_a_server_that_is_restarted_leaves_what_was_said(chromium: Browser, tmp_path: Path):
    with running(tmp_path, SLUICE_DRAIN="0") as server:
        async with visiting(chromium, server.url) as visitor:
            tab = await begin(visitor)
            await grows(replies(tab), 100)
            server.stop()
            with running(tmp_path, "--port", str(server.port)):
                reply = await answered(tab)
                await expect(reply.get_by_role("alert")).to_contain_text("restarted")
                await expect(reply).to_contain_text("You wrote to the demo model")
            visitor.forgive("net::ERR_")
