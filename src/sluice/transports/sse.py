"""Pumps a run to a client as server-sent events. Knows no dialect by name."""

from collections.abc import Mapping
from typing import Any

from sluice.core.commands import Ask, Attach
from sluice.core.errors import SluiceError
from sluice.core.runs import Follower, Run
from sluice.dialects.base import Dialect, Route
from sluice.transports.asgi import (
    NOSNIFF,
    VISIT,
    Gone,
    Receive,
    Scope,
    Send,
    Visit,
    inbound,
    refuse,
    respond,
)
from sluice.transports.entry import Entry, last_event, once_of, run_headers
from sluice.transports.outlet import Outlet, Sender, outlet_of
from sluice.transports.pulse import Pulse
from sluice.transports.pump import Pump

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    NOSNIFF,
]


class EventStream:
    """One `sse` route."""

    def __init__(self, dialect: Dialect, route: Route, entry: Entry, pulse: Pulse) -> None:
        assert route.session is not None, f"{route.path} has no session"
        self._dialect = dialect
        self._route = route
        self._session = route.session
        self._entry = entry
        self._pulse = pulse

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
    ) -> None:
        visit: Visit = scope[VISIT]
        try:
            run, follower, ask = await self._open(scope, receive, visit, path)
        except SluiceError as error:
            await refuse(send, error, self._dialect, visit)
            return
        except Gone:
            return
        if run is None or follower is None:
            await respond(send, 204, b"", visit)
            return
        try:
            if follower.over:  # it has heard all: 204 keeps an EventSource from coming back
                await respond(send, 204, b"", visit)
                return
            session = self._session(run, ask)
            for event in run.past(follower.position):
                session.encode(event)
            outlet = outlet_of(scope, receive, send)
            pump = Pump(run, follower, session, self._route, outlet)
            await send(_start(scope, run, visit))
            try:
                await self._stream(pump, follower, outlet, visit)
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
    ) -> tuple[Run | None, Follower | None, Ask | None]:
        """The run that a request is about, if there is one. Raises what refuses it."""
        if seen := last_event(scope):
            run, seq = await self._entry.resume(seen, visit)
            return run, run.follow(seq), None
        request = await inbound(scope, receive, self._entry.body_limit, path)
        command = self._route.read(request)
        if isinstance(command, Attach):
            run = await self._entry.attach(command, self._dialect, visit)
            return run, None if run is None else run.follow(), None
        assert isinstance(command, Ask), "only a connection that goes on can cancel"
        once = once_of(scope, request)
        run = await self._entry.start(command, self._dialect, self._route, visit, once)
        return run, run.follow(), command

    async def _stream(self, pump: Pump, follower: Follower, outlet: Outlet, visit: Visit) -> None:
        unwatch = self._entry.watch(visit, lambda: pump.lapse(self._dialect.failure))
        self._pulse.add(pump.stream)
        try:
            outlet.attend(pump.flow, pump.leave)
            follower.listen(pump.hear)
            pump.flow()
            await pump.ended
        finally:
            unwatch()


def _start(scope: Scope, run: Run, visit: Visit) -> dict[str, Any]:
    headers = [*HEADERS, *run_headers(run), *visit.headers]
    if scope["http_version"] == "1.1":
        headers.append((b"connection", b"keep-alive"))
    return {"type": "http.response.start", "status": 200, "headers": headers}
