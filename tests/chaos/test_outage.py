"""PostgreSQL goes away under a server, and comes back."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests.chaos.homes import Home, assert_discreet
from tests.chaos.people import (
    PASSWORD,
    QUERY,
    SESSION,
    STREAM,
    Headers,
    Json,
    Stream,
    Town,
    recital,
    town,
)  # fmt: skip
from tests.conftest import Running, free_port
from tests.databases import TEMPLATE, copy_of_template, make_template
from tests.postgres import Cluster, Server, pgbouncer_running, postgres_cluster
from tests.transports.driver import until

pytestmark = pytest.mark.chaos

AWAY = 3.0  # seconds
AT_ONCE = 8.0  # seconds in which all refusals have to come: less than a connection is waited for
SOON = 30.0  # seconds for what has to come
LONG = "demo/n=150,first=0ms,delay=10ms"  # ends while the database is away
LONGER = "demo/n=400,first=0ms,delay=10ms"  # and after it has come back
SHORT = "demo/n=3,delay=0ms"
QUESTION = "Tell me about outages"


class Road:
    """Between a server and its database; what is closed can be opened again."""

    def __init__(self, url: str, opened: Callable[[], AbstractContextManager[Server]]) -> None:
        self.url = url
        self._opened = opened
        self._stack = ExitStack()

    def open(self) -> None:
        self._stack.enter_context(self._opened())

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A database server that nobody else needs."""
    with postgres_cluster() as made:
        with made.serving() as server:
            make_template(server)
        yield made


@pytest.fixture(params=["postgres", "pgbouncer"])
def road(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Road]:
    """An open one: what goes away is the database, or what stands before it."""
    with ExitStack() as stack:
        if request.param == "postgres":
            with cluster.serving() as server:
                name = copy_of_template(server)
            found = Road(server.url(name), cluster.serving)
        else:
            server = stack.enter_context(cluster.serving())
            name, port = copy_of_template(server), free_port()
            url = f"postgresql://postgres@127.0.0.1:{port}/{name}"
            found = Road(url, lambda: pgbouncer_running(server.port, port))
        found.open()
        stack.callback(found.close)
        yield found


async def refusals(people: Town, who: Headers, place: str) -> list[Stream]:
    """What is asked of a server that cannot store anything."""
    talk = f"/api/v1/conversations/{place}"
    asked: list[tuple[str, Json | None, Headers]] = [
        (STREAM, {"message": QUESTION, "model": SHORT}, who),
        (STREAM, {"message": QUESTION, "model": SHORT, "conversation_id": place}, who),
        (SESSION, {"message": QUESTION, "model": SHORT}, {}),
        ("/api/chat", {"message": QUESTION, "model": SHORT}, {}),
        ("/api/v1/auth/login", {"username": "ada", "password": PASSWORD}, {}),
        ("/api/v1/auth/refresh", {"refresh_token": "unknown"}, {}),
        ("/api/v1/conversations", {"title": "another"}, who),
        (talk, None, who),
        (f"{talk}/messages", None, who),
        ("/api/v1/conversations?q=outages", None, who),
        ("/api/v1/usage", None, who),
        ("/api/v1/runs/unknown", None, who),
        ("/api/v1/auth/sessions", None, who),
    ]
    return await asyncio.gather(
        *(people.listen(path, body, header) for path, body, header in asked)
    )


async def assert_refused(people: Town, who: Headers, place: str) -> None:
    before = time.monotonic()
    for refused in await refusals(people, who, place):
        said = (refused.path, refused.status, refused.events)
        assert (refused.status, refused.events[0]["code"]) == (503, "overloaded"), said
        assert int(refused.headers["Retry-After"]) >= 1
    status, ready = await people.call("GET", "/readyz")
    assert (status, ready) == (503, {"status": "store unreachable"})
    assert (await people.call("GET", "/livez"))[0] == 200
    assert time.monotonic() - before < AT_ONCE


async def until_ready(people: Town) -> None:
    async with asyncio.timeout(SOON):
        while (await people.call("GET", "/readyz"))[0] != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def closed(road: Road) -> "asyncio.Future[None]":
    return asyncio.ensure_future(asyncio.to_thread(road.close))


async def test_an_outage_costs_nobody_a_reply(road: Road, tmp_path: Path):
    home = Home(tmp_path / "home", road.url)
    with home.serving(SLUICE_HEARTBEAT="0.5") as server:
        async with town(server.url) as people:
            who = await people.join("ada")
            first = await people.listen(STREAM, {"message": QUESTION, "model": SHORT}, who)
            await closed(road)  # while nothing goes on
            await assert_refused(people, who, first.place)
            await asyncio.to_thread(road.open)
            await until_ready(people)
            streams = await through_an_outage(people, road, who, first.place)
        await check(home, streams)
        assert await home.broken() == {}
        assert_discreet(server)


async def through_an_outage(people: Town, road: Road, who: Headers, place: str) -> list[Stream]:
    """Streams that end while the database is away, and later; all that they came to."""
    asked = [
        (Stream(path, {"message": QUESTION, "query": QUESTION, "model": model}), whose)
        for path, whose in ((STREAM, who), (SESSION, {}), (QUERY, {}))
        for model in (LONG, LONG, LONGER)
    ]
    streams = [stream for stream, _ in asked]
    await people.begin(*asked)
    await closed(road)
    began = time.monotonic()
    await assert_refused(people, who, place)
    await asyncio.sleep(began + AWAY - time.monotonic())
    ending = [one for one in streams if one.body["model"] == LONG]
    async with asyncio.timeout(SOON):
        await until(lambda: all(one.text == recital(LONG, QUESTION) for one in ending))
    for task, stream in zip(people.tasks, streams, strict=True):
        if stream.path != QUERY:  # which need not be stored
            assert not task.done(), (stream.path, stream.body, stream.events[-1])
        elif stream in ending:
            await asyncio.wait_for(asyncio.shield(task), SOON)
    waiting = [one for one in ending if one.path != QUERY]
    await asyncio.to_thread(road.open)
    await asyncio.gather(*people.tasks)
    assert all(one.keep_alives > 0 for one in waiting)
    await until_ready(people)
    after = await people.listen(
        STREAM, {"message": "and now?", "model": SHORT, "conversation_id": streams[0].place}, who
    )
    return [*streams, after]


async def check(home: Home, streams: list[Stream]) -> None:
    """Each has its end, its reply is stored, and so is what it took."""
    runs = {row.id: row for row in await home.rows("SELECT * FROM runs")}
    replies = {row.run_id: row for row in await home.rows("SELECT * FROM messages")}
    for stream in streams:
        said = recital(stream.body["model"], stream.body["message"])
        assert (stream.status, stream.cut, stream.text) == (200, False, said)
        assert stream.events[-1]["finish_reason"] == "stop"
        assert (runs[stream.run].status, runs[stream.run].text_length) == ("done", len(said))
        if stream.path != QUERY:
            assert (replies[stream.run].status, replies[stream.run].content) == ("complete", said)


def test_a_server_does_not_start_without_its_database(cluster: Cluster, tmp_path: Path):
    home = Home(tmp_path / "home", f"postgresql://postgres:secret@127.0.0.1:{free_port()}/x")
    assert "Cannot reach the database" in home.refused()
    with cluster.serving() as server:
        empty = Home(tmp_path / "empty", server.url("postgres"))
        assert "sluice db upgrade" in empty.refused()
        foreign = Home(tmp_path / "home", server.url(TEMPLATE))
        with foreign.serving() as running:
            assert isinstance(running, Running)
