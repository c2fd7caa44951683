"""`/sluice.js` in a real browser, on a page of another origin that imports it from the server."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect
from tests.browser.conftest import Watch
from tests.clients.road import Road
from tests.conftest import Running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PROSE = Path(__file__).parent.parent.parent / "docs" / "sluice-js.md"
FENCE = re.compile(r"^```html\n(?P<code>(?:.*\n)*?)```$", re.MULTILINE)
ADDRESS = "http://127.0.0.1:8000"
QUERY = "/api/v1/query/stream"

# Reads a stream, and keeps what it hears in `window.heard`.
READ = """async ([server, path, options]) => {
  window.heard = { states: [], ids: [], text: "", end: null };
  const { stream } = await import(`${server}/sluice.js`);
  const onState = (state) => heard.states.push(state);
  for await (const { id, data } of stream(server + path, { ...options, onState })) {
    heard.ids.push(id);
    heard.text += data.chunk ?? "";
    heard.end = data;
  }
  return heard;
}"""
WORKER = """async (server) => {
  const source = `
    const { stream } = await import("${server}/sluice.js");
    const body = { query: "hi", model: "demo/n=5,delay=0ms" };
    const types = [];
    for await (const { data } of stream("${server}/api/v1/query/stream", { body })) {
      types.push(data.type);
    }
    postMessage(types);
  `;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address, { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
}"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def elsewhere(server: Running) -> AsyncIterator[str]:
    """The address of a web server that has an empty page, and the one from the docs."""
    found = FENCE.search(PROSE.read_text("utf-8"))
    assert found is not None
    pages = {"/": "<!doctype html><title>-</title>", "/chat": found["code"]}

    async def show(request: web.Request) -> web.Response:
        text = pages[request.path].replace(ADDRESS, server.url)
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get(path, show) for path in pages])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(chromium: Browser, elsewhere: str) -> AsyncIterator[Page]:
    """A tab at the empty page."""
    context = await chromium.new_context()
    context.set_default_timeout(20_000)
    page = await context.new_page()
    await page.goto(elsewhere)
    yield page
    await context.close()


def asked(model: str) -> dict[str, Any]:
    return {"body": {"query": "hi", "model": model}}


async def test_a_page_from_elsewhere_imports_it_and_reads_to_the_end(tab: Page, server: Running):
    watch = Watch(tab)
    heard = await tab.evaluate(READ, [server.url, QUERY, asked("demo/n=50,text=unicode,delay=0ms")])

    assert heard["states"] == ["connecting", "open"]
    assert heard["text"] == heard["end"]["full_response"]
    assert len(set(heard["ids"])) == len(heard["ids"])
    assert watch.complaints == []


async def test_the_chat_of_the_docs_works(tab: Page, elsewhere: str):
    await tab.goto(f"{elsewhere}/chat")
    await tab.get_by_label("Question").fill("Xin chào, Huế!")
    await tab.get_by_role("button", name="Ask").click()

    await expect(tab.locator("pre")).to_contain_text("> Xin chào, Huế!")
    await expect(tab.locator("pre")).to_contain_text("and a real model answers here.")


async def test_it_works_in_a_worker(tab: Page, server: Running):
    types = await tab.evaluate(WORKER, server.url)
    assert types == ["start", *["content"] * 5, "end"]


async def test_a_page_that_goes_offline_and_comes_back_has_the_text_once(
    tab: Page, server: Running
):
    given = asked("demo/n=200,delay=10ms")
    given["body"]["background"] = True
    # The preflight, some events, and then the road is closed.
    cuts = [1 << 30, 1500, *[0] * 1000]
    async with Road(server.port, cuts) as road:
        begin = f"(given) => {{ window.reading = ({READ})(given) }}"
        await tab.evaluate(begin, [road.url, QUERY, given])
        await tab.wait_for_function("window.heard?.text.length > 0")
        await tab.context.set_offline(True)
        tries = await tab.evaluate("heard.states.length")
        await tab.wait_for_function("(tries) => heard.states.length > tries + 2", arg=tries)
        road.cuts.clear()
        await tab.context.set_offline(False)
        heard = await tab.evaluate("reading")

    assert heard["states"][-1] == "open"
    assert heard["text"] == heard["end"]["full_response"]
    assert len(set(heard["ids"])) == len(heard["ids"])
    posts = [one for one in road.asked if one["request"].startswith("POST")]
    assert len({one["idempotency-key"] for one in posts}) == 1
    assert posts[0].get("last-event-id") is None
    assert posts[-1]["last-event-id"] in heard["ids"]


async def test_a_tab_that_is_closed_leaves_the_run(tab: Page, server: Running):
    given = [server.url, QUERY, asked("demo/n=2000,delay=20ms")]
    await tab.evaluate(f"(given) => {{ ({READ})(given) }}", given)
    await tab.wait_for_function("window.heard?.ids.length > 2")
    run = (await tab.evaluate("heard.ids[0]")).partition(":")[0]
    await tab.close()

    other = await tab.context.new_page()
    await other.goto(f"{server.url}/livez")
    state = await other.evaluate(
        "(run) => fetch(`/api/v1/runs/${run}/cancel`, { method: 'POST' }).then((r) => r.json())",
        run,
    )
    assert state["state"] == "cancelled"
