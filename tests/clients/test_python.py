"""Clients in Python: `requests`, `websockets` in both its faces, and aiohttp line by line."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import requests
from websockets.asyncio.client import connect
from websockets.sync.client import connect as connect_sync

from sluice.providers.recital import HARD
from tests.conftest import Running, Serve, free_port

pytestmark = pytest.mark.clients

STREAM = "/api/v1/query/stream"
CHAT_GET = "/api/stream/chat-get"
SOCKET = "/api/v1/query/ws"
UNICODE = "demo/text=unicode,delay=0ms"
QUERIES = [
    {"query": "What is a sluice?", "model": "demo/n=20,delay=2ms"},
    {"query": "Give me a Python example", "model": "demo/n=5,delay=0ms"},
]
KINDS = ["start", *["content"] * 20, "end", "start", *["content"] * 5, "end"]


@pytest.fixture
def ports(serve: Serve) -> tuple[int, int]:
    """A server that listens on two ports."""
    second = free_port()
    return serve("--port", str(second)).port, second


def lines(url: str, **options: Any) -> Iterator[dict[str, Any]]:
    """Every event of a stream, by `iter_lines`, which splits at all that `splitlines` knows."""
    method = "POST" if "json" in options else "GET"
    with requests.request(method, url, stream=True, timeout=30, **options) as response:
        response.raise_for_status()
        assert response.encoding == "utf-8"
        for line in response.iter_lines(decode_unicode=True):
            if line.startswith("data: ") and line != "data: [DONE]":
                yield json.loads(line.removeprefix("data: "))


@pytest.mark.parametrize("model", ["demo/n=300,delay=1ms", UNICODE, "demo/n=500,delay=0ms"])
def test_iter_lines_reads_whole_events(server: Running, model: str):
    body = {"query": "What is a sluice?", "model": model}
    said = list(lines(server.url + STREAM, json=body))

    text = "".join(event.get("chunk", "") for event in said)
    assert said[-1]["full_response"] == text
    assert model != UNICODE or text == "".join(HARD)


def test_iter_lines_reads_a_get_on_every_port(ports: tuple[int, int]):
    question = {"user_input": "Xin chào", "provider": "demo", "model": UNICODE}
    for port in ports:
        said = list(lines(f"http://localhost:{port}{CHAT_GET}", params=question))

        assert "".join(event["chunk"] for event in said) == "".join(HARD)
        assert said[-1]["done"] is True


async def test_aiohttp_reads_its_content_line_by_line(server: Running):
    body = {"query": "?", "model": UNICODE}
    said: list[dict[str, Any]] = []
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.url + STREAM, json=body) as response,
    ):
        async for line in response.content:
            if line.startswith(b"data: {"):
                said.append(json.loads(line.removeprefix(b"data: ")))

    assert "".join(event.get("chunk", "") for event in said) == "".join(HARD)


def test_a_blocking_websocket_asks_twice_and_hears_both_in_order(ports: tuple[int, int]):
    for port in ports:
        with connect_sync(f"ws://localhost:{port}{SOCKET}", proxy=None) as socket:
            for query in QUERIES:
                socket.send(json.dumps(query))
            said = [json.loads(socket.recv(timeout=30)) for _ in KINDS]

        assert [message["type"] for message in said] == KINDS


async def test_an_asynchronous_websocket_iterates_and_asks_as_it_goes(server: Running):
    said: list[dict[str, Any]] = []
    async with asyncio.timeout(30), connect(server.url.replace("http", "ws") + SOCKET) as socket:
        await socket.send(json.dumps(QUERIES[0]))
        async for text in socket:
            said.append(json.loads(text))
            if said[-1]["type"] == "start" and len(said) == 1:
                await socket.send(json.dumps(QUERIES[1]))
            if len(said) == len(KINDS):
                break

    assert [message["type"] for message in said] == KINDS


async def test_a_websocket_brings_every_hard_character(server: Running):
    async with asyncio.timeout(30), connect(server.url.replace("http", "ws") + SOCKET) as socket:
        await socket.send(json.dumps({"query": "?", "model": UNICODE}))
        said: list[dict[str, Any]] = [{}]
        while said[-1].get("type") != "end":
            said.append(json.loads(await socket.recv()))

    assert "".join(message.get("chunk", "") for message in said) == "".join(HARD)


async def test_what_is_no_json_is_answered_and_the_connection_kept(server: Running):
    async with asyncio.timeout(30), connect(server.url.replace("http", "ws") + SOCKET) as socket:
        for nonsense in ("hello", b"\x00\x01"):
            await socket.send(nonsense)
            answer = json.loads(await socket.recv())
            assert (answer["type"], answer["code"]) == ("error", "invalid_request")
        await socket.send(json.dumps(QUERIES[1]))
        assert json.loads(await socket.recv())["type"] == "start"
