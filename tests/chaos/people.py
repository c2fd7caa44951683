"""People who talk with a server by HTTP, and remember all that they were told."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from sluice.core.messages import Message, Prompt
from sluice.providers.recital import recite
from sluice.providers.script import parse

Json = dict[str, Any]
Headers = dict[str, str]

PASSWORD = "correct horse battery staple"
STREAM, SESSION, QUERY = "/api/v1/chat/stream", "/api/chat/stream", "/api/v1/query/stream"
LOST = (aiohttp.ClientError, ConnectionError, asyncio.IncompleteReadError)


class Stream:
    """One request for a stream, and what came of it; `cut`: it broke off without an ending."""

    def __init__(self, path: str, body: Json) -> None:
        self.path = path
        self.body = body
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.events: list[Json] = []
        self.ids: list[str] = []
        self.reached: list[tuple[float, int]] = []  # when there were so many characters
        self.keep_alives = 0
        self.cut = False
        self.begun = asyncio.Event()

    @property
    def run(self) -> str:
        return self.headers["X-Run-Id"]

    @property
    def place(self) -> str:
        """The conversation, or the session."""
        return self.headers.get("X-Session-Id") or self.events[0]["conversation_id"]

    @property
    def text(self) -> str:
        return "".join(map(piece, self.events))

    def said_until(self, moment: float) -> int:
        """How many characters had been said then; monotonic seconds."""
        return max((size for at, size in self.reached if at <= moment), default=0)

    def hear(self, block: bytes) -> None:
        for line in block.split(b"\n"):
            if line.startswith(b"data: {"):
                self.events.append(json.loads(line[6:]))
                size = self.reached[-1][1] if self.reached else 0
                self.reached.append((time.monotonic(), size + len(piece(self.events[-1]))))
                self.begun.set()
            elif line.startswith(b"id: "):
                self.ids.append(line[4:].decode())
            elif line.startswith(b":"):
                self.keep_alives += 1


def piece(event: Json) -> str:
    """What an event says of the text, in any of the dialects."""
    if event.get("type") == "content":
        return event["chunk"]
    return event.get("content") or event.get("token") or ""


def recital(model: str, message: str) -> str:
    """All that the demo model says to this message."""
    script = parse(model.removeprefix("demo/"))
    return "".join(recite(script, Prompt(model, (Message("user", message),))))


class Town:
    """Everybody, and the server that they talk with."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session
        self.tasks: list[asyncio.Task[Stream]] = []

    async def begin(self, *asked: tuple[Stream, Headers]) -> None:
        """Listen to all of these at once; each has begun when this returns."""
        self.tasks += [
            asyncio.create_task(self.listen(stream.path, stream.body, who, stream))
            for stream, who in asked
        ]
        await asyncio.gather(*(stream.begun.wait() for stream, _ in asked))

    async def join(self, name: str) -> Headers:
        """Register and sign in; gives what shows who that is."""
        user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        status, said = await self.call("POST", "/api/v1/auth/register", user)
        assert status == 201, said
        return await self.sign_in(name)

    async def sign_in(self, name: str) -> Headers:
        """Sign in; where too many do just now, a little later."""
        login = {"username": name, "password": PASSWORD}
        async with asyncio.timeout(60):
            status, grant = await self.call("POST", "/api/v1/auth/login", login)
            while status == 503:
                await asyncio.sleep(0.1)
                status, grant = await self.call("POST", "/api/v1/auth/login", login)
        assert status == 200, grant
        return {"Authorization": f"Bearer {grant['access_token']}"}

    async def call(
        self, method: str, path: str, body: Json | None = None, who: Headers | None = None
    ) -> tuple[int, Any]:
        """A plain request: its status, and what was answered."""
        async with self._session.request(
            method, self.url + path, json=body, headers=who
        ) as response:
            data = await response.read()
            return response.status, json.loads(data) if data else None

    async def listen(
        self,
        path: str,
        body: Json | None = None,
        who: Headers | None = None,
        stream: Stream | None = None,
        method: str | None = None,
        **headers: str,
    ) -> Stream:
        """Ask, and hear everything to the end; a `POST` where there is a body."""
        stream = stream or Stream(path, body or {})
        sent = {**(who or {}), **{name.replace("_", "-"): text for name, text in headers.items()}}
        method = method or ("GET" if body is None else "POST")
        try:
            async with self._session.request(
                method, self.url + path, json=body, headers=sent
            ) as response:
                stream.status, stream.headers = response.status, response.headers
                await _read(response, stream)
        except LOST:
            stream.cut = True
        finally:
            stream.begun.set()
        return stream


async def _read(response: aiohttp.ClientResponse, stream: Stream) -> None:
    if response.content_type != "text/event-stream":
        data = await response.read()
        stream.events = [json.loads(data)] if data else []
        return
    rest = b""
    while data := await response.content.readany():
        *blocks, rest = (rest + data).split(b"\n\n")
        for block in blocks:
            stream.hear(block)


@asynccontextmanager
async def town(url: str) -> AsyncIterator[Town]:
    """People for a server; no answer takes longer than half a minute to begin."""
    patience = aiohttp.ClientTimeout(total=60, sock_read=30)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=patience, connector=connector) as session:
        yield Town(url, session)
