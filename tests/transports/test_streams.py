"""Server-sent events: what is sent, when, and in which pieces."""

import re
from urllib.parse import quote

import pytest

from tests.transports.driver import DEMO, Exchange, Local, frames, started, until

QUERY = "/api/v1/query/stream"
CHAT = "/api/stream/chat"
HARD = "demo/text=unicode,delay=0ms"
STREAMS = [
    (QUERY, {"query": "hi", "model": DEMO}),
    (CHAT, {"user_input": "hi", "model": DEMO}),
    ("/api/flows/ask/stream", {"user_input": "hi", "model": DEMO}),
]
SSE = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
}


def said(exchange: Exchange) -> str:
    """The text that a client puts together from either dialect."""
    return "".join(event.get("chunk", "") for event in exchange.events)


async def recite(local: Local) -> str:
    """The demo's hard characters, as the core has them."""
    exchange = await local.ask("/api/v1/query", {"query": "x", "model": HARD}).over()
    return exchange.json["response"]


@pytest.mark.parametrize(("path", "body"), STREAMS)
async def test_the_headers_are_these_and_no_others(path: str, body: object):
    async with started() as local:
        exchange = await local.ask(path, body).over()

    assert exchange.status == 200
    assert exchange.headers.pop("x-run-id")
    assert exchange.headers == SSE | {"connection": "keep-alive"}
    assert len(exchange.pairs) == len(exchange.headers) + 1


async def test_an_old_client_is_not_told_to_keep_its_connection():
    async with started() as local:
        exchange = await local.ask(*STREAMS[0], version="1.0").over()
    assert "connection" not in exchange.headers


@pytest.mark.parametrize(("path", "body"), STREAMS)
async def test_ids_rise_and_name_the_run_and_retry_is_said_once(path: str, body: object):
    async with started() as local:
        exchange = await local.ask(path, body).over()
    ids = [id for id, data in frames(exchange.body) if data != b"[DONE]"]
    numbers = [int(id.removeprefix(f"{exchange.run_id}:")) for id in ids if id]

    assert len(numbers) == len(ids)
    assert numbers == sorted(set(numbers))
    assert numbers[0] >= 1
    assert exchange.body.startswith(b"retry: 1000\nid: ")
    assert exchange.body.count(b"retry:") == 1
    assert b"\nevent:" not in exchange.body


async def test_the_query_dialect_ends_with_done_without_an_id():
    async with started() as local:
        exchange = await local.ask(*STREAMS[0]).over()

    assert exchange.body.endswith(b"\n\ndata: [DONE]\n\n")
    assert [event["type"] for event in exchange.events] == ["start", *["content"] * 5, "end"]
    assert exchange.events[-1]["full_response"] == said(exchange)


async def test_the_flows_dialect_ends_with_its_last_event():
    async with started() as local:
        exchange = await local.ask(*STREAMS[1]).over()

    assert [event["done"] for event in exchange.events] == [False] * 5 + [True]
    assert b"[DONE]" not in exchange.body


@pytest.mark.parametrize(("path", "body"), STREAMS)
async def test_a_burst_is_cut_between_events_into_small_writes(path: str, body: dict[str, str]):
    async with started() as local:
        exchange = await local.ask(path, {**body, "model": "demo/n=500,delay=0ms"}).over()

    assert len(frames(exchange.body)) >= 500
    for write in exchange.sends:
        assert write.endswith(b"\n\n")
        assert write.count(b"\n\n") == 1 or len(write) <= 1200
        assert re.match(rb"(retry: \d+\n)?id: |data: \[DONE\]", write)


@pytest.mark.parametrize(("path", "body"), STREAMS)
async def test_every_hard_character_arrives_as_it_was_said(path: str, body: dict[str, str]):
    async with started() as local:
        text = await recite(local)
        exchange = await local.ask(path, {**body, "model": HARD}).over()

    assert "data: [DONE]" in text
    assert "\x00" in text
    assert said(exchange) == text
    for mark in ("\u0085", "\u2028", "\u2029", "\r", "\x00"):
        assert mark in text
        assert mark.encode() not in exchange.body


async def test_a_get_takes_vietnamese_and_says_it_back():
    question = "Xin chào, Việt Nam! Ở Huế?"
    async with started() as local:
        address = f"/api/stream/chat-get?user_input={quote(question)}&model=demo/delay=0ms"
        exchange = await local.ask(address).over()

    assert exchange.status == 200
    assert question in said(exchange)
    assert "Việt".encode() in exchange.body  # not escaped


async def test_the_first_bytes_do_not_wait_for_the_provider():
    async with started(disconnect_grace=0) as local:
        slow = local.ask(QUERY, {"query": "hi", "model": "demo/first=60s"})
        await slow.until(b'"type":"start"')
        other = local.ask(CHAT, {"user_input": "hi", "model": "demo/first=60s"})
        await until(lambda: other.status)
        assert local.engine.live == 2


async def test_silence_is_broken_by_a_comment_that_is_no_event():
    async with started(heartbeat=0.04) as local:
        body = {"query": "hi", "model": "demo/n=2,first=150ms,delay=0ms"}
        exchange = await local.ask(QUERY, body).over()
    beats = [write for write in exchange.sends if write.startswith(b":")]

    assert len(beats) >= 2
    assert set(beats) == {b": keep-alive\n\n"}
    assert [event["type"] for event in exchange.events] == ["start", "content", "content", "end"]


FAILURES = [
    ("demo/fail=provider_timeout@0,delay=0ms", "provider_timeout", 0),
    ("demo/fail=content_filtered@3,delay=0ms", "content_filtered", 3),
    ("demo/cut@2,delay=0ms", "provider_unavailable", 2),
]


@pytest.mark.parametrize(("model", "code", "tokens"), FAILURES)
async def test_a_run_that_fails_says_so_in_the_stream(model: str, code: str, tokens: int):
    async with started() as local:
        query = await local.ask(QUERY, {"query": "hi", "model": model}).over()
        flow = await local.ask(CHAT, {"user_input": "hi", "model": model}).over()

    assert (query.status, flow.status) == (200, 200)
    types = [event["type"] for event in query.events]
    assert types == ["start", *["content"] * tokens, "error"]
    assert query.events[-1]["code"] == code
    assert isinstance(query.events[-1]["timestamp"], float)
    assert query.body.endswith(b"data: [DONE]\n\n")
    last = flow.events[-1]
    assert (len(flow.events), last["code"], last["done"]) == (tokens + 1, code, True)


async def test_the_demonstration_stream_counts_to_ten():
    async with started() as local:
        exchange = await local.ask("/api/stream/sse").over()
    assert said(exchange) == "".join(f"Chunk {number}\n" for number in range(1, 11))


async def test_a_client_that_leaves_gets_its_grace_and_then_the_run_is_cancelled():
    async with started(disconnect_grace=0.05) as local:
        exchange = local.ask(QUERY, {"query": "hi", "model": "demo/n=3,delay=60s,first=0ms"})
        await exchange.until(b'"content"')
        exchange.leave()
        await exchange.over()
        assert local.engine.live == 1
        await local.idle()
        run = local.engine.find(exchange.run_id)

    assert run.ending.reason == "cancelled"
    assert run.ending.receipt.usage.output_tokens > 0


async def test_a_client_that_leaves_before_the_first_token_stops_the_provider_too():
    async with started(disconnect_grace=0) as local:
        exchange = local.ask(QUERY, {"query": "hi", "model": "demo/first=60s"})
        await exchange.until(b'"start"')
        exchange.leave()
        await exchange.over()
        await local.idle()
        assert local.engine.find(exchange.run_id).ending.reason == "cancelled"


async def test_a_background_run_goes_on_without_anybody():
    async with started(disconnect_grace=0) as local:
        body = {"query": "hi", "model": "demo/n=5,delay=10ms", "background": True}
        exchange = local.ask(QUERY, body)
        await exchange.until(b'"start"')
        exchange.leave()
        await exchange.over()
        await local.idle()
        assert local.engine.find(exchange.run_id).ending.reason == "stop"


async def test_a_client_that_leaves_with_its_body_half_sent_starts_nothing():
    async with started() as local:
        exchange = local.ask(QUERY, {"query": "hi"}, whole=False)
        exchange.leave()
        await exchange.over()
    assert (exchange.status, exchange.sends) == (0, [])


async def test_a_reader_of_a_log_that_is_given_up_hears_of_it():
    """The log goes while a slow client takes its time: it must not take that for the end."""
    burst = {"query": "x", "model": "demo/n=2000,delay=0ms"}
    async with started(log_memory=300_000) as local:
        slow = local.ask(QUERY, burst)
        slow.accepting.clear()
        await slow.until(b'"start"')
        await local.idle()
        for _ in range(20):
            await local.ask("/api/v1/query", burst).over()
        slow.accepting.set()
        await slow.over()

    assert slow.events[-1]["type"] == "error"
    assert slow.events[-1]["code"] == "run_expired"
    assert slow.body.endswith(b"data: [DONE]\n\n")
