"""The protocol `graphql-transport-ws`, message by message, at a real server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.clients.person import Person
from tests.graphql.conftest import ending, status

Json = dict[str, Any]

INIT: Json = {"type": "connection_init"}
SLOW = 'subscription{conversation(message:"x",model:"demo/n=2000,first=0ms,delay=20ms"){type}}'


@asynccontextmanager
async def open_socket(
    person: Person, *, protocol: str = "graphql-transport-ws", query: str = ""
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with person.session.ws_connect(f"/graphql{query}", protocols=[protocol]) as socket:
        yield socket


@asynccontextmanager
async def introduced(person: Person) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with open_socket(person) as socket:
        await socket.send_json({**INIT, "payload": person.headers})
        assert await socket.receive_json() == {"type": "connection_ack"}
        yield socket


def subscribe(id: str, query: str) -> Json:
    return {"id": id, "type": "subscribe", "payload": {"query": query}}


async def test_a_ping_is_answered(ann: Person):
    async with introduced(ann) as socket:
        await socket.send_json({"type": "ping"})
        assert await socket.receive_json() == {"type": "pong"}


async def test_queries_are_answered_too(ann: Person):
    async with introduced(ann) as socket:
        await socket.send_json(subscribe("1", "{my_points{balance}}"))
        result, end = [await socket.receive_json() for _ in range(2)]

    assert result["payload"] == {"data": {"my_points": {"balance": 1000}}}
    assert end == {"type": "complete", "id": "1"}


async def test_a_ticket_in_the_address_will_do(ann: Person):
    async with open_socket(ann, query=f"?ticket={await ann.ticket()}") as socket:
        await socket.send_json(INIT)
        assert await socket.receive_json() == {"type": "connection_ack"}


async def test_what_makes_no_sense_is_an_error_of_its_operation(ann: Person):
    async with introduced(ann) as socket:
        await socket.send_json(subscribe("1", "{nothing}"))
        told = await socket.receive_json()

    assert (told["type"], told["id"]) == ("error", "1")
    assert told["payload"][0]["extensions"]["code"] == "invalid_request"


CLOSED: dict[str, tuple[Sequence[Json], int]] = {
    "asking before saying who one is": ([subscribe("1", SLOW)], 4401),
    "saying nothing of oneself": ([INIT], 4403),
    "a token that is none": ([{**INIT, "payload": {"Authorization": "Bearer x"}}], 4403),
    "nonsense": ([{"type": "nonsense"}], 4400),
}


@pytest.mark.parametrize(("said", "code"), CLOSED.values(), ids=CLOSED)
async def test_who_breaks_the_rules_is_told_by_a_code(ann: Person, said: Sequence[Json], code: int):
    async with open_socket(ann) as socket:
        for message in said:
            await socket.send_json(message)
        assert (await socket.receive()).data == code


REPEATED: dict[str, tuple[Sequence[Json], int]] = {
    "saying who one is twice": ([INIT], 4429),
    "an id twice": ([subscribe("1", SLOW), subscribe("1", SLOW)], 4409),
    "an operation without an id": ([{"type": "subscribe"}], 4400),
}


@pytest.mark.parametrize(("said", "code"), REPEATED.values(), ids=REPEATED)
async def test_who_breaks_them_later_is_told_too(ann: Person, said: Sequence[Json], code: int):
    async with introduced(ann) as socket:
        for message in said:
            await socket.send_json(message)
        while (heard := await socket.receive()).type == aiohttp.WSMsgType.TEXT:
            pass
        assert heard.data == code


async def test_another_protocol_is_refused(ann: Person):
    async with open_socket(ann, protocol="graphql-ws") as socket:
        assert (await socket.receive()).data == 4406


async def test_a_connection_has_sixteen_operations_at_once(ann: Person):
    async with introduced(ann) as socket:
        for n in range(17):
            await socket.send_json(subscribe(str(n), SLOW))
        while (told := await socket.receive_json())["type"] == "next":
            pass

    assert (told["type"], told["id"]) == ("error", "16")
    assert told["payload"][0]["extensions"]["code"] == "overloaded"


async def test_complete_stops_the_run_at_once(ann: Person):
    async with introduced(ann) as socket:
        await socket.send_json(subscribe("1", SLOW))
        for _ in range(3):
            await socket.receive_json()
        await socket.send_json({"type": "complete", "id": "1"})
        assert await ending(ann) == "partial"


async def test_a_run_outlives_a_client_that_has_only_left(ann: Person):
    async with introduced(ann) as socket:
        await socket.send_json(subscribe("1", SLOW))
        await socket.receive_json()
    assert await status(ann) == "streaming"


async def test_who_is_no_longer_let_in_is_told_4403(ann: Person):
    async with introduced(ann) as socket:
        await socket.send_json(subscribe("1", SLOW))
        await socket.receive_json()
        await ann.ask("DELETE", "/api/v1/auth/me", {"password": "correct horse battery"})
        while (heard := await socket.receive()).type == aiohttp.WSMsgType.TEXT:
            pass
        assert heard.data == 4403
