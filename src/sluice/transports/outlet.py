"""Where a stream's bytes leave: straight into the connection, or through any server's `send`."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from sluice.transports.asgi import Receive, Scope, Send, goodbye

OUTLET = "sluice.outlet"  # an ASGI extension of our server: the connection, as an `Outlet`
HIGH_WATER = 64 << 10  # bytes that may wait for a client before its stream pauses


class Outlet(Protocol):
    """A response's body, once its headers are sent. Nothing here waits."""

    @property
    def paused(self) -> bool:
        """The client does not keep up: write nothing until told that it is `writable`."""
        ...

    @property
    def backlog(self) -> int:
        """Bytes that wait for the client."""
        ...

    def write(self, data: bytes) -> None:
        """Send a piece of the body, as one chunk."""
        ...

    def abort(self) -> None:
        """Close the connection, without waiting for a client that reads nothing."""
        ...

    def attend(self, writable: Callable[[], None], gone: Callable[[], None]) -> None:
        """Who is to be told when the client keeps up again, and when it has left."""
        ...


def outlet_of(scope: Scope, receive: Receive, send: Send) -> "Outlet | Sender":
    """The connection itself where our server runs this, else a queue before `send`."""
    found: Outlet | None = scope.get("extensions", {}).get(OUTLET)
    return Sender(receive, send) if found is None else found


class Sender:
    """An `Outlet` on any ASGI server: one task that sends what has been written."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._writable: Callable[[], None] = lambda: None
        self._gone: Callable[[], None] = lambda: None
        self.backlog = 0

    @property
    def paused(self) -> bool:
        return self.backlog > HIGH_WATER

    def write(self, data: bytes) -> None:
        self._waiting.append(data)
        self.backlog += len(data)
        if self._sending is None:
            self._sending = asyncio.create_task(self._drain(), name="send")

    def abort(self) -> None:
        self._gone()

    def attend(self, writable: Callable[[], None], gone: Callable[[], None]) -> None:
        self._writable, self._gone = writable, gone
        self._watching = asyncio.create_task(self._watch(), name="disconnect")

    async def flush(self) -> None:
        """Wait until everything written has been sent."""
        if self._sending is not None:
            await self._sending

    async def close(self) -> None:
        """Stop sending and watching."""
        tasks = [task for task in (self._sending, self._watching) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _drain(self) -> None:
        while self._waiting:
            data = self._waiting.popleft()
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
            self.backlog -= len(data)
        self._sending = None
        self._writable()

    async def _watch(self) -> None:
        await goodbye(self._receive)
        self._gone()
