"""Drives the real application in this process: what a server does, without sockets."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any
from unittest.mock import patch

import msgspec

import tests.light  # noqa: F401 - or each password took a third of a second
from sluice.app import Application, create_app
from sluice.settings import Settings, load
from sluice.stores.sql.migrate import upgrade
from sluice.stores.sql.sqlite import SQLite
from tests.transports.tidy import tidy

Json = dict[str, Any]
DEMO = "demo/n=5,delay=0ms"
TEMPLATE: list[Path] = []


def settings(**given: Any) -> Settings:
    """Settings that know nothing of this machine's environment."""
    with patch.dict(os.environ, clear=True):
        return load(**given)


class Exchange:
    """One HTTP request, and what is sent in answer to it.

    `accepting`  the client takes what it is sent; until it is set again, it takes one write
    `whole`      the body is sent to its end
    """

    def __init__(self, app: Application, scope: Json, body: bytes, whole: bool) -> None:
        self.accepting = asyncio.Event()
        self.accepting.set()
        self._whole = whole
        self.sends: list[bytes] = []
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pairs: list[tuple[bytes, bytes]] = []
        self._body = body
        self._heard = False
        self._left = asyncio.Event()
        self._news = asyncio.Event()
        self.task = asyncio.create_task(app(scope, self._receive, self._send))
        self.task.add_done_callback(lambda _: self._news.set())

    @property
    def body(self) -> bytes:
        return b"".join(self.sends)

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def events(self) -> list[Json]:
        return [msgspec.json.decode(data) for _, data in frames(self.body) if data != b"[DONE]"]

    @property
    def run_id(self) -> str:
        return self.headers["x-run-id"]

    def leave(self) -> None:
        """Close the connection."""
        self._left.set()

    async def until(self, text: bytes) -> None:
        """Wait until this has been sent."""
        while text not in self.body:
            assert not self.task.done(), f"ended without {text!r}: {self.body!r}"
            await self._news.wait()
            self._news.clear()

    async def over(self) -> "Exchange":
        """Wait until the answer is complete."""
        await self.task
        return self

    async def _receive(self) -> Json:
        if not self._heard:
            self._heard = True
            return {"type": "http.request", "body": self._body, "more_body": not self._whole}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Json) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.pairs = list(message["headers"])
            self.headers = {name.decode().lower(): value.decode() for name, value in self.pairs}
        elif message.get("body"):
            self.sends.append(bytes(message["body"]))
            self._news.set()
            await self.accepting.wait()
        self._news.set()


class Socket:
    """One WebSocket connection. `said` is everything that came, decoded."""

    def __init__(self, app: Application, scope: Json) -> None:
        self.said: list[Json] = []
        self.closed: int | None = None
        self.subprotocol: str | None = None
        self._to: asyncio.Queue[Json] = asyncio.Queue()
        self._news = asyncio.Event()
        self._to.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(app(scope, self._to.get, self._send))
        self.task.add_done_callback(lambda _: self._news.set())

    def say(self, message: object) -> None:
        text = message if isinstance(message, str) else msgspec.json.encode(message).decode()
        self._to.put_nowait({"type": "websocket.receive", "text": text})

    def say_bytes(self, data: bytes) -> None:
        self._to.put_nowait({"type": "websocket.receive", "bytes": data})

    def close(self) -> None:
        self._to.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def until(self, kind: str, times: int = 1) -> list[Json]:
        """Wait until there have been so many messages of this type; returns them."""
        while len(found := [one for one in self.said if one["type"] == kind]) < times:
            assert not self.task.done(), f"ended without {kind}: {self.said}"
            await self._news.wait()
            self._news.clear()
        return found

    async def _send(self, message: Json) -> None:
        if message["type"] == "websocket.accept":
            self.subprotocol = message.get("subprotocol")
        elif message["type"] == "websocket.close":
            self.closed = message["code"]
        else:
            self.said.append(msgspec.json.decode(message["text"]))
        self._news.set()


class Local:
    """The application, started."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self._open: list[Exchange | Socket] = []

    @property
    def engine(self) -> Any:
        return self.app.house.engine

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        version: str = "1.1",
        client: str = "127.0.0.1",
        whole: bool = True,
    ) -> Exchange:
        """Begin a request: a `POST` of JSON where there is a body, else a `GET`."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body) if body else b""
        given = {"host": "localhost", "content-type": "application/json", **(headers or {})}
        path, _, query = path.partition("?")
        scope = _scope("http", path, query, given, client)
        scope |= {"method": method or ("POST" if body else "GET"), "http_version": version}
        exchange = Exchange(self.app, scope, data, whole)
        self._open.append(exchange)
        return exchange

    def connect(
        self, headers: Mapping[str, str] | None = None, subprotocols: tuple[str, ...] = ()
    ) -> Socket:
        """Open a WebSocket."""
        given = {"host": "localhost", **(headers or {})}
        scope = _scope("websocket", "/api/v1/query/ws", "", given, "127.0.0.1")
        socket = Socket(self.app, scope | {"subprotocols": list(subprotocols)})
        self._open.append(socket)
        return socket

    async def member(self, name: str = "an") -> str:
        """Register somebody, and sign in; returns the access token."""
        account = {"username": name, "email": f"{name}@example.com", "password": "secret-123"}
        made = await self.ask("/api/v1/auth/register", account).over()
        assert made.status == 201, made.body
        given = {"username": name, "password": account["password"]}
        return (await self.ask("/api/v1/auth/login", given).over()).json["access_token"]

    async def idle(self) -> None:
        """Wait until no run goes on."""
        while self.engine.live:
            await asyncio.wait([run.task for run in self.engine._live.values()])

    async def close(self) -> None:
        for one in self._open:
            if isinstance(one, Exchange):
                one.accepting.set()
                one.leave()
            else:
                one.close()
        await asyncio.gather(*(one.task for one in self._open))


@asynccontextmanager
async def started(**given: Any) -> AsyncIterator[Local]:
    """The application with these settings, and a store of its own; no task of it is left behind.

    Nothing is limited, unless the settings say so.
    """
    async with tidy(), among_others(**given) as local:
        yield local


@asynccontextmanager
async def among_others(**given: Any) -> AsyncIterator[Local]:
    """As `started`, where tasks of others may begin meanwhile."""
    with TemporaryDirectory() as folder:
        shutil.copy(await migrated(), Path(folder) / "sluice.db")
        given = {"data_dir": folder, "rate_limit_enabled": False, **given}
        async with _running(create_app(settings(**given))) as local:
            yield local


async def migrated() -> Path:
    """An empty database, as a new server makes it; made once."""
    if not TEMPLATE:
        path = Path(mkdtemp()) / "sluice.db"
        database = SQLite(path)
        await database.write(upgrade)
        await database.close()
        TEMPLATE.append(path)
    return TEMPLATE[0]


@asynccontextmanager
async def _running(app: Application) -> AsyncIterator[Local]:
    to: asyncio.Queue[Json] = asyncio.Queue()
    said: asyncio.Queue[Json] = asyncio.Queue()
    living = asyncio.create_task(app({"type": "lifespan"}, to.get, said.put))
    to.put_nowait({"type": "lifespan.startup"})
    first = asyncio.create_task(said.get())
    await asyncio.wait([living, first], return_when=asyncio.FIRST_COMPLETED)
    if living.done():
        first.cancel()
        await asyncio.wait([first])
        await living
    local = Local(app)
    try:
        yield local
    finally:
        await local.close()
        to.put_nowait({"type": "lifespan.shutdown"})
        await living


async def until(true: Callable[[], object]) -> None:
    """Wait for what nothing tells of."""
    while not true():  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0.001)


def frames(stream: bytes) -> list[tuple[str | None, bytes]]:
    """Each event's id and data; comments and `retry` are left out."""
    found: list[tuple[str | None, bytes]] = []
    for block in stream.split(b"\n\n"):
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
        if b"data" in fields:
            id = fields.get(b"id")
            found.append((id.decode() if id else None, fields[b"data"]))
    return found


def _scope(
    kind: str, path: str, query: str, headers: Mapping[str, str], client: str
) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode("ascii"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 8000),
    }
