"""Pages from elsewhere, in a real browser: those of this machine may call, a stranger's may not."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.request import urlopen

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page
from tests.browser.conftest import program
from tests.clients.road import Road
from tests.conftest import Running, Serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STRANGER = "evil.test"  # a name that leads to this machine, as a stranger's can
QUESTION = "/api/stream/chat-get?user_input=hi&model=demo/n=5,delay=0ms"

FETCH = """async server => {
  const response = await fetch(`${server}/api/v1/query/stream`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query: "hi", model: "demo/n=5,delay=0ms" }),
  });
  return { run: response.headers.get("X-Run-Id"), text: await response.text() };
}"""

LISTEN = """url => new Promise(resolve => {
  const heard = [];
  const source = new EventSource(url);
  source.onmessage = event => heard.push(JSON.parse(event.data));
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve(heard); };
})"""

IMPORT = """async server => {
  const { stream } = await import(`${server}/sluice.js`);
  const body = { query: "hi", model: "demo/n=5,delay=0ms" };
  const heard = [];
  for await (const { data } of stream(`${server}/api/v1/query/stream`, { body })) {
    heard.push(data.type);
  }
  return heard;
}"""

SOCKET = """url => new Promise(resolve => {
  const socket = new WebSocket(url);
  socket.onopen = () => resolve("open");
  socket.onerror = () => resolve("refused");
})"""

# What a page can send without asking anybody: it may not read the answers, but they would cost.
SNEAK = """async server => {
  const body = JSON.stringify({ query: "hi", user_input: "hi", model: "demo/n=1" });
  for (const path of ["/api/v1/query", "/api/v1/query/stream", "/api/stream/chat"]) {
    await fetch(server + path, { method: "POST", mode: "no-cors", body });
  }
}"""

IMAGE = """url => new Promise(resolve => {
  const image = new Image();
  image.onload = () => resolve("shown");
  image.onerror = () => resolve("refused");
  image.src = url;
})"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def wide_world(chromium: Browser) -> AsyncIterator[Browser]:
    """A browser for which the stranger's name exists."""
    rules = f"--host-resolver-rules=MAP {STRANGER} 127.0.0.1"
    browser = await chromium.browser_type.launch(
        executable_path=program(), args=["--no-sandbox", "--disable-gpu", rules]
    )
    yield browser
    await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def elsewhere() -> AsyncIterator[int]:
    """The port of a web server that has an empty page, and nothing to do with ours."""

    async def blank(request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>-</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", blank)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(wide_world: Browser) -> AsyncIterator[Page]:
    context = await wide_world.new_context()
    yield await context.new_page()
    await context.close()


def runs_of(server: Running) -> list[str]:
    """What `/metrics` counts as runs, begun or ended."""
    with urlopen(f"{server.url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return [line for line in lines if line.startswith(("sluice_runs_total{", "sluice_runs_live 1"))]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_page_on_another_port_of_this_machine_reads_streams_and_run_ids(
    tab: Page, elsewhere: int, server: Running, host: str
):
    await tab.goto(f"http://{host}:{elsewhere}/")
    answer: dict[str, Any] = await tab.evaluate(FETCH, server.url)

    assert answer["run"]
    assert f"id: {answer['run']}:1\n" in answer["text"]
    assert answer["text"].endswith("data: [DONE]\n\n")


async def test_a_page_on_another_port_of_this_machine_imports_the_streaming_client(
    tab: Page, elsewhere: int, server: Running
):
    await tab.goto(server.url)  # whose own copy, in the browser's cache, is not for other origins
    await tab.goto(f"http://127.0.0.1:{elsewhere}/")

    assert await tab.evaluate(IMPORT, server.url) == ["start", *["content"] * 5, "end"]


async def test_an_eventsource_on_another_port_of_this_machine_listens_and_stops(
    tab: Page, elsewhere: int, server: Running
):
    await tab.goto(f"http://localhost:{elsewhere}/")
    heard = await tab.evaluate(LISTEN, server.url + QUESTION)

    assert [event["done"] for event in heard] == [False] * 5 + [True]


async def test_a_websocket_on_another_port_of_this_machine_opens(
    tab: Page, elsewhere: int, server: Running
):
    await tab.goto(f"http://localhost:{elsewhere}/")
    address = server.url.replace("http", "ws") + "/api/v1/query/ws"

    assert await tab.evaluate(SOCKET, address) == "open"


async def test_a_strangers_page_reads_nothing_and_starts_nothing(
    tab: Page, elsewhere: int, serve: Serve
):
    server = serve()
    async with Road(server.port) as road:
        await tab.goto(f"http://{STRANGER}:{elsewhere}/")
        fetched = f"server => ({FETCH})(server).then(() => 'read', () => 'refused')"
        socket = road.url.replace("http", "ws") + "/api/v1/query/ws"

        assert await tab.evaluate(fetched, road.url) == "refused"
        module = f"server => ({IMPORT})(server).then(() => 'read', () => 'refused')"
        assert await tab.evaluate(module, road.url) == "refused"
        assert await tab.evaluate(SOCKET, socket) == "refused"
        assert await tab.evaluate(IMAGE, road.url + QUESTION) == "refused"
        assert await tab.evaluate(LISTEN, road.url + QUESTION) == []
        await tab.evaluate(SNEAK, road.url)

    found = [(asked["request"].split()[0], asked["status"]) for asked in road.asked]
    assert found == [
        ("OPTIONS", "403"),
        *[("GET", "403")] * 3,  # the WebSocket, the image, the EventSource
        *[("POST", "415")] * 3,
    ]
    assert runs_of(server) == []


async def test_a_strangers_name_for_this_machine_is_not_answered(
    tab: Page, elsewhere: int, serve: Serve
):
    server = serve()
    response = await tab.goto(f"http://{STRANGER}:{server.port}{QUESTION}")

    assert response is not None
    assert response.status == 403
    assert runs_of(server) == []


async def test_a_strangers_page_may_call_where_the_operator_lists_it(
    tab: Page, elsewhere: int, serve: Serve
):
    origin = f"http://{STRANGER}:{elsewhere}"
    server = serve(SLUICE_CORS_ORIGINS=origin)
    await tab.goto(origin)

    assert (await tab.evaluate(FETCH, server.url))["run"]
    assert (await tab.evaluate(IMPORT, server.url))[-1] == "end"
    assert len(await tab.evaluate(LISTEN, server.url + QUESTION)) == 6
    address = server.url.replace("http", "ws") + "/api/v1/query/ws"
    assert await tab.evaluate(SOCKET, address) == "open"
