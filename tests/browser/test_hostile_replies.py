"""Whatever a model says does nothing but look odd: no script runs, and nothing is fetched."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect
from tests.browser.hostile_markdown import SAMPLES
from tests.browser.visitor import Visitor, answered, replies, say, visiting
from tests.conftest import running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PIECE = 2_000  # characters that the provider says at once
ALIVE = """() => ({
    scripts: [...document.scripts].filter((one) => !one.src.startsWith(location.origin)).length,
    frames: document.querySelectorAll("iframe, object, embed, form form, meta[http-equiv]").length,
    handlers: [...document.querySelectorAll("[role=log] *")].flatMap((one) =>
        [...one.attributes].filter(({name}) => name.startsWith("on"))).length,
    links: [...document.querySelectorAll("[role=log] a")].filter((one) =>
        !/^(https?|mailto):/.test(one.href) || !/noopener/.test(one.rel)
    ).map((one) => one.href),
    pictures: [...document.querySelectorAll("[role=log] img")].map((one) => one.src),
})"""
NOTHING = {"scripts": 0, "frames": 0, "handlers": 0, "links": [], "pictures": []}


class Reciter:
    """An OpenAI-compatible server whose model says, to the name of a sample, that sample."""

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "reciter"}]})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        asked = (await request.json())["messages"][-1]["content"]
        text = SAMPLES.get(asked, "Nothing.")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for at in range(0, len(text), PIECE):
            await response.write(_chunk({"content": text[at : at + PIECE]}, None))
        await response.write(_chunk({}, "stop"))
        await response.write(b"data: [DONE]\n\n")
        return response


def _chunk(delta: dict[str, str], reason: str | None) -> bytes:
    said = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return b"data: " + json.dumps(said).encode() + b"\n\n"


@asynccontextmanager
async def reciting() -> AsyncIterator[str]:
    reciter, app = Reciter(), web.Application()
    app.router.add_get("/v1/models", reciter.models)
    app.router.add_post("/v1/chat/completions", reciter.complete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reader(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Visitor]:
    """Somebody at a server whose model is the reciter."""
    folder: Path = tmp_path_factory.mktemp("reciter")
    async with reciting() as url:
        with running(folder, LOCAL_LLM_URL=url, SLUICE_DEFAULT_MODEL="local/reciter") as server:
            async with visiting(chromium, server.url) as visitor:
                yield visitor


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tab(reader: Visitor) -> AsyncIterator[Page]:
    """A tab that would tell if something had run, or called elsewhere."""
    page = await reader.tab()
    await page.evaluate("() => { window.pwned = () => { window.ran = true; }; }")
    await say(page, "hello")
    await page.wait_for_url("**/c/*")
    await answered(page)
    yield page


@pytest.mark.parametrize("name", list(SAMPLES))
async def test_it_does_nothing_but_look_odd(tab: Page, reader: Visitor, name: str):
    called: list[str] = []
    tab.on("request", lambda request: called.append(request.url))
    said = await replies(tab).count()
    await say(tab, name)
    await expect(tab.get_by_role("article", name="You said").last).to_contain_text(name)
    last = tab.get_by_role("log").get_by_role("article").last
    await expect(last).to_have_accessible_name("Reply")
    await answered(tab)

    assert await tab.evaluate(ALIVE) == NOTHING
    assert await tab.evaluate("window.ran") is None
    assert [url for url in called if not url.startswith(reader.url)] == []
    assert said >= 1


async def test_what_was_said_is_shown_as_harmlessly_after_a_reload(tab: Page):
    await tab.reload()
    await expect(replies(tab).last).to_be_visible()

    assert await tab.evaluate(ALIVE) == NOTHING
