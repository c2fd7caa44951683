"""Clients in JavaScript, run by Node: a `fetch` reader, a `WebSocket` class, and `EventSource`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.providers.recital import HARD
from tests.clients.conftest import Javascript
from tests.clients.road import Road
from tests.conftest import Running, Serve, free_port

pytestmark = pytest.mark.clients

STREAM = "/api/v1/query/stream"
CHAT_GET = "/api/stream/chat-get"
EVENT_SOURCES = ("eventsource", "node")


@pytest.fixture
def ports(serve: Serve) -> tuple[int, int]:
    """A server that listens on two ports."""
    second = free_port()
    return serve("--port", str(second)).port, second


READS = {
    "one event after another": "demo/n=300,delay=1ms",
    "every hard character": "demo/text=unicode,delay=1ms",
    "as fast as the server can": "demo/n=500,delay=0ms",
    "hard characters, as fast as the server can": "demo/n=500,text=unicode,delay=0ms",
}


@pytest.mark.parametrize("model", READS.values(), ids=READS)
async def test_a_reader_that_splits_each_read_by_itself_never_meets_half_a_line(
    server: Running, javascript: Javascript, model: str
):
    body = json.dumps({"query": "What is a sluice?", "model": model, "max_tokens": 1000})
    done = await javascript("fetch_reader.mjs", server.url + STREAM, body)

    end = json.loads(done.errors)
    assert (end["type"], end["finish_reason"]) == ("end", "stop")
    assert done.out == end["full_response"]


async def test_a_reader_gets_every_hard_character(server: Running, javascript: Javascript):
    body = json.dumps({"query": "?", "model": "demo/text=unicode,delay=0ms"})
    done = await javascript("fetch_reader.mjs", server.url + STREAM, body)

    assert done.out == "".join(HARD)


async def test_a_class_that_asks_again_before_the_first_answer_is_over_gets_both_in_order(
    ports: tuple[int, int], javascript: Javascript
):
    queries = [
        {"query": "What is a sluice?", "model": "demo/n=20,delay=5ms", "id": "first"},
        {"query": "Give me a Python example", "model": "demo/n=5,delay=0ms", "id": "second"},
    ]
    for port in ports:
        address = f"ws://127.0.0.1:{port}/api/v1/query/ws"
        done = await javascript("websocket_class.mjs", address, json.dumps(queries))

        expected = [
            *said("first", 20),
            *said("second", 5),
        ]
        assert [(line["id"], line["type"]) for line in done.lines] == expected


async def test_a_class_cancels_the_running_query_and_the_next_one_is_answered(
    ports: tuple[int, int], javascript: Javascript
):
    queries = [
        {"query": "Talk", "model": "demo/n=10000,delay=5ms", "max_tokens": 10_000, "id": "long"},
        {"query": "And now?", "model": "demo/n=2,delay=0ms", "id": "short"},
    ]
    for port in ports:
        address = f"ws://127.0.0.1:{port}/api/v1/query/ws"
        done = await javascript("websocket_class.mjs", address, json.dumps(queries), "3")

        ends = [line for line in done.lines if line["type"] == "end"]
        assert [(end["id"], end["finish_reason"]) for end in ends] == [
            ("long", "cancelled"),
            ("short", "stop"),
        ]
        chunks = [
            line["chunk"] for line in done.lines if line.get("chunk") and line["id"] == "long"
        ]
        assert 3 <= len(chunks) < 10_000
        assert "".join(chunks) == ends[0]["full_response"]


async def test_a_class_gets_every_hard_character(server: Running, javascript: Javascript):
    address = f"ws://127.0.0.1:{server.port}/api/v1/query/ws"
    queries = json.dumps([{"query": "?", "model": "demo/text=unicode,delay=0ms"}])
    done = await javascript("websocket_class.mjs", address, queries)

    assert "".join(line.get("chunk", "") for line in done.lines) == "".join(HARD)


def said(id: str, pieces: int) -> Iterator[tuple[str, str]]:
    yield id, "start"
    yield from [(id, "content")] * pieces
    yield id, "end"


@pytest.fixture(params=EVENT_SOURCES)
def listen(request: pytest.FixtureRequest, javascript: Javascript, npm_parts: Path):
    """Lets an `EventSource` listen until it is closed; returns the ids and data that it got."""

    async def start(url: str) -> list[tuple[str, dict[str, object]]]:
        if request.param == "node":
            options, module = ("--experimental-eventsource", "--no-warnings"), ()
        else:
            options, module = (), (npm_parts / "eventsource" / "dist" / "index.js",)
        done = await javascript("eventsource.mjs", url, *module, options=options)
        return [(id, json.loads(data)) for id, data in done.lines]

    return start


async def test_an_eventsource_comes_back_once_after_the_end_and_then_stops(server: Running, listen):
    async with Road(server.port) as road:
        url = f"{road.url}{CHAT_GET}?user_input=Xin%20ch%C3%A0o&model=demo/n=20,delay=1ms"
        heard = await listen(url)

    assert len(heard) == 21
    assert heard[-1][1]["done"] is True
    assert [asked.get("last-event-id") for asked in road.asked] == [None, heard[-1][0]]


async def test_an_eventsource_that_is_cut_off_resumes_and_has_the_text_once(
    server: Running, listen
):
    question = "user_input=Xin%20ch%C3%A0o&model=demo/n=60,delay=1ms"
    async with Road(server.port, cuts=[1500, 2500]) as road:
        heard = await listen(f"{road.url}{CHAT_GET}?{question}")
    whole = await listen(f"{server.url}{CHAT_GET}?{question}")

    assert [data for _, data in heard] == [data for _, data in whole]
    assert len({id for id, _ in heard}) == len(heard) == 61
    assert len(road.asked) == 4  # the first, one after each cut, and the one that gets 204
