"""Socket.IO: connections that clients open for many answers, over WebSocket or long-polling.

Who connects is found out once, from the handshake or from the connection's `auth`: `{"token": …}`.
A stranger's browser is given the cookie by which it is known again in answer to the handshake:
once the connection stands there is no place for one. Knows no dialect by name.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import msgspec
from socketio.exceptions import ConnectionRefusedError as Refused

from sluice.core.errors import InvalidRequest, Overloaded, SluiceError, Unauthorized
from sluice.dialects.emitted import Emitted
from sluice.services.identity import Credentials
from sluice.transports.asgi import (
    VISIT,
    Gone,
    Message,
    Receive,
    Scope,
    Send,
    Visit,
    body_of,
    query_of,
    refuse,
)
from sluice.transports.credentials import LONGEST
from sluice.transports.entry import Entry, admitted, recognised
from sluice.transports.gate import with_headers
from sluice.transports.outlet import OUTLET
from sluice.transports.pulse import Line, Pulse, Stream
from sluice.transports.socketio_engine import Client, Server
from sluice.transports.socketio_packets import nothing
from sluice.transports.socketio_talk import Talk

CONNECTIONS = 20_000  # at once
PACKETS = 16  # in one polled request: the library drops all of what holds more
PATIENCE = 5.0  # seconds that what is being begun has when the server closes
KINDS = frozenset("123456")  # of packets, as clients send them
MESSAGES = frozenset(f"4{kind}" for kind in range(7))
SHORT = 16  # characters of all others
SAFE = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]


class SocketIO:
    """An ASGI application for everything below `/socket.io`. `wall` is epoch seconds."""

    def __init__(
        self, words: Emitted, entry: Entry, pulse: Pulse, wall: Callable[[], float]
    ) -> None:
        self._words = words
        self._entry = entry
        self._pulse = pulse
        self._wall = wall
        self._talks: dict[str, Talk] = {}
        self._clients: dict[str, Client] = {}
        self._closing = False
        self._server = Server(self._hear, entry.body_limit)
        server: Any = self._server
        server.on("connect", self._connect)
        server.on("disconnect", self._disconnect)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit: Visit = scope[VISIT]
        try:
            query = query_of(scope)
            if scope["type"] == "http" and scope["method"] == "POST":
                scope, receive = await self._take(scope, receive)
            self._admit(query)
        except SluiceError as error:
            await self._turn_away(scope, send, error, visit)
            return
        except Gone:
            return
        if "sid" not in query:
            visit = introduced(visit)
            scope = {**scope, VISIT: visit}
        if scope["type"] == "websocket":
            await self._converse(scope, sober(receive), accepting(send, visit))
        else:
            send = with_headers(send, [*SAFE, *visit.headers])
            await self._server.handle(scope, receive, send)

    async def close(self) -> None:
        """Close all connections; their clients come back to whoever listens then."""
        self._closing = True
        await self._server.engine.close(PATIENCE)

    def _admit(self, query: dict[str, str]) -> None:
        if "j" in query:  # what any page may read, by a script's tag
            raise InvalidRequest("JSONP is not spoken here.", field="j")
        full = self._closing or self._server.connections >= CONNECTIONS
        if "sid" not in query and full:
            raise Overloaded(retry_after=5)
        if "sid" in query and not self._server.is_open(query["sid"]):
            raise InvalidRequest("This connection is unknown, or closed.", field="sid")

    async def _take(self, scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
        """A request with its whole body. Raises `PayloadTooLarge`, `InvalidRequest` or `Gone`."""
        body = await body_of(receive, self._entry.body_limit)
        if body.count(b"\x1e") >= PACKETS:
            raise InvalidRequest(f"Expected at most {PACKETS} packets")
        headers = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
        headers.append((b"content-length", b"%d" % len(body)))

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        return {**scope, "headers": headers}, again

    async def _turn_away(self, scope: Scope, send: Send, error: SluiceError, visit: Visit) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})  # a 403
        else:
            await refuse(send, error, self._words.dialect, visit)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Line | None = scope.get("extensions", {}).get(OUTLET)
        stream = None if connection is None else Stream(nothing, connection)
        if stream is not None:
            self._pulse.add(stream)
        try:
            with suppress(OSError):  # it went while it was being let in, or is there twice
                await self._server.handle(scope, receive, send)
        finally:
            if stream is not None:
                self._pulse.remove(stream)

    async def _connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        try:
            visit = await self._identified(environ["asgi.scope"], auth)
            admitted(visit, self._words.dialect)
        except SluiceError as error:
            data = msgspec.Raw(self._words.dialect.refuse(error))
            raise Refused(error.message, data) from None
        client = self._server.client_of(sid)
        if client is None:
            raise Refused("The connection is closed.")
        self._clients[sid] = client
        self._pulse.add(client.stream)
        self._talks[client.id] = Talk(self._words, self._entry, visit, client, self._wall)

    async def _disconnect(self, sid: str, reason: str) -> None:
        client = self._clients.pop(sid, None)
        if client is not None:
            self._pulse.remove(client.stream)
            self._talks.pop(client.id).close()

    def _hear(self, connection: str, name: str, payload: bytes, number: int | None) -> None:
        talk = self._talks.get(connection)
        if talk is not None:
            talk.hear(name, payload, number)

    async def _identified(self, scope: Scope, auth: object) -> Visit:
        """The handshake, told whose it is by `auth` where that says so. Raises `Unauthorized`."""
        visit: Visit = scope[VISIT]
        token = cast("dict[str, object]", auth).get("token") if isinstance(auth, dict) else None
        if token is None:
            return visit
        if not isinstance(token, str):
            raise Unauthorized("The token is not a text.")
        given = Credentials(bearer=token[:LONGEST])
        found = self._entry.doorman.known(given, visit.stranger)
        if found is None:
            found = await self._entry.doorman.identify(given, visit.stranger)
        return Visit(found, [], given, visit.stranger)


def introduced(visit: Visit) -> Visit:
    """A stranger's browser gets its cookie now: it may come to name a session itself."""
    if isinstance(visit.found, SluiceError):
        return visit
    return msgspec.structs.replace(visit, found=recognised(visit.found, visit))


def sober(receive: Receive) -> Receive:
    """What is no packet at all ends the connection here: the library would break over it."""

    async def receiving() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive" or _is_packet(message.get("text")):
            return message
        return {"type": "websocket.disconnect", "code": 1008}

    return receiving


def accepting(send: Send, visit: Visit) -> Send:
    """A `send` that adds a visit's headers to the acceptance of a WebSocket."""

    async def sending(message: Message) -> None:
        if message["type"] == "websocket.accept":
            message = {**message, "headers": visit.headers}
        await send(message)

    return sending


def _is_packet(text: str | None) -> bool:
    """Whether this may be read: a message of Socket.IO, or a few letters of Engine.IO. Bytes are
    attachments, which nobody has asked for.
    """
    if text is None:
        return True
    return text[:1] in KINDS and (len(text) <= SHORT or text[:2] in MESSAGES)
