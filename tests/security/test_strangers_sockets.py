"""Over Socket.IO, too, nobody resumes or stops what is somebody else's."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import socketio

from tests.conftest import Running, running
from tests.security.world import LONG, PATIENCE, Person, signed_up


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("sockets")) as found:
        yield found


class Ear:
    """A connection, and all it hears: pairs of an event's name and its payload."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        client.on("*", lambda name, payload: self.heard.put_nowait((name, payload)))

    async def next(self) -> tuple[str, Any]:
        return await asyncio.wait_for(self.heard.get(), PATIENCE)

    async def until(self, wanted: str) -> Any:
        while True:
            name, payload = await self.next()
            if name == wanted:
                return payload


@asynccontextmanager
async def connected(server: Running, person: Person | None, how: str) -> AsyncIterator[Ear]:
    client: Any = socketio.AsyncClient(reconnection=False)
    ear = Ear(client)
    auth = None if person is None else {"token": person.access}
    await client.connect(server.url, auth=auth, transports=[how])
    try:
        yield ear
    finally:
        await client.disconnect()


@pytest.mark.parametrize("how", ["websocket", "polling"])
async def test_a_run_and_a_session_are_their_owners(server: Running, how: str):
    owner, other = signed_up(server, f"owner.{how}"), signed_up(server, f"other.{how}")
    async with (
        connected(server, owner, how) as mine,
        connected(server, other, how) as theirs,
        connected(server, None, how) as nobody,
    ):
        asked = {"message": "hello", "session_id": "named", "model": LONG}
        await mine.client.emit("chat_stream", asked)
        run, _, _ = (await mine.until("chat_token"))["id"].rpartition(":")
        for ear in (theirs, nobody):
            await ear.client.emit("chat_resume", {"run_id": run, "after": 0})
            name, said = await ear.next()
            assert (name, said["code"]) == ("chat_stream_error", "run_expired")
            await ear.client.emit("chat_cancel", {"session_id": "named"})
        assert (await mine.until("chat_token"))["token"]  # it goes on
        assert theirs.heard.empty()
        await mine.client.emit("chat_cancel", {"session_id": "named"})
        assert (await mine.until("chat_complete"))["cancelled"] is True
