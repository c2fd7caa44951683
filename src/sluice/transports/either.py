"""One address that answers whole or as a stream, as the request's body says. Knows no dialect."""

from collections.abc import Mapping

from sluice.dialects.base import Dialect, Inbound, Route
from sluice.transports.asgi import Message, Receive, Scope, Send
from sluice.transports.entry import Entry, last_event
from sluice.transports.pulse import Pulse
from sluice.transports.sse import EventStream
from sluice.transports.whole import WholeAnswer


class Either:
    """One `sse` route that can also answer whole."""

    def __init__(self, dialect: Dialect, route: Route, entry: Entry, pulse: Pulse) -> None:
        assert route.whole is not None, f"{route.path} only streams"
        self._wants_whole = route.whole
        self._stream = EventStream(dialect, route, entry, pulse)
        self._whole = WholeAnswer(dialect, route, entry)
        self._body_limit = entry.body_limit

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
    ) -> None:
        heard = await _hear(receive, self._body_limit)
        body = b"".join(message.get("body", b"") for message in heard)
        whole = last_event(scope) is None and self._wants_whole(Inbound(body, path))
        endpoint = self._whole if whole else self._stream
        await endpoint(scope, _again(heard, receive), send, path)


async def _hear(receive: Receive, limit: int) -> list[Message]:
    """The messages that bring a body: all of them, or as many as show that it is too large."""
    heard: list[Message] = []
    size = 0
    while size <= limit:
        message = await receive()
        heard.append(message)
        size += len(message.get("body", b""))
        if not message.get("more_body"):  # a goodbye has none either
            break
    return heard


def _again(heard: list[Message], receive: Receive) -> Receive:
    """What was heard, and then what is still to come: a goodbye is not kept from anybody."""
    waiting = iter(heard)

    async def receiving() -> Message:
        for message in waiting:
            return message
        return await receive()

    return receiving
