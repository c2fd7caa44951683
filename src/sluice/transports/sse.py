"""Pumps a run to a client as server-sent events. Knows no dialect by name."""

from collections.abc import Mapping
from typing import Any

from sluice.core.commands import Ask
from sluice.core.errors import RunExpired, SluiceError
from sluice.core.runs import Follower, Run
from sluice.dialects.base import Dialect, Route
from sluice.services.chat import Chat
from sluice.transports.asgi import (
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
from sluice.transports.outlet import Outlet, Sender, outlet_of
from sluice.transports.pulse import Pulse
from sluice.transports.pump import Pump

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


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
            if follower.over:  # it has heard all: 204 keeps an EventSource from coming back
                await send({"type": "http.response.start", "status": 204, "headers": visit.cors})
                await send({"type": "http.response.body", "body": b""})
                return
            session = self._session(run, tag)
            for event in run.past(follower.position):
                session.encode(event)
            outlet = outlet_of(scope, receive, send)
            pump = Pump(run, follower, session, self._done, outlet)
            await send(_start(scope, run, visit))
            try:
                await self._stream(pump, follower, outlet)
                if isinstance(outlet, Sender) and not pump.gone:
                    await outlet.flush()
                await send({"type": "http.response.body", "body": pump.last})
            finally:
                self._pulse.remove(pump.stream)
                if isinstance(outlet, Sender):
                    await outlet.close()
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

    async def _stream(self, pump: Pump, follower: Follower, outlet: Outlet) -> None:
        self._pulse.add(pump.stream)
        outlet.attend(pump.flow, pump.leave)
        follower.listen(pump.hear)
        pump.flow()
        await pump.ended


def _start(scope: Scope, run: Run, visit: Visit) -> dict[str, Any]:
    headers = [*HEADERS, (b"x-run-id", run.id.encode()), *visit.cors]
    if scope["http_version"] == "1.1":
        headers.append((b"connection", b"keep-alive"))
    return {"type": "http.response.start", "status": 200, "headers": headers}
