"""Pumps runs to a WebSocket: one after another, in the order in which they were asked for."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from sluice.core.commands import Ask, Cancel
from sluice.core.errors import InvalidRequest, Overloaded, SluiceError, Unauthorized
from sluice.core.events import Failed
from sluice.core.messages import Message
from sluice.core.runs import Follower, Run
from sluice.dialects.base import Dialect, Inbound, Route
from sluice.transports.asgi import JSON, VISIT, Receive, Scope, Send, Visit, advice
from sluice.transports.entry import Entry
from sluice.transports.outlet import OUTLET
from sluice.transports.pulse import Line, Pulse, Stream
from sluice.transports.status import status_of

Clock = Callable[[], float]

WAITING = 16  # requests that may wait for their turn on one connection
LAPSED = 1008  # close code: a policy has been violated
MEMORY = 1 << 20  # bytes that waiting requests, and the remembered turns, may each take


def nothing() -> None:
    """No reminder in silence: the protocol's own pings keep the connection alive."""


class Socket:
    """One `websocket` route. `wall` is epoch seconds."""

    def __init__(
        self, dialect: Dialect, route: Route, entry: Entry, pulse: Pulse, wall: Clock
    ) -> None:
        assert route.session is not None, f"{route.path} has no session"
        self._dialect = dialect
        self._route = route
        self._entry = entry
        self._pulse = pulse
        self._wall = wall

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
    ) -> None:
        visit: Visit = scope[VISIT]
        await receive()  # websocket.connect
        if isinstance(visit.found, SluiceError):
            await _refuse(scope, send, visit.found, self._dialect, visit)
            return
        chosen = "bearer" if "bearer" in scope.get("subprotocols", ()) else None
        await send({"type": "websocket.accept", "subprotocol": chosen})
        talk = Talk(self._dialect, self._route, self._entry, visit, send, self._wall)
        unwatch = self._entry.watch(visit, talk.lapse)
        connection: Line | None = scope.get("extensions", {}).get(OUTLET)
        stream = None if connection is None else Stream(nothing, connection)
        if stream is not None:
            self._pulse.add(stream)
        try:
            await self._converse(talk, receive)
        finally:
            unwatch()
            if stream is not None:
                self._pulse.remove(stream)
            talk.close()

    async def _converse(self, talk: "Talk", receive: Receive) -> None:
        async with asyncio.TaskGroup() as both:  # a bug in one is the end of the other
            answering = both.create_task(talk.answer())
            leaving = both.create_task(talk.see_off())
            with suppress(OSError):  # it went while we were answering nonsense
                while (message := await receive())["type"] == "websocket.receive":
                    await talk.hear(message)
            talk.close()
            answering.cancel()
            leaving.cancel()


async def _refuse(
    scope: Scope, send: Send, error: SluiceError, dialect: Dialect, visit: Visit
) -> None:
    """Say no before there is a connection: with a status, where the server can."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": LAPSED, "reason": ""})  # a 403
        return
    headers = [*JSON, *visit.headers, *advice(error)]
    status = status_of(error, dialect.invalid_status)
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": dialect.refuse(error)})


class Talk:
    """One connection: what waits, what runs, and what has been said on it."""

    def __init__(
        self, dialect: Dialect, route: Route, entry: Entry, visit: Visit, send: Send, wall: Clock
    ) -> None:
        self._dialect = dialect
        self._route = route
        self._entry = entry
        self._visit = visit
        self._send = send
        self._wall = wall
        self._waiting: deque[tuple[Ask, int]] = deque()
        self._waiting_size = 0
        self._arrived = asyncio.Event()
        self._lapsed = asyncio.Event()
        self._turns: list[Message] = []
        self._run: Run | None = None
        self._follower: Follower | None = None
        self._answering: Ask | None = None
        self._cancelled: Ask | None = None

    async def hear(self, message: Mapping[str, Any]) -> None:
        """Take one message of the client: a request, a cancel, or nonsense."""
        text: str | None = message.get("text")
        try:
            if text is None:
                raise InvalidRequest("Send text messages, not binary ones.")
            body = text.encode("utf-8", "surrogatepass")
            command = self._route.read(Inbound(body))
            if isinstance(command, Ask):
                self._queue(command, len(body))
            elif isinstance(command, Cancel):
                self._cancel()
        except SluiceError as error:
            await self._refuse(error, None)

    async def answer(self) -> None:
        """Answer what waits, one after another, for as long as the connection lives."""
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            ask, size = self._waiting.popleft()
            self._waiting_size -= size
            self._answering = ask
            try:
                await self._run_one(ask)
            except SluiceError as error:
                await self._refuse(error, ask.tag)
            except OSError:  # the connection is gone; the reader hears of it too
                return
            finally:
                self._answering = self._run = None

    def lapse(self) -> None:
        """Who talks is no longer let in."""
        self._lapsed.set()

    async def see_off(self) -> None:
        """Close the connection once its time is over; its run has its grace."""
        await self._lapsed.wait()
        self._waiting.clear()
        with suppress(OSError):
            await self._refuse(Unauthorized("Sign in again: what let you in has ended."), None)
            await self._send({"type": "websocket.close", "code": LAPSED, "reason": "unauthorized"})

    def close(self) -> None:
        """The connection is gone: stop what it has started and nobody else follows."""
        self._waiting.clear()
        if self._follower is not None:
            self._follower.close(at_once=not self._lapsed.is_set())

    def _queue(self, ask: Ask, size: int) -> None:
        most = WAITING if self._answering is not None else WAITING + 1  # one is about to begin
        if len(self._waiting) >= most or self._waiting_size + size > MEMORY:
            raise Overloaded("Too many queries wait on this connection.")
        self._waiting.append((ask, size))
        self._waiting_size += size
        self._arrived.set()

    def _cancel(self) -> None:
        begun = self._answering  # perhaps its run is still being started
        if begun is None and self._waiting:
            begun, _ = self._waiting[0]  # which is about to begin
        self._cancelled = begun
        if self._run is not None:
            self._entry.chat.stop(self._run)

    async def _run_one(self, ask: Ask) -> None:
        whole = msgspec.structs.replace(ask, messages=(*self._turns, *ask.messages))
        visit = msgspec.structs.replace(self._visit, headers=[])  # a message has none to send
        run = await self._entry.start(whole, self._dialect, self._route, visit)
        self._run = run
        self._follower = follower = run.follow()
        if self._cancelled is ask:
            self._entry.chat.stop(run)
        try:
            await self._pump(run, follower, ask)
        finally:
            follower.close(at_once=not self._lapsed.is_set())
            self._follower = None
        if text := run.text:
            self._remember([*ask.messages, Message("assistant", text)])

    async def _pump(self, run: Run, follower: Follower, ask: Ask) -> None:
        assert self._route.session is not None
        session = self._route.session(run, ask)
        while not follower.over:
            # All at once, before anything is awaited: the log may go while a slow client reads.
            events = await follower.read()
            for frame in [frame for event in events for frame in session.encode(event)]:
                await self._say(frame)

    async def _refuse(self, error: SluiceError, tag: str | int | None) -> None:
        text = error.message if error.field is None else f"{error.field}: {error.message}"
        failed = Failed(error.code, text, self._wall())
        await self._say(self._dialect.failure(failed, tag))

    async def _say(self, frame: bytes) -> None:
        await self._send({"type": "websocket.send", "text": frame.decode()})

    def _remember(self, turns: list[Message]) -> None:
        self._turns += turns
        size = sum(len(turn.text) for turn in self._turns)
        while self._turns and size > MEMORY:
            size -= len(self._turns.pop(0).text)
