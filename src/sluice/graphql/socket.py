"""GraphQL over a WebSocket, by the protocol `graphql-transport-ws`: many operations at once.

The protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from sluice.core.errors import SluiceError
from sluice.graphql.operations import Executor
from sluice.graphql.talk import Talk
from sluice.services.identity import Credentials
from sluice.transports.asgi import VISIT, Receive, Scope, Send, Visit
from sluice.transports.credentials import LONGEST
from sluice.transports.entry import admitted
from sluice.transports.outlet import OUTLET
from sluice.transports.pulse import Line, Pulse, Stream
from sluice.transports.websocket import nothing

PROTOCOL = "graphql-transport-ws"
PATIENCE = 10.0  # seconds in which a client has to say who it is
UNKNOWN = 4406


class Socket:
    """`GET /graphql`, upgraded."""

    def __init__(self, executor: Executor, pulse: Pulse) -> None:
        self._executor = executor
        self._pulse = pulse

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
    ) -> None:
        await receive()  # websocket.connect
        if PROTOCOL not in scope.get("subprotocols", ()):
            await send({"type": "websocket.accept"})
            reason = "Subprotocol not acceptable"
            await send({"type": "websocket.close", "code": UNKNOWN, "reason": reason})
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        connection: Line | None = scope.get("extensions", {}).get(OUTLET)
        stream = None if connection is None else Stream(nothing, connection)
        if stream is not None:
            self._pulse.add(stream)
        try:
            await self._converse(scope[VISIT], receive, send)
        finally:
            if stream is not None:
                self._pulse.remove(stream)

    async def _converse(self, visit: Visit, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as group:  # a bug in one is the end of all
            talk = Talk(self._executor, visit, self._identified, send, group)
            reading = group.create_task(talk.listen(receive), name="graphql")
            reading.add_done_callback(lambda _: talk.leave())
            talk.closing(reading.cancel, PATIENCE)
        if talk.verdict is not None:
            code, reason = talk.verdict
            with suppress(OSError):
                await send({"type": "websocket.close", "code": code, "reason": reason})

    async def _identified(self, visit: Visit, token: str | None) -> Visit:
        """Who talks: by the handshake, or by this bearer. Raises what refuses that."""
        found = visit.found
        if token is not None:
            given = Credentials(bearer=token[:LONGEST])
            doorman = self._executor.door.entry.doorman
            known = doorman.known(given, visit.stranger)
            found = await doorman.identify(given, visit.stranger) if known is None else known
            visit = Visit(found, [], given, visit.stranger, visit.secure)
        if isinstance(found, SluiceError):
            raise found
        admitted(visit, self._executor.door.dialect)
        return visit
