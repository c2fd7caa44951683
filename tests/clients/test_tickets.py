"""Clients that can set no header: `EventSource` and `WebSocket`, with a ticket in the address."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.clients.conftest import Javascript
from tests.clients.person import SLOW, STREAM, Person, place_of, signed_in
from tests.clients.road import Road
from tests.conftest import Running

pytestmark = pytest.mark.clients

SOCKET = "/api/v1/query/ws"
CUT = [1500, 2500]  # bytes of its answers that an EventSource gets before the connection is lost


@pytest_asyncio.fixture
async def ann(server: Running) -> AsyncIterator[Person]:
    async with signed_in(server.url) as person:
        yield person


@pytest.fixture(params=["eventsource", "node"])
def listen(request: pytest.FixtureRequest, javascript: Javascript, npm_parts: Path):
    """Lets an `EventSource` listen until the server stops it; returns what it heard."""

    async def start(url: str) -> list[dict[str, Any]]:
        if request.param == "node":
            options, module = ("--experimental-eventsource", "--no-warnings"), ()
        else:
            options, module = (), (npm_parts / "eventsource" / "dist" / "index.js",)
        done = await javascript("eventsource.mjs", url, *module, options=options)
        return [json.loads(data) for _, data in done.lines]

    return start


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event.get("content", "") for event in events)


async def stored(person: Person, place: str) -> list[dict[str, Any]]:
    return (await person.get(f"/api/v1/conversations/{place}/messages"))["items"]


async def test_an_eventsource_that_is_cut_off_comes_back_by_its_used_ticket(
    server: Running, ann: Person, listen
):
    place = (await ann.ask("POST", "/api/v1/conversations", {})).body["id"]
    said = f"message=Xin%20ch%C3%A0o&conversation_id={place}&model=demo/n=60,delay=1ms"
    async with Road(server.port, CUT) as road:
        heard = await listen(f"{road.url}{STREAM}?{said}&ticket={await ann.ticket()}")
    question, reply = await stored(ann, place)

    kinds = [event["type"] for event in heard]
    assert kinds == ["start", *["chunk"] * 60, "end"]
    assert (question["content"], reply["content"]) == ("Xin chào", text_of(heard))
    assert [asked["status"] for asked in road.asked] == ["200", "200", "200", "204"]


async def test_an_eventsource_without_a_message_follows_what_goes_on(
    server: Running, ann: Person, listen
):
    body = {"message": "hello", "model": "demo/n=60,delay=20ms"}
    async with ann.streaming(STREAM, body) as stream:
        begun = await stream.events(most=3)
        async with Road(server.port, CUT) as road:
            heard = await listen(f"{road.url}{STREAM}?ticket={await ann.ticket()}")
        rest = await stream.events()

    assert heard == [one.event for one in (*begun, *rest)]
    assert [asked["status"] for asked in road.asked] == ["200", "200", "200", "204"]


async def test_where_nothing_goes_on_an_eventsource_is_told_to_stay_away(
    server: Running, ann: Person, listen
):
    async with Road(server.port) as road:
        assert await listen(f"{road.url}{STREAM}?ticket={await ann.ticket()}") == []

    assert [asked["status"] for asked in road.asked] == ["204"]


async def test_a_run_is_followed_from_an_event_in_the_address_and_after_a_cut(
    server: Running, ann: Person, listen
):
    said = await ann.say("hello", model="demo/n=60,delay=0ms")
    path = f"/api/v1/runs/{said[0].event['run_id']}/events"
    query = f"last_event_id={said[9].id}&ticket={await ann.ticket()}"
    async with Road(server.port, CUT) as road:
        heard = await listen(f"{road.url}{path}?{query}")

    assert heard == [one.event for one in said[10:]]
    assert [asked["status"] for asked in road.asked] == ["200", "200", "200", "204"]


async def test_a_ticket_is_for_one_stream_and_a_token_for_no_address(server: Running, ann: Person):
    ticket = await ann.ticket()
    async with ann.session.get(f"{STREAM}?message=hi&ticket={ticket}") as response:
        assert response.status == 200
    for stranger in (ticket, ann.token, os.urandom(16).hex()):
        async with ann.session.get(f"{STREAM}?message=hi&ticket={stranger}") as response:
            assert (response.status, (await response.json())["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("way", ["ticket", "sub-protocol", "header"])
async def test_a_websocket_says_who_asks(server: Running, ann: Person, way: str):
    address = server.url.replace("http", "ws") + SOCKET
    options: dict[str, Any] = {}
    match way:
        case "ticket":
            address += f"?ticket={await ann.ticket()}"
        case "sub-protocol":
            options["subprotocols"] = ["bearer", ann.token]
        case _:
            options["additional_headers"] = ann.headers
    async with connect(address, **options) as socket:
        await socket.send(json.dumps({"query": "hello", "model": "demo/n=3,delay=0ms"}))
        kinds = [json.loads(await socket.recv())["type"] for _ in range(5)]
        chosen = socket.subprotocol

    assert kinds == ["start", *["content"] * 3, "end"]
    assert chosen == ("bearer" if way == "sub-protocol" else None)
    assert (await ann.get("/api/v1/usage"))["total"]["runs"] == 1


async def test_a_websocket_with_a_ticket_that_was_used_is_refused(server: Running, ann: Person):
    address = f"{server.url.replace('http', 'ws')}{SOCKET}?ticket={await ann.ticket()}"
    async with connect(address):
        pass
    with pytest.raises(InvalidStatus) as refused:
        async with connect(address):
            pass

    assert refused.value.response.status_code in {401, 403}


async def test_tickets_lead_to_the_callers_own_runs_only(server: Running, ann: Person):
    body = {"message": "hello", "model": SLOW}
    async with signed_in(server.url) as bob, ann.streaming(STREAM, body) as stream:
        place = place_of(await stream.events(most=1))
        ticket = await bob.ticket()
        path = f"/api/v1/runs/{stream.run}/events?ticket={ticket}"
        async with bob.session.get(path) as response:
            status = response.status
        await ann.ask("POST", f"/api/v1/runs/{stream.run}/cancel")

    assert (status, place is None) == (404, False)
