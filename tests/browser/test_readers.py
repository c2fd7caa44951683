"""The clients that pages in the wild are made of, in a real browser and word for word."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from tests.clients.road import Road
from tests.conftest import Running

from sluice.providers.recital import HARD

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CHAT_GET = "/api/stream/chat-get"
UNICODE = "demo/text=unicode,delay=0ms"
HARD_TEXT = "".join(HARD)

# Each read is decoded and split by itself; a line that is cut in two makes `JSON.parse` throw.
FETCH = """async body => {
  const response = await fetch("/api/v1/query/stream", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const heard = [];
  while (true) {
    const { done, value } = await reader.read();
    if (done) return heard;
    for (const line of decoder.decode(value).split("\\n")) {
      if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
      heard.push(JSON.parse(line.slice(6)));
    }
  }
}"""

# Never closes itself: only the server's 204 makes it stop.
LISTEN = """url => new Promise(resolve => {
  const heard = [];
  const source = new EventSource(url);
  source.onmessage = event => heard.push([event.lastEventId, event.data]);
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve(heard); };
})"""

# Asks a second time before the first answer has ended.
SOCKET = """queries => new Promise((resolve, reject) => {
  class Client {
    constructor(url) {
      this.heard = [];
      this.open = 0;
      this.socket = new WebSocket(url);
      this.socket.onopen = () => queries.forEach(query => this.ask(query));
      this.socket.onmessage = event => this.handle(JSON.parse(event.data));
      this.socket.onerror = () => reject(new Error("no connection"));
    }
    ask(query) {
      this.open += 1;
      this.socket.send(JSON.stringify(query));
    }
    handle(message) {
      this.heard.push(message);
      if (message.type === "end" || message.type === "error") this.open -= 1;
      if (this.open === 0) resolve(this.heard);
    }
  }
  new Client(`ws://${location.host}/api/v1/query/ws`);
})"""


@pytest_asyncio.fixture(loop_scope="session")
async def tab(chromium: Browser) -> AsyncIterator[Page]:
    """A tab that is nowhere yet."""
    context = await chromium.new_context()
    yield await context.new_page()
    await context.close()


async def listen(tab: Page, url: str, **question: str) -> list[tuple[str, dict[str, Any]]]:
    """Open an `EventSource` on a page of the same origin, until it is closed."""
    await tab.goto(f"{url}/livez")
    heard = await tab.evaluate(LISTEN, f"{url}{CHAT_GET}?{urlencode(question)}")
    return [(id, json.loads(data)) for id, data in heard]


@pytest.mark.parametrize("model", ["demo/n=300,delay=1ms", UNICODE, "demo/n=500,delay=0ms"])
async def test_a_reader_that_splits_each_read_by_itself_never_meets_half_a_line(
    page: Page, model: str
):
    await page.goto("/livez")
    heard = await page.evaluate(FETCH, {"query": "What is a sluice?", "model": model})

    text = "".join(event.get("chunk", "") for event in heard)
    assert (heard[-1]["type"], heard[-1]["full_response"]) == ("end", text)
    assert model != UNICODE or text == HARD_TEXT


async def test_an_eventsource_comes_back_once_after_the_end_and_then_stops(
    tab: Page, server: Running
):
    async with Road(server.port) as road:
        heard = await listen(tab, road.url, user_input="Xin chào", model=UNICODE)

    assert "".join(data["chunk"] for _, data in heard) == HARD_TEXT
    assert heard[-1][1]["done"] is True
    assert [asked.get("last-event-id") for asked in road.asked] == [None, heard[-1][0]]


async def test_an_eventsource_that_is_cut_off_resumes_and_has_the_text_once(
    tab: Page, server: Running
):
    question = {"user_input": "Xin chào", "model": "demo/n=60,delay=1ms"}
    async with Road(server.port, cuts=[1500, 2500]) as road:
        heard = await listen(tab, road.url, **question)
    whole = await listen(tab, server.url, **question)

    assert [data for _, data in heard] == [data for _, data in whole]
    assert len({id for id, _ in heard}) == len(heard) == 61
    assert len(road.asked) == 4  # the first, one after each cut, and the one that gets 204


async def test_a_class_that_asks_again_before_the_first_answer_is_over_gets_both_in_order(
    page: Page,
):
    queries = [
        {"query": "What is a sluice?", "model": "demo/n=20,delay=5ms", "id": 1},
        {"query": "Give me a Python example", "model": UNICODE, "id": 2},
    ]
    await page.goto("/livez")
    heard = await page.evaluate(SOCKET, queries)

    assert [message["id"] for message in heard] == sorted(message["id"] for message in heard)
    kinds = [message["type"] for message in heard if message["id"] == 1]
    assert kinds == ["start", *["content"] * 20, "end"]
    assert "".join(message.get("chunk", "") for message in heard if message["id"] == 2) == HARD_TEXT
