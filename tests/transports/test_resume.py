"""A client that comes back gets the rest, once, from wherever it was."""

import asyncio
from typing import Any

import pytest

from tests.transports.conftest import Shared
from tests.transports.driver import Exchange, Local, frames, started

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUERY = "/api/v1/query/stream"
CHAT = "/api/stream/chat"
BODIES: dict[str, dict[str, Any]] = {
    QUERY: {"query": "hi", "model": "demo/n=6,delay=0ms"},
    CHAT: {"user_input": "hi", "model": "demo/n=6,delay=0ms"},
}


def back(local: Local, path: str, id: str, how: str, method: str = "POST") -> Exchange:
    """Ask again, after the event with this id."""
    if how == "header":
        return local.ask(path, BODIES.get(path), method=method, headers={"last-event-id": id})
    return local.ask(f"{path}?last_event_id={id}", BODIES.get(path), method=method)


@pytest.mark.parametrize("how", ["header", "query"])
@pytest.mark.parametrize("path", [QUERY, CHAT])
async def test_an_ended_run_says_the_rest_from_every_position(path: str, how: str):
    async with started() as local:
        whole = frames((await local.ask(path, BODIES[path]).over()).body)
        numbered = [(id, data) for id, data in whole if id is not None]
        for at, (id, _) in enumerate(numbered[:-1]):
            assert id is not None
            again = await back(local, path, id, how).over()
            assert again.status == 200
            assert frames(again.body) == whole[at + 1 :]
            assert again.body.startswith(b"retry: 1000\n")
        assert local.engine.live == 0


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
async def test_a_live_run_says_the_rest_from_where_its_client_was(at: int):
    async with started() as local:
        body = {"query": "hi", "model": "demo/n=8,first=0ms,delay=0ms,stall=100ms@4"}
        first = local.ask(QUERY, body)
        await first.until(b":%d\n" % 5)
        id = f"{first.run_id}:{at}"
        second = local.ask(QUERY, body, headers={"last-event-id": id})
        await first.over()
        await second.over()

    whole = frames(first.body)
    assert frames(second.body) == whole[at:]
    lengths = [event["accumulated_length"] for event in second.events if "chunk" in event]
    chunks = [event["chunk"] for event in first.events if event["type"] == "content"]
    assert lengths == [len("".join(chunks[: n + 1])) for n in range(at - 1, len(chunks))]


async def test_a_client_that_was_cut_off_misses_nothing():
    async with started(disconnect_grace=30) as local:
        body = {"query": "hi", "model": "demo/n=8,first=0ms,delay=1ms,stall=50ms@4"}
        first = local.ask(QUERY, body)
        await first.until(b":3\n")
        first.leave()
        await first.over()
        seen = [id for id, _ in frames(first.body)]
        second = await back(local, QUERY, str(seen[-1]), "header").over()

    whole = [*first.events, *second.events]
    assert "".join(event.get("chunk", "") for event in whole) == whole[-1]["full_response"]


async def test_what_is_resumed_is_not_generated_again():
    async with started() as local:
        first = await local.ask(QUERY, BODIES[QUERY]).over()
        await back(local, QUERY, f"{first.run_id}:1", "header").over()
        metrics = (await local.ask("/metrics").over()).body
    assert b'sluice_runs_total{dialect="query"' in metrics
    assert b'outcome="stop",provider="demo"} 1.0' in metrics


async def test_a_get_resumes_and_needs_no_question():
    async with started() as local:
        first = await local.ask("/api/stream/chat-get?user_input=a&model=demo/n=3,delay=0ms").over()
        id = str(frames(first.body)[0][0])
        again = await local.ask(f"/api/stream/chat-get?last_event_id={id}").over()
    assert again.events == first.events[1:]


@pytest.mark.parametrize("path", [QUERY, CHAT])
@pytest.mark.parametrize("how", ["header", "query"])
async def test_who_has_heard_the_end_is_told_to_stay_away(path: str, how: str):
    async with started() as local:
        first = await local.ask(path, BODIES[path]).over()
        id = [id for id, _ in frames(first.body) if id][-1]
        again = await back(local, path, id, how).over()
    assert (again.status, again.body) == (204, b"")


GONE = ["nobody:1", "nobody", ":1", "1", "x:y", "%00:1", "a:b:3", "RUN:", "RUN:-1", "RUN:x",
        "RUN:1.0", "RUN:\xb2", "RUN:99999999999999999999", "RUN"]  # fmt: skip


@pytest.mark.parametrize("id", GONE)
@pytest.mark.parametrize("path", [QUERY, CHAT])
async def test_a_run_that_nobody_knows_is_gone(shared: Shared, path: str, id: str):
    local = await shared()
    first = await local.ask(path, BODIES[path]).over()
    again = await back(local, path, id.replace("RUN", first.run_id), "header").over()
    assert again.status == 410
    assert again.json["code"] == "run_expired"
    assert again.headers["content-type"] == "application/json"


async def test_an_event_that_never_was_is_refused():
    async with started() as local:
        first = await local.ask(QUERY, BODIES[QUERY]).over()
        again = await back(local, QUERY, f"{first.run_id}:999", "header").over()
    assert (again.status, again.json["detail"][0]["loc"]) == (422, ["body", "last_event_id"])


async def test_a_run_that_is_no_longer_kept_is_gone():
    async with started(run_retention=0) as local:
        first = await local.ask(QUERY, BODIES[QUERY]).over()
        await local.idle()
        again = await back(local, QUERY, f"{first.run_id}:1", "header").over()
    assert again.status == 410


async def test_an_empty_last_event_id_is_none():
    async with started() as local:
        exchange = await local.ask(QUERY, BODIES[QUERY], headers={"last-event-id": ""}).over()
    assert exchange.events[0]["type"] == "start"


async def test_many_followers_hear_the_same():
    async with started() as local:
        body = {"query": "hi", "model": "demo/n=30,delay=1ms"}
        first = local.ask(QUERY, body)
        await first.until(b'"start"')
        others = [
            local.ask(QUERY, body, headers={"last-event-id": f"{first.run_id}:1"})
            for _ in range(20)
        ]
        await asyncio.gather(first.over(), *(other.over() for other in others))
        assert local.engine.followers == 0

    assert {other.body for other in others} == {b"retry: 1000\n" + tail(first.body)}


def tail(stream: bytes) -> bytes:
    """All but the first event."""
    return stream.split(b"\n\n", 1)[1]
