"""python-socketio as we need it: bounded, silent, without a task for each token.

With `socketio_packets.py` the only file that knows its insides, and those of python-engineio. What
is changed, and why:

- An event is handed over at once, with the number under which its acknowledgement is expected;
  their way takes a task for each, and lets clients emit `connect` and `disconnect` themselves.
- Nothing is logged: their loggers would show what people say.
- Their background tasks are kept, and end with the socket, or the server, that they serve.
- A closed connection waits for nobody.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar, cast

import engineio
import socketio
from engineio.async_socket import AsyncSocket
from engineio.packet import MESSAGE
from engineio.packet import Packet as Frame
from socketio import packet

from sluice.transports.asgi import Receive, Scope, Send
from sluice.transports.pulse import Stream
from sluice.transports.socketio_packets import Backlog, Packet, nothing

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# Neither package says of what types things are.

FAREWELL = 5.0  # seconds that a client has to take the last packets
PING = 25  # seconds between two heartbeats; without an answer within 20 more, a client is gone
ROOT = "/"  # the only namespace

T = TypeVar("T")
Hear = Callable[[str, str, bytes, int | None], None]

log = logging.getLogger("sluice.socketio")


class Engine(engineio.AsyncServer):
    """The connections, below what is said on them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._works: set[asyncio.Task[Any]] = set()
        self._heartbeats: dict[str, asyncio.Task[Any]] = {}

    def create_queue(self, *_: Any, **__: Any) -> Backlog:
        return Backlog()

    def start_background_task(
        self, target: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any
    ) -> asyncio.Task[Any]:
        task = self._start(self._tasks, target(*args, **kwargs))
        owner: object = getattr(target, "__self__", None)
        if isinstance(owner, AsyncSocket):
            self._heartbeats[cast("str", owner.sid)] = task
        return task

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin something of ours."""
        return self._start(self._works, work)

    def forget(self, eio_sid: str) -> None:
        """A socket is being closed: what is left of its tasks ends with it."""
        socket: Any = self.sockets.get(eio_sid)
        if socket is not None:  # whoever takes packets takes the last one, and stops at None
            asyncio.get_running_loop().call_soon(socket.queue.put_nowait, None)
        heartbeat = self._heartbeats.pop(eio_sid, None)
        if heartbeat is not None and heartbeat is not asyncio.current_task():
            heartbeat.cancel()

    async def disconnect(self, sid: str | None = None) -> None:
        """Close a connection, or all, as the library asks for it; its own way waits for ever for a
        client that takes no packets.
        """
        for eio_sid in list(self.sockets) if sid is None else [sid]:
            await self.drop(eio_sid)

    async def drop(self, eio_sid: str, *, abort: bool = False) -> None:
        """Close a connection, having said so unless it is to `abort`."""
        socket: Any = self.sockets.get(eio_sid)
        if socket is not None:
            await socket.close(wait=False, abort=abort)

    async def close(self, patience: float) -> None:
        """Close all connections, and end all tasks; ours have some seconds for it."""
        await self.disconnect()
        if self._works:
            await asyncio.wait(self._works, timeout=patience)
        tasks = self._tasks | self._works
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _start(self, among: set[asyncio.Task[T]], work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name="socketio")
        among.add(task)
        task.add_done_callback(among.discard)
        task.add_done_callback(_look_back)
        return task


def _look_back(task: asyncio.Task[Any]) -> None:
    """Take note of a bug, by its kind and place: its text may hold somebody's words."""
    if not task.cancelled() and (bug := task.exception()) is not None:
        where = "".join(traceback.format_tb(bug.__traceback__))
        log.error("a Socket.IO task broke: %s\n%s", type(bug).__name__, where)


class Server(socketio.AsyncServer):
    """The events. `hear` is told of each: the connection, its name, its payload, and the number
    under which an acknowledgement is expected, if one is.
    """

    def __init__(self, hear: Hear, body_limit: int) -> None:
        silent: Any = logging.Logger("socketio", logging.CRITICAL + 1)
        super().__init__(
            async_mode="asgi",
            serializer=Packet,
            logger=silent,
            engineio_logger=silent,
            cors_allowed_origins=[],  # the gate has judged
            http_compression=False,
            max_http_buffer_size=body_limit,
            ping_interval=PING,
        )
        self._hear = hear

    @property
    def engine(self) -> Engine:
        return cast("Engine", self.eio)

    @property
    def connections(self) -> int:
        return len(self.engine.sockets)

    def is_open(self, connection: str) -> bool:
        socket: Any = self.engine.sockets.get(connection)
        return socket is not None and not socket.closed

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let a WebSocket talk. Raises `OSError` where one is lost early."""
        await self.handle_request(scope, receive, send)

    def client_of(self, sid: str) -> "Client | None":
        """The connection of a client that is introducing itself; None where it has gone again."""
        manager: Any = self.manager
        eio_sid: str | None = manager.eio_sid_from_sid(sid, ROOT)
        socket = self.engine.sockets.get(eio_sid)
        return (
            None
            if eio_sid is None or socket is None or socket.closed
            else Client(self, sid, socket)
        )

    async def _handle_event(
        self, eio_sid: str, namespace: str | None, id: int | None, data: Any
    ) -> None:
        if (namespace or ROOT) == ROOT and isinstance(data, tuple):
            name, payload = cast("tuple[str, bytes]", data)
            self._hear(eio_sid, name, payload, id)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        self.engine.forget(eio_sid)

    def _engineio_server_class(self) -> type[Engine]:
        return Engine


class Client:
    """One connection, as those see it who talk to it."""

    def __init__(self, server: Server, sid: str, socket: Any) -> None:
        self._server = server
        self._sid = sid
        self._socket = socket
        self._queue: Backlog = socket.queue
        self.id: str = socket.sid
        self.stream = Stream(nothing, self)
        self._queue.taken = self._taken
        self._queue.stuck = self.abort

    @property
    def backlog(self) -> int:
        """Packets that wait for the client: for the pulse."""
        return self._queue.qsize()

    async def say(self, name: str, payload: bytes) -> None:
        """Emit an event, when there is room for it."""
        await self._queue.room()
        self.tell(name, payload)

    def tell(self, name: str, payload: bytes) -> None:
        """Emit an event at once."""
        self._send(f'{packet.EVENT}["{name}",{payload.decode()}]')

    def acknowledge(self, number: int, payload: bytes) -> None:
        """Answer an event, to the function that its sender has given with it."""
        self._send(f"{packet.ACK}{number}[{payload.decode()}]")

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin something on behalf of the client."""
        return self._server.engine.spawn(work)

    def abort(self) -> None:
        """Drop a client that hears nothing."""
        self.spawn(self._server.engine.drop(self.id, abort=True))

    async def turn_out(self) -> None:
        """End the connection for good: its client does not come back by itself."""
        await self._server.disconnect(self._sid)
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):  # it may be between two polls
                await self._queue.emptied()
        await self._server.engine.drop(self.id)

    def _send(self, text: str) -> None:
        if not self._socket.closed:
            self._queue.put_nowait(Frame(MESSAGE, text))

    def _taken(self) -> None:
        self.stream.active = True
