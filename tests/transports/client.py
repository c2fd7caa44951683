"""A client on a plain socket, which sees the chunks as they were written and reads when told."""

import asyncio
import json
from types import TracebackType
from typing import Any

import msgspec

from tests.transports.driver import frames

Json = dict[str, Any]


class Wire:
    """One HTTP/1.1 connection; as a context manager it is closed at the end."""

    def __init__(self, port: int, host: str = "127.0.0.1", window: int | None = None) -> None:
        self._port = port
        self._host = host
        self._window = window
        self.status = 0
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []

    async def __aenter__(self) -> "Wire":
        limit = {} if self._window is None else {"limit": self._window}
        self.reader, self.writer = await asyncio.open_connection(self._host, self._port, **limit)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.writer.transport.abort()

    async def send(
        self, path: str, body: Json | None = None, method: str | None = None, **headers: str
    ) -> None:
        """Write a whole request."""
        data = b"" if body is None else json.dumps(body).encode()
        given = {"Host": "localhost", "Content-Type": "application/json", **headers}
        if data:
            given["Content-Length"] = str(len(data))
        lines = [f"{method or ('POST' if data else 'GET')} {path} HTTP/1.1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + data)
        await self.writer.drain()

    async def head(self) -> None:
        """Read the answer's line and headers."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        self.headers = {name.lower(): value for name, value in pairs}

    async def chunk(self) -> bytes:
        """Read one chunk; empty at the end."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        data = (await self.reader.readexactly(size + 2))[:-2]
        if data:
            self.chunks.append(data)
        return data

    async def rest(self) -> bytes:
        """Read the whole body, chunked or not; returns it."""
        if self.status == 204:
            return b""
        if "content-length" in self.headers:
            return await self.reader.readexactly(int(self.headers["content-length"]))
        while await self.chunk():
            pass
        return b"".join(self.chunks)

    async def until(self, text: bytes) -> None:
        while not any(text in chunk for chunk in self.chunks):
            assert await self.chunk(), f"no {text!r}"

    @property
    def events(self) -> list[Json]:
        found = frames(b"".join(self.chunks))
        return [msgspec.json.decode(data) for _, data in found if data != b"[DONE]"]


async def fetch(port: int, path: str, body: Json | None = None, **headers: str) -> Wire:
    """A whole exchange; `chunks` holds the body of a stream."""
    async with Wire(port) as wire:
        await wire.send(path, body, **headers)
        await wire.head()
        body = await wire.rest()
        wire.chunks = wire.chunks or [body]
        return wire


async def until_draining(port: int) -> None:
    """Wait until the server has heard its signal; checks what its probes say then."""
    while (ready := await fetch(port, "/readyz")).status == 200:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert ready.status == 503
    assert (await fetch(port, "/livez")).status == 200


async def gauge(port: int, name: str) -> float:
    """A figure of `/metrics`."""
    text = (await fetch(port, "/metrics")).chunks[0].decode()
    return float(next(line for line in text.splitlines() if line.startswith(name)).split()[1])


async def until_gauge(port: int, name: str, value: float) -> None:
    """Wait until a figure of `/metrics` is this."""
    while await gauge(port, name) != value:  # noqa: ASYNC110 - it is another process's
        await asyncio.sleep(0.02)
