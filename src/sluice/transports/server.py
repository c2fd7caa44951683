"""The HTTP server: uvicorn, with what a server of long streams needs beyond it.

Several sockets with one application; a connection that can be closed without waiting for a client
that reads nothing; bounded headers; and a way down that lets streams finish.
"""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Generator, Sequence
from types import FrameType
from typing import cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from sluice.transports.asgi import App, Scope
from sluice.transports.outlet import OUTLET

HEADERS_LIMIT = 64 << 10  # bytes of a request's line and headers
HEADERS_TIME = 30.0  # seconds for them to arrive
ENOUGH = 256 << 10  # bytes of a body within its time that buy it as much time again
KEEP_ALIVE = 65  # seconds that an idle connection is kept: longer than most proxies keep theirs
LEAVING = 5  # seconds that clients get to read their last bytes, once every run has ended
BACKLOG = 4096
FILES_A_RUN = 2  # the client's socket and the provider's
FILES_ELSE = 64
COLLECT = (10_000, 20, 50)  # new objects, and rounds, between two collections

log = logging.getLogger("sluice.server")


def nothing() -> None:
    """Nobody attends."""


class Connection(HttpToolsProtocol):
    """One HTTP connection, and the `Outlet` of the response on it."""

    paused = False
    body_time = 30.0  # seconds for a body to arrive, unless much of it does meanwhile
    _in_head = False
    _in_body = False
    _head = 0  # bytes of it so far
    _body = 0  # bytes since the timer was set
    _hurry: asyncio.TimerHandle | None = None
    _writable: Callable[[], None] = staticmethod(nothing)
    _gone: Callable[[], None] = staticmethod(nothing)

    @property
    def backlog(self) -> int:
        return self.transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def abort(self) -> None:
        self.transport.abort()

    def attend(self, writable: Callable[[], None], gone: Callable[[], None]) -> None:
        self._writable, self._gone = writable, gone
        if self.transport.is_closing():  # it left while its run was being prepared
            gone()

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn has it
        super().connection_made(transport)
        self._hurry = self.loop.call_later(HEADERS_TIME, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unhurry()
        super().connection_lost(exc)
        gone, self._writable, self._gone = self._gone, nothing, nothing
        gone()

    def pause_writing(self) -> None:
        self.paused = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self.paused = False
        super().resume_writing()
        self._writable()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head = True, 0
        cast("Scope", self.scope)["extensions"] = {OUTLET: self}

    def on_response_complete(self) -> None:
        self._writable, self._gone = nothing, nothing
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > HEADERS_LIMIT and not self.transport.is_closing():
                self.send_400_response("The headers are too large.")
        elif self._in_body and self._hurry is None and self.transport.get_protocol() is self:
            self._await_body()

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._unhurry()
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        if sum(len(value) for _, value in self.headers) > HEADERS_LIMIT:  # all in one read
            raise ValueError("headers too large")  # the parser makes a 400 of it
        self._unhurry()
        super().on_headers_complete()

    def _await_body(self) -> None:
        self._body = 0
        self._hurry = self.loop.call_later(self.body_time, self._look_at_body)

    def _look_at_body(self) -> None:
        """A client that sends next to nothing is not waited for; a slow upload is."""
        if self._body < ENOUGH:
            self.transport.abort()
        else:
            self._await_body()

    def _unhurry(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None


class WebSocketConnection(WebSocketsSansIOProtocol):
    """One WebSocket connection, which the pulse watches as it does an `Outlet`."""

    @property
    def backlog(self) -> int:
        return self.transport.get_write_buffer_size()

    def abort(self) -> None:
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # A header too long, say. The protocol has said so; uvicorn would never send it.
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    async def run_asgi(self) -> None:
        cast("Scope", self.scope)["extensions"][OUTLET] = self
        await super().run_asgi()


class Server(uvicorn.Server):
    """Serves until told to stop; then lets `drain` finish, answers what is left, and returns."""

    def __init__(
        self,
        app: App,
        drain: Callable[[], Awaitable[None]],
        body_limit: int,
        body_time: float = Connection.body_time,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=type("TimedConnection", (Connection,), {"body_time": body_time}),
            ws=WebSocketConnection,
            loop="uvloop",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=LEAVING,
            ws_max_size=body_limit,
            ws_per_message_deflate=False,
        )
        super().__init__(config)
        self._drain = drain
        self._leaving: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn has it
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._leaving is not None:
            os._exit(128 + sig)
        log.info("stopping: running streams may finish; a second signal stops at once")
        self._leaving = asyncio.create_task(self._leave())

    async def _leave(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True


def listen(host: str, ports: Sequence[int]) -> list[socket.socket]:
    """Sockets for these ports; on IPv4 loopback also for its twin, ::1, where there is one.

    Raises `OSError` where a port is taken.
    """
    sockets: list[socket.socket] = []
    for port in ports:
        first = _bind(host, port)
        sockets.append(first)
        if host in {"127.0.0.1", "localhost"} and socket.has_ipv6:
            with contextlib.suppress(OSError):
                sockets.append(_bind("::1", first.getsockname()[1]))
    return sockets


def _bind(host: str, port: int) -> socket.socket:
    family, kind, proto, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, proto)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except OSError as problem:
        bound.close()
        raise OSError(problem.errno, f"{host}:{port}: {problem.strerror}") from None
    return bound


def spare_the_collector() -> None:
    """Once everything is loaded: what is there stays, so the garbage collector need not look at it.

    Without this it walks through a few hundred thousand objects every so often, and every stream
    waits for some 50 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


def raise_file_limit(max_runs: int) -> tuple[int, int]:
    """Raise the limit of open files as far as it goes; returns the limit, and how many runs fit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return hard, max_runs
    return hard, max(1, min(max_runs, (hard - FILES_ELSE) // FILES_A_RUN))
