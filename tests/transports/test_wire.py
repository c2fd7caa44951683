"""The same over real sockets: what leaves the server, and what it does about odd clients."""

import asyncio
import json
import socket

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conftest import Running, Serve
from tests.transports.client import Wire, fetch, gauge, until_gauge
from tests.transports.driver import frames

QUERY = "/api/v1/query/stream"
BURST = {"query": "hi", "model": "demo/n=500,delay=0ms"}
SLOW = {"query": "hi", "model": "demo/n=3,first=0ms,delay=60s"}


async def test_the_headers_of_a_stream_are_these(server: Running):
    wire = await fetch(server.port, QUERY, {"query": "hi", "model": "demo/n=2,delay=0ms"})
    assert wire.headers.pop("date")
    assert wire.headers.pop("x-run-id")
    assert wire.headers == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
        "connection": "keep-alive",
        "transfer-encoding": "chunked",
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [(QUERY, BURST), ("/api/stream/chat", {"user_input": "hi", "model": BURST["model"]})],
)
async def test_no_event_is_split_over_two_chunks_and_chunks_are_small(
    server: Running, path: str, body: dict[str, str]
):
    wire = await fetch(server.port, path, body)
    assert len(frames(b"".join(wire.chunks))) >= 500
    for chunk in wire.chunks:
        assert chunk.endswith(b"\n\n")
        assert chunk.startswith((b"id: ", b"retry: ", b"data: [DONE]"))
        assert len(chunk) <= 1200 or chunk.count(b"\n\n") == 1


async def test_a_stream_is_never_compressed(server: Running):
    wire = await fetch(server.port, QUERY, BURST, Accept_Encoding="gzip, deflate, br, zstd")
    assert "content-encoding" not in wire.headers


async def test_headers_and_start_leave_before_the_provider_answers(server: Running):
    async with Wire(server.port) as wire:
        await wire.send(QUERY, {"query": "hi", "model": "demo/first=60s"})
        await wire.head()
        await wire.until(b'"type":"start"')


async def test_a_connection_serves_one_request_after_another(server: Running):
    async with Wire(server.port) as wire:
        for _ in range(3):
            await wire.send(QUERY, {"query": "hi", "model": "demo/n=2,delay=0ms"})
            await wire.head()
            wire.chunks = []
            await wire.rest()
            assert wire.events[-1]["type"] == "end"


async def test_a_get_is_answered_to_its_end(server: Running):
    path = "/api/stream/chat-get?user_input=Ch%C3%A0o&model=demo/delay=0ms"
    wire = await fetch(server.port, path)
    assert wire.events[-1]["done"] is True
    assert "Chào" in "".join(event["chunk"] for event in wire.events)


@pytest.mark.parametrize("at", [1, 2, 4])
async def test_a_get_that_carries_a_position_goes_on_from_there(server: Running, at: int):
    whole = await fetch(server.port, "/api/stream/chat-get?user_input=a&model=demo/n=4,delay=0ms")
    ids = [id for id, _ in frames(b"".join(whole.chunks))]
    rest = await fetch(server.port, f"/api/stream/chat-get?last_event_id={ids[at - 1]}")
    assert rest.events == whole.events[at:]
    end = await fetch(server.port, "/api/stream/chat-get", Last_Event_ID=str(ids[-1]))
    assert end.status == 204


async def test_silence_is_broken_on_a_get_and_on_a_resumed_post(serve: Serve):
    server = serve(SLUICE_HEARTBEAT="0.1")
    async with Wire(server.port) as wire:
        await wire.send("/api/stream/chat-get?user_input=a&model=demo/first=60s")
        await wire.head()
        assert await wire.chunk() == b": keep-alive\n\n"
    async with Wire(server.port) as first, Wire(server.port) as second:
        await first.send(QUERY, SLOW)
        await first.head()
        await first.until(b'"content"')
        await second.send(QUERY, SLOW, Last_Event_ID=f"{first.headers['x-run-id']}:2")
        await second.head()
        assert await second.chunk() == b": keep-alive\n\n"


async def test_a_client_that_leaves_ends_its_run_after_the_grace(serve: Serve):
    server = serve(SLUICE_DISCONNECT_GRACE="0.2", SLUICE_LOG_FORMAT="json")
    async with Wire(server.port) as wire:
        await wire.send(QUERY, SLOW)
        await wire.head()
        await wire.until(b'"content"')
        assert await gauge(server.port, "sluice_runs_live") == 1
    await until_gauge(server.port, "sluice_followers_live", 0)
    await until_gauge(server.port, "sluice_runs_live", 0)
    assert [line["outcome"] for line in lines(server)] == ["cancelled"]


async def test_a_json_client_that_leaves_ends_its_run_at_once(serve: Serve):
    server = serve(SLUICE_DISCONNECT_GRACE="600")
    async with Wire(server.port) as wire:
        await wire.send("/api/v1/query", SLOW)
        await until_gauge(server.port, "sluice_runs_live", 1)
    await until_gauge(server.port, "sluice_runs_live", 0)


async def test_a_client_that_reads_nothing_is_dropped_and_its_memory_freed(serve: Serve):
    server = serve(SLUICE_STALL="0.5", SLUICE_DISCONNECT_GRACE="0")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        body = json.dumps({"query": "x", "model": "demo/n=10000,delay=0ms,stall=60s@9999"})
        deaf.sendall(
            f"POST {QUERY} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await until_gauge(server.port, "sluice_runs_live", 1)
        await until_gauge(server.port, "sluice_runs_live", 0)


async def test_the_log_has_one_json_line_a_run_and_no_text(serve: Serve):
    server = serve(SLUICE_LOG_FORMAT="json")
    body = {"query": "sentinel-question", "model": "demo/delay=0ms"}
    answer = await fetch(server.port, QUERY, body)
    assert "sentinel-question" in answer.events[-1]["full_response"]
    await fetch(server.port, "/api/v1/query", body)
    await fetch(server.port, "/api/flows/ask", {"user_input": "sentinel-flow"})
    await fetch(server.port, "/api/stream/chat-get?user_input=sentinel-get&model=demo/n=1")
    await fetch(server.port, QUERY, {"query": "sentinel-bad", "temperature": 9})
    await fetch(server.port, "/sentinel-address")
    assert server.stop() == 0

    found = lines(server)
    assert [line["dialect"] for line in found] == ["query", "query", "flows", "flows"]
    assert {"id", "outcome", "tokens_in", "tokens_out", "cost", "duration", "attempts"} <= set(
        found[0]
    )
    assert "sentinel" not in server.log.read_text() + server.out.read_text()


def lines(server: Running) -> list[dict[str, object]]:
    """The runs' lines in the log, which is all JSON."""
    found = [json.loads(line) for line in server.log.read_text().splitlines()]
    return [line for line in found if line["event"] == "run"]


def address(server: Running) -> str:
    return f"ws://127.0.0.1:{server.port}/api/v1/query/ws"


async def test_a_websocket_answers_over_the_wire(server: Running):
    async with connect(address(server), proxy=None) as socket:
        await socket.send('{"query":"hi","model":"demo/text=unicode,delay=0ms","id":1}')
        words = [json.loads(await socket.recv())]
        while words[-1]["type"] != "end":
            words.append(json.loads(await socket.recv()))
    chunks = "".join(word["chunk"] for word in words if word["type"] == "content")
    assert chunks == words[-1]["full_response"]
    assert "\u2028" in chunks


async def test_a_message_over_a_mebibyte_closes_with_1009(server: Running):
    async with connect(address(server), proxy=None) as socket:
        await socket.send(json.dumps({"query": "x" * (1 << 20)}))
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert socket.close_code == 1009


async def test_a_foreign_page_gets_no_websocket(server: Running):
    with pytest.raises(InvalidStatus) as refused:
        async with connect(address(server), origin="https://evil.example", proxy=None):  # type: ignore[arg-type]
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/api/v1/query", "/nowhere"])
async def test_a_websocket_elsewhere_is_refused_without_a_stir(server: Running, path: str):
    before = server.log.read_text()
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://127.0.0.1:{server.port}{path}", proxy=None):
            pass
    assert refused.value.response.status_code in {403, 404}
    assert "Traceback" not in server.log.read_text().removeprefix(before)


async def test_a_websocket_that_goes_away_takes_its_run_along(serve: Serve):
    server = serve(SLUICE_DISCONNECT_GRACE="600")
    async with connect(address(server), proxy=None) as socket:
        await socket.send(json.dumps(SLOW))
        await socket.recv()
        assert await gauge(server.port, "sluice_runs_live") == 1
        socket.transport.abort()
        await until_gauge(server.port, "sluice_runs_live", 0)


async def test_a_bad_bearer_is_told_in_the_handshake(server: Running):
    with pytest.raises(InvalidStatus) as refused:
        await connect(address(server), subprotocols=["bearer", "token"], proxy=None)  # type: ignore[list-item]
    response = refused.value.response
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert b'"code":"unauthorized"' in (response.body or b"")


ODD = [
    b"GARBAGE\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: \xb2\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
]


@pytest.mark.parametrize("request_bytes", ODD, ids=lambda data: repr(data[:20]))
async def test_what_is_no_http_is_refused_and_the_server_lives(
    server: Running, request_bytes: bytes
):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request_bytes)
    assert (await reader.read(12)) == b"HTTP/1.1 400"
    writer.close()
    assert (await fetch(server.port, "/livez")).status == 200


@pytest.mark.parametrize("size", [(1 << 20) + 1, 50 << 20])
async def test_a_large_body_is_refused_before_it_is_read(server: Running, size: int):
    async with Wire(server.port) as wire:
        wire.writer.write(
            b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % size
        )
        await wire.head()
    assert wire.status == 413
