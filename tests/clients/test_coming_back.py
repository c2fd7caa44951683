"""Clients that leave in the middle and come back, and several that watch the same run."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import pytest

from tests.conftest import Running

pytestmark = pytest.mark.clients

MODEL = "demo/n=30,delay=10ms"
QUERY = "/api/v1/query/stream"
TOKENS = 5  # that a client has heard when it leaves


class Way(NamedTuple):
    """One route that streams, and a question to it."""

    method: str
    path: str
    body: dict[str, str] | None = None

    @property
    def pieces(self) -> int:
        return 10 if self.path == "/api/stream/sse" else 30


ASKED = {"user_input": "hi", "model": MODEL}
WAYS = [
    Way("POST", QUERY, {"query": "hi", "model": MODEL}),
    Way("POST", "/api/stream/chat", ASKED),
    Way("GET", f"/api/stream/chat-get?user_input=hi&model={MODEL}"),
    Way("GET", "/api/stream/sse"),
    Way("POST", "/api/flows/ask/stream", ASKED),
]


class Heard(NamedTuple):
    id: str
    event: dict[str, Any]


@asynccontextmanager
async def asking(server: Running, way: Way, **headers: str) -> AsyncIterator[AsyncIterator[Heard]]:
    """Ask, and read what is said; leaving the block closes the connection."""
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.request(way.method, way.path, json=way.body, headers=headers) as response,
    ):
        assert response.status == 200
        yield events(response.content)


async def events(content: aiohttp.StreamReader) -> AsyncIterator[Heard]:
    id = ""
    async for line in content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "id":
            id = value
        elif name == "data" and value != "[DONE]":
            yield Heard(id, json.loads(value))


async def everything(server: Running, way: Way, **headers: str) -> list[Heard]:
    async with asking(server, way, **headers) as said:
        return [one async for one in said]


async def first_tokens(server: Running, way: Way) -> list[Heard]:
    """Ask, and leave once five pieces of text have come."""
    heard: list[Heard] = []
    async with asking(server, way) as said:
        async for one in said:
            heard.append(one)
            if len(text_of(heard)) == TOKENS:
                break
    return heard


def text_of(heard: list[Heard]) -> list[str]:
    return [one.event["chunk"] for one in heard if one.event.get("chunk")]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.path.partition("?")[0])
async def test_whoever_leaves_after_five_tokens_gets_exactly_the_rest_once(
    server: Running, way: Way
):
    before = await first_tokens(server, way)
    after = await everything(server, way, **{"Last-Event-ID": before[-1].id})
    again = await everything(server, way, **{"Last-Event-ID": before[0].id})

    assert len(text_of(before)) == TOKENS
    assert len(text_of([*before, *after])) == way.pieces
    assert [*before[1:], *after] == again  # and whoever asks once more gets the same
    ids = [one.id for one in [*before, *after]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.path.partition("?")[0])
async def test_several_watch_one_run_each_from_where_it_was(server: Running, way: Way):
    before = await first_tokens(server, way)
    run = before[0].id.partition(":")[0]
    positions = [f"{run}:0", before[1].id, before[-1].id]
    watched = await asyncio.gather(
        *(everything(server, way, **{"Last-Event-ID": id}) for id in positions)
    )

    whole = watched[0]
    assert whole[: len(before)] == before
    assert watched[1:] == [whole[2:], whole[len(before) :]]
    assert len(text_of(whole)) == way.pieces


async def test_a_run_is_watched_in_another_api_than_it_was_asked_in(server: Running):
    before = await first_tokens(server, WAYS[0])
    run = before[0].id.partition(":")[0]
    elsewhere = await everything(
        server, Way("GET", "/api/stream/chat-get"), **{"Last-Event-ID": f"{run}:0"}
    )
    here = await everything(server, WAYS[0], **{"Last-Event-ID": f"{run}:0"})

    assert text_of(elsewhere) == text_of(here)
    assert here[-1].event["full_response"] == "".join(text_of(here))


async def test_whoever_comes_back_starts_no_other_run(server: Running):
    before = await first_tokens(server, WAYS[0])
    await everything(server, WAYS[0], **{"Last-Event-ID": before[-1].id})
    run = before[0].id.partition(":")[0]
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.get(f"/api/v1/runs/{run}") as response,
    ):
        shown = await response.json()

    assert (shown["state"], shown["finish_reason"]) == ("finished", "stop")
    assert len(shown["attempts"]) == 1
