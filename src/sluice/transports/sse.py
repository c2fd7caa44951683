"""Pumps a run to a client as server-sent events. Knows no dialect by name."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sluice.core.commands import Ask
from sluice.core.errors import RunExpired, SluiceError
from sluice.core.events import Event, Failed
from sluice.core.runs import Follower, Run
from sluice.dialects.base import Dialect, Route, Session
from sluice.services.chat import Chat
from sluice.transports.asgi import (
    ABORT,
    VISIT,
    Gone,
    Receive,
    Scope,
    Send,
    Visit,
    header,
    inbound,
    query_of,
    refuse,
)
from sluice.transports.pulse import Pulse, Stream

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
KEEP_ALIVE = b": keep-alive\n\n"
SEGMENT = 1200  # bytes of events that may share a write: many clients parse each read by itself


class EventStream:
    """One `sse` route."""

    def __init__(
        self, dialect: Dialect, route: Route, chat: Chat, pulse: Pulse, body_limit: int
    ) -> None:
        assert route.session is not None, f"{route.path} has no session"
        self._dialect = dialect
        self._done = route.done
        self._read = route.read
        self._session = route.session
        self._chat = chat
        self._pulse = pulse
        self._body_limit = body_limit

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
    ) -> None:
        visit: Visit = scope[VISIT]
        try:
            run, follower, tag = await self._open(scope, receive, visit, path)
        except SluiceError as error:
            await refuse(send, error, self._dialect, visit)
            return
        except Gone:
            return
        try:
            if (
                follower.over
            ):  # it has heard all: 204 keeps an EventSource from coming back for ever
                await send({"type": "http.response.start", "status": 204, "headers": visit.cors})
                await send({"type": "http.response.body", "body": b""})
                return
            session = self._session(run, tag)
            for event in run.past(follower.position):
                session.encode(event)
            pump = Pump(run, follower, session, self._done, send)
            await self._stream(pump, scope, receive, visit)
        finally:
            follower.close()

    async def _open(
        self, scope: Scope, receive: Receive, visit: Visit, path: Mapping[str, str]
    ) -> tuple[Run, Follower, str | int | None]:
        seen = header(scope, b"last-event-id") or query_of(scope).get("last_event_id")
        if seen:
            id, _, seq = seen.rpartition(":")
            run = self._chat.find(id, visit.who)
            if not (seq.isascii() and seq.isdigit() and len(seq) < 10):
                raise RunExpired
            return run, run.follow(int(seq)), None
        ask = self._read(await inbound(scope, receive, self._body_limit, path))
        assert isinstance(ask, Ask), "only a connection that goes on can cancel"
        run = await self._chat.start(ask, self._dialect.name, visit.who)
        return run, run.follow(), ask.tag

    async def _stream(self, pump: "Pump", scope: Scope, receive: Receive, visit: Visit) -> None:
        run_id = (b"x-run-id", pump.run.id.encode())
        headers = [*HEADERS, run_id, *visit.cors]
        if scope["http_version"] == "1.1":
            headers.append((b"connection", b"keep-alive"))
        watch = asyncio.ensure_future(receive())  # after the body, all it can say is goodbye
        watch.add_done_callback(pump.leave)
        stream = Stream(pump.follower.nudge, scope.get("extensions", {}).get(ABORT, pump.leave))
        self._pulse.add(stream)
        try:
            await pump.send({"type": "http.response.start", "status": 200, "headers": headers})
            await pump.all(stream)
        finally:
            self._pulse.remove(stream)
            watch.cancel()


class Pump:
    """One follower's events, on their way to one client."""

    def __init__(
        self, run: Run, follower: Follower, session: Session, done: bytes, send: Send
    ) -> None:
        self.run = run
        self.follower = follower
        self.send = send
        self._session = session
        self._done = b"data: %b\n\n" % done if done else b""
        self._id = run.id.encode()
        self._retry = b"retry: 1000\n"
        self._gone = False

    def leave(self, _: Any = None) -> None:
        """The client has gone."""
        self._gone = True
        self.follower.nudge()

    async def all(self, stream: Stream) -> None:
        """Say everything there is to say, until the run is over or the client has gone."""
        follower = self.follower
        while not self._gone:
            seq = follower.position
            events = await self._next()
            if writes := self._writes(events, seq) if events else self._nothing():
                stream.sending = True
                await self._say(writes)
                stream.sending = False
                stream.active = True
            if follower.over:
                await self.send({"type": "http.response.body", "body": b""})
                return

    async def _next(self) -> Sequence[Event]:
        try:
            return await self.follower.read()
        except RunExpired as error:  # the log went while a slow client was reading it
            self.follower.skip()
            return (Failed(error.code, error.message, self.run.wall()),)

    def _nothing(self) -> Sequence[bytes]:
        return () if self._gone else (KEEP_ALIVE,)

    def _writes(self, events: Sequence[Event], seq: int) -> list[bytes]:
        """The events as bytes, as many to a write as fit a segment."""
        writes: list[bytes] = []
        batch = b""
        for event in events:
            seq += 1
            for frame in self._session.encode(event):
                piece = b"%bid: %b:%d\ndata: %b\n\n" % (self._retry, self._id, seq, frame)
                self._retry = b""
                if batch and len(batch) + len(piece) > SEGMENT:
                    writes.append(batch)
                    batch = piece
                else:
                    batch += piece
        if batch:
            writes.append(batch)
        if self.follower.over and self._done:
            writes.append(self._done)
        return writes

    async def _say(self, writes: Sequence[bytes]) -> None:
        last = len(writes) - 1
        for at, write in enumerate(writes):
            await self.send({"type": "http.response.body", "body": write, "more_body": True})
            if at != last:
                await asyncio.sleep(0)  # the loop gathers what is written within one turn
