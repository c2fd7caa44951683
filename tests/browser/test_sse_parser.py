"""The reader of server-sent events in `/sluice.js`, fed every stream in pieces of every size."""

from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FEED = """async ([stream, size]) => {
  const { SseParser } = await import("./sluice.js");
  const parser = new SseParser();
  const found = [];
  for (let at = 0; at < stream.length; at += size) {
    found.push(...parser.feed(stream.slice(at, at + size)));
  }
  return found;
}"""


def message(data: str, id: str = "", event: str = "message") -> dict[str, str]:
    return {"id": id, "event": event, "data": data}


STREAMS: dict[str, tuple[str, list[Any]]] = {
    "line feeds": ("data: a\n\ndata: b\n\n", [message("a"), message("b")]),
    "carriage returns and line feeds": (
        "data: a\r\n\r\ndata: b\r\n\r\n",
        [message("a"), message("b")],
    ),
    "carriage returns": ("data: a\r\rdata: b\r\r", [message("a"), message("b")]),
    "a text of several lines": ("data: a\ndata:\ndata: b\n\n", [message("a\n\nb")]),
    "one space is dropped": ("data:a\n\ndata:  b\n\n", [message("a"), message(" b")]),
    "comments": (": keep-alive\n\ndata: a\n\n", [{"comment": "keep-alive"}, message("a")]),
    "ids last": ("id: r:1\ndata: a\n\ndata: b\n\n", [message("a", "r:1"), message("b", "r:1")]),
    "an id with NUL is none": ("id: r\0\ndata: a\n\n", [message("a")]),
    "events do not last": (
        "event: x\ndata: a\n\ndata: b\n\n",
        [message("a", event="x"), message("b")],
    ),
    "no data, no message": ("retry: 1000\nevent: x\n\n", []),
    "a name alone": ("data\n\n", [message("")]),
    "what is cut off is dropped": ("data: a\n\ndata: b\n", [message("a")]),
    "a byte order mark": ("\ufeffdata: a\n\n", [message("a")]),
    "separators of other kinds are text": ("data: a\u2028b\x85c\n\n", [message("a\u2028b\x85c")]),
}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_reads_the_same_however_it_is_cut(page: Page, name: str):
    stream, expected = STREAMS[name]
    await page.goto("/")

    for size in range(1, len(stream) + 1):
        assert await page.evaluate(FEED, [stream, size]) == expected, f"pieces of {size}"
