"""Two servers over one PostgreSQL: the same people, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.chaos.homes import Home, all_at_once, assert_discreet
from tests.chaos.people import QUERY, STREAM, Stream, Town, recital, town
from tests.conftest import Running
from tests.databases import copy_of_template
from tests.postgres import Server

pytestmark = pytest.mark.chaos

SHORT = "demo/n=3,delay=0ms"
LONG = "demo/n=250,first=0ms,delay=10ms"
ENDLESS = "demo/n=9000,first=0ms,delay=10ms"
QUESTION = "Tell me about twins"
SECRET = "a secret that both of them have, of 32 bytes and more"
WITHIN = 20.0  # seconds: far more than the five in which one hears what the other has revoked


class Twins(NamedTuple):
    """Two servers, and those who talk with each."""

    homes: list[Home]
    one: Town
    other: Town


@pytest.fixture(scope="module")
def both(
    postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[list[Home], list[Running]]]:
    """Two homes over one database, and a server in each."""
    given = {"SLUICE_JWT_SECRET": SECRET}
    url = postgres_server.url(copy_of_template(postgres_server))
    homes = [Home(tmp_path_factory.mktemp(name), url, **given) for name in ("one", "other")]
    with all_at_once(*homes) as servers:
        yield homes, servers
        for server in servers:
            assert_discreet(server)


@pytest.fixture
async def twins(both: tuple[list[Home], list[Running]]) -> AsyncIterator[Twins]:
    homes, servers = both
    async with AsyncExitStack() as stack:
        yield Twins(
            homes, *[await stack.enter_async_context(town(server.url)) for server in servers]
        )


async def test_both_serve_the_same_people(twins: Twins, tmp_path: Path):
    one, other = twins.one, twins.other
    who = await one.join("ada")
    first = await one.listen(STREAM, {"message": QUESTION, "model": SHORT}, who)
    body = {"message": QUESTION, "model": SHORT, "conversation_id": first.place}
    second = await other.listen(STREAM, body, who)
    assert (second.place, second.text) == (first.place, recital(SHORT, QUESTION))
    path = f"/api/v1/conversations/{first.place}"
    assert await one.call("GET", path, who=who) == await other.call("GET", path, who=who)
    assert (await other.call("GET", f"{path}", who=who))[1]["message_count"] == 4

    running, plain = (
        Stream(STREAM, {"message": QUESTION, "model": LONG, "conversation_id": first.place}),
        Stream(QUERY, {"query": QUESTION, "model": LONG}),
    )
    await one.begin((running, who), (plain, {}))
    busy = await other.listen(STREAM, body, who)
    assert (busy.status, busy.events[0]["code"]) == (409, "conversation_busy")
    third = Home(tmp_path / "third", twins.homes[0].url)
    with third.serving():  # whose start is nobody's end
        pass
    await asyncio.gather(*one.tasks)
    assert running.text == plain.text == recital(LONG, QUESTION)
    stored = await other.listen(f"/api/v1/runs/{running.run}/events", who=who)
    assert stored.text == running.text
    assert (await other.listen(STREAM, body, who)).status == 200
    assert await twins.homes[0].broken() == {}


async def test_a_key_is_one_run_whichever_server_is_asked(twins: Twins):
    one, other = twins.one, twins.other
    who = await one.join("bea")
    talk = {"message": QUESTION, "model": LONG}
    running, plain = Stream(STREAM, talk), Stream(QUERY, {"query": QUESTION, "model": LONG})
    asked = [
        asyncio.create_task(
            one.listen(stream.path, stream.body, who, stream, Idempotency_Key=stream.path)
        )
        for stream in (running, plain)
    ]
    await asyncio.gather(running.begun.wait(), plain.begun.wait())
    for stream in (running, plain):
        again = await other.listen(stream.path, stream.body, who, Idempotency_Key=stream.path)
        assert (again.status, again.events[0]["code"]) == (409, "conversation_busy")
    wrong = await other.listen(STREAM, {**talk, "message": "x"}, who, Idempotency_Key=STREAM)
    assert (wrong.status, wrong.events[0]["code"]) == (422, "idempotency_mismatch")
    await asyncio.gather(*asked)
    again = await other.listen(STREAM, talk, who, Idempotency_Key=STREAM)
    assert (again.status, again.run, again.text) == (200, running.run, running.text)
    again = await other.listen(QUERY, plain.body, who, Idempotency_Key=QUERY)
    assert (again.status, again.events[0]["code"]) == (410, "run_expired")  # no text is kept
    assert await runs_of(twins, "bea") == 2

    both = await asyncio.gather(
        *(
            people.listen(STREAM, {"message": QUESTION, "model": SHORT}, who, Idempotency_Key="b")
            for people in (one, other, one, other)
        )
    )
    assert {stream.status for stream in both} <= {200, 409}
    assert len({stream.run for stream in both if stream.status == 200}) == 1
    assert await runs_of(twins, "bea") == 3


async def runs_of(twins: Twins, name: str) -> int:
    query = "SELECT r.id FROM runs r JOIN users u ON u.id = r.user_id WHERE u.name_key = :name"
    return len(await twins.homes[0].rows(query, name=name))


async def test_who_is_disabled_through_one_is_out_of_the_other(twins: Twins):
    one, other = twins.one, twins.other
    root, eve = await one.join("root"), await other.join("eve")
    await twins.homes[0].write("UPDATE users SET role = 'admin' WHERE name_key = 'root'")
    stream = Stream(STREAM, {"message": QUESTION, "model": ENDLESS})
    await other.begin((stream, eve))
    _, me = await other.call("GET", "/api/v1/auth/me", who=eve)
    status, _ = await one.call("PATCH", f"/api/v1/admin/users/{me['id']}", {"disabled": True}, root)
    assert status == 200
    async with asyncio.timeout(WITHIN):
        await other.tasks[0]
        assert stream.events[-1]["code"] == "unauthorized"
        assert (await other.call("GET", "/api/v1/auth/me", who=eve))[0] == 401
