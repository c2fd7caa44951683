"""Who is no longer let in hears so on streams that are open already, and loses nothing by it."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from sluice.stores.sql.schema import metadata
from tests.conftest import Running, Serve, running
from tests.security.world import (
    LONG,
    PATIENCE,
    Json,
    Person,
    Stream,
    administrator,
    events_of,
    operator,
    signed_in,
    signed_up,
    stranger,
    streaming,
)

STREAM = "/api/v1/chat/stream"
TEN_SECONDS = "demo/n=200,delay=50ms"
SOON = 15.0  # seconds: far more than the five within which a revocation acts


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("streams")) as found:
        yield found


def heard_the_end(stream: Stream) -> Json:
    """Read up to the end, which has to come soon; the last event."""
    got: list[Json] = []
    reader = threading.Thread(target=lambda: got.extend(stream.rest()), daemon=True)
    reader.start()
    reader.join(SOON)
    assert not reader.is_alive(), "the stream goes on"
    return got[-1]


def again(server: Running, person: Person) -> Person:
    return signed_in(server, person.id, person.name, person.password)


def text_of(events: list[Json]) -> str:
    return "".join(event["content"] for event in events if event["type"] == "chunk")


def test_a_stream_outlives_its_token_by_nothing_and_its_run_by_the_grace(serve: Serve):
    server = serve(SLUICE_ACCESS_TOKEN_LIFETIME="2", SLUICE_DISCONNECT_GRACE="30")
    person = signed_up(server, "ann")
    asked = {"message": "hello", "model": TEN_SECONDS}
    with streaming(person.client(), "POST", STREAM, json=asked) as stream:
        first = stream.rest()
    assert (first[-1]["type"], first[-1]["code"]) == ("error", "unauthorized")
    assert first[-1]["error"] == first[-1]["message"]
    text, last, tries = text_of(first), stream.ids[-1], 0
    end = first[-1]
    while end["type"] == "error":  # each fresh token is good for two seconds, too
        tries += 1
        assert tries < 20
        with again(server, person).client() as client:
            back = client.get(STREAM, headers={"last-event-id": last})
            assert back.status_code == 200
            assert back.headers["x-run-id"] == stream.run
        events = events_of(back.text)
        text += text_of(events)
        ids = [line for line in back.text.split("\n") if line.startswith("id: ")]
        last = ids[-1].removeprefix("id: ") if ids else last
        end = events[-1]
    assert (end["type"], end["finish_reason"]) == ("end", "stop")
    path = f"/api/v1/conversations/{end['conversation_id']}/messages"
    kept = again(server, person).ask("GET", path).json()["items"]
    assert text == kept[-1]["content"]  # nothing is lost, and nothing comes twice


@asynccontextmanager
async def talking(server: Running, person: Person) -> AsyncIterator[ClientConnection]:
    """A WebSocket on which an answer is being written."""
    address = server.url.replace("http", "ws") + "/api/v1/query/ws"
    bearer = {"Authorization": f"Bearer {person.access}"}
    async with connect(address, additional_headers=bearer) as socket:
        await socket.send(msgspec.json.encode({"query": "hello", "model": LONG}).decode())
        said: Json = {}
        while said.get("type") != "content":
            said = msgspec.json.decode(await asyncio.wait_for(socket.recv(), PATIENCE))
        yield socket


async def last_words(socket: ClientConnection) -> Json:
    """What is said last on a connection that has to end soon."""
    last: Json = {}
    with suppress(ConnectionClosedError):
        async with asyncio.timeout(SOON):
            async for message in socket:
                last = msgspec.json.decode(message)
    assert socket.close_code == 1008
    return last


async def test_a_websocket_hears_that_its_token_is_over(serve: Serve):
    server = serve(SLUICE_ACCESS_TOKEN_LIFETIME="2")
    async with talking(server, signed_up(server, "ann")) as socket:
        assert (await last_words(socket))["code"] == "unauthorized"


def sign_out(person: Person) -> None:
    assert person.ask("POST", "/api/v1/auth/logout").status_code == 204


def end_the_session(person: Person) -> None:
    """From another device."""
    sessions = person.ask("GET", "/api/v1/auth/sessions").json()["items"]
    mine = next(one["id"] for one in sessions if one["current"])
    other = again(person.server, person)
    assert other.ask("DELETE", f"/api/v1/auth/sessions/{mine}").status_code == 204


def change_the_password(person: Person) -> None:
    other = again(person.server, person)
    body = {"current_password": person.password, "new_password": "another password"}
    assert other.ask("POST", "/api/v1/auth/password", body).status_code == 204


def disable_from_the_shell(person: Person) -> None:
    operator(person.server, "users", "disable", person.name)


def reset_from_the_shell(person: Person) -> None:
    arguments = ("users", "reset-password", person.name, "--password-stdin")
    operator(person.server, *arguments, given="another password\n")


def reuse_a_refresh_token(person: Person) -> None:
    body = {"refresh_token": person.refresh}
    with stranger(person.server) as client:
        assert client.post("/api/v1/auth/refresh", json=body).status_code == 200
        assert client.post("/api/v1/auth/refresh", json=body).status_code == 401


def disable_over_the_api(person: Person) -> None:
    root = administrator(person.server, f"root.of.{person.name}")
    path = f"/api/v1/admin/users/{person.id}"
    assert root.ask("PATCH", path, {"disabled": True}).status_code == 200


ENDS: list[Callable[[Person], None]] = [
    sign_out,
    end_the_session,
    change_the_password,
    disable_from_the_shell,
    reset_from_the_shell,
    reuse_a_refresh_token,
    disable_over_the_api,
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_whoever_is_put_out_hears_it_on_every_open_stream(
    server: Running, end: Callable[[Person], None]
):
    person = signed_up(server, end.__name__.replace("_", "."))
    asked = {"message": "hello", "model": LONG}
    async with talking(server, person) as socket:
        with streaming(person.client(), "POST", STREAM, json=asked) as stream:
            stream.next()
            await asyncio.to_thread(end, person)
            said = await asyncio.to_thread(heard_the_end, stream)
        assert (said["type"], said["code"]) == ("error", "unauthorized")
        assert (await last_words(socket))["code"] == "unauthorized"


def test_a_stream_of_another_login_goes_on(server: Running):
    person = signed_up(server, "two.logins")
    other = again(server, person)
    asked = {"message": "hello", "model": LONG}
    with streaming(other.client(), "POST", STREAM, json=asked) as stream:
        stream.next()
        sign_out(person)
        assert other.ask("GET", "/api/v1/auth/me").status_code == 200
        assert other.ask("POST", f"/api/v1/runs/{stream.run}/cancel").status_code == 200
        assert stream.rest()[-1]["finish_reason"] == "cancelled"


def test_a_key_that_is_revoked_closes_what_it_opened(server: Running):
    person = signed_up(server, "keyed")
    key = person.ask("POST", "/api/v1/auth/keys", {"name": "script"}).json()
    asked = {"message": "hello", "model": LONG}
    client = stranger(server, authorization=f"Bearer {key['key']}")
    with streaming(client, "POST", STREAM, json=asked) as stream:
        stream.next()
        assert person.ask("DELETE", f"/api/v1/auth/keys/{key['id']}").status_code == 204
        assert heard_the_end(stream)["code"] == "unauthorized"


def test_whoever_leaves_takes_everything_along(server: Running):
    person, word = signed_up(server, "leaver"), "unmistakable"
    talk = person.talk(f"This is {word}.")[0]["conversation_id"]
    person.ask("POST", "/api/chat", {"message": word, "session_id": "named"})
    person.ask("POST", "/api/v1/auth/keys", {"name": "script"})
    person.ask("POST", STREAM, {"message": word}, headers={"idempotency-key": "one"})
    with streaming(person.client(), "POST", STREAM, json={"message": word, "model": LONG}) as live:
        live.next()
        assert person.ask("DELETE", "/api/v1/auth/me").status_code == 204
        assert heard_the_end(live)["type"] in {"end", "error"}
    assert left_of(server, person.id, talk, live.run, person.name, word) == {}
    assert person.ask("GET", "/api/v1/auth/me").status_code == 401
    with stranger(server) as client:
        given = {"username": person.name, "password": person.password}
        assert client.post("/api/v1/auth/login", json=given).status_code == 401
    assert signed_up(server, person.name).ask("GET", "/api/v1/conversations").json()["items"] == []


# Which accounts were deleted, and that their tokens are no good: ids alone, of nobody by now. And
# the pages of the search index: which words it once held, of no message, until it is next merged.
REMEMBERED = {"audit", "revocations", "message_search_data"}


def left_of(server: Running, *traces: str) -> dict[str, Any]:
    """The rows in which any of this can still be found, by the names of the tables."""
    file = server.log.parent / "data" / "sluice.db"
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=PATIENCE)
    try:
        listed = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = {name for (name,) in database.execute(listed)}
        assert set(metadata.tables) <= tables
        found = {
            table: [
                row
                for row in database.execute(f"SELECT * FROM {table}").fetchall()
                if any(trace in str(row) for trace in traces)
            ]
            for table in tables - REMEMBERED
        }
        matching = "SELECT rowid FROM message_search WHERE message_search MATCH ?"
        word = f'"{traces[-1]}"'
        found["a search"] = database.execute(matching, (word,)).fetchall()
    finally:
        database.close()
    return {table: rows for table, rows in found.items() if rows}
