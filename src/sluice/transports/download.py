"""A response of known length, sent in pieces as its client takes them. Knows no resource."""

import asyncio
import logging
from contextlib import aclosing

from sluice.core.errors import SluiceError
from sluice.services.media.ports import Bytes
from sluice.transports.asgi import Headers, Receive, Scope, Send, goodbye
from sluice.transports.outlet import OUTLET, Outlet

log = logging.getLogger("sluice.download")


class Download:
    """A response. `headers` tell its length; `patience` is seconds for the client to take a piece.
    Without `content` it says that the client has it already.

    What `content` raises at its first piece is raised; after that the connection is cut, so that
    nobody takes a part for the whole.
    """

    def __init__(self, content: Bytes | None, headers: Headers, patience: float) -> None:
        self._content = content
        self._headers = headers
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._content is None:
            await send({"type": "http.response.start", "status": 304, "headers": self._headers})
            await send({"type": "http.response.body", "body": b""})
            return
        watch = asyncio.create_task(goodbye(receive), name="disconnect")
        try:
            async with aclosing(self._content) as content:
                first = await anext(content, b"")
                await send({"type": "http.response.start", "status": 200, "headers": self._headers})
                try:
                    await self._send(first, content, send, watch)
                except (SluiceError, TimeoutError) as problem:
                    log.warning("a download was cut off: %s", type(problem).__name__)
                    _cut(scope)
        finally:
            watch.cancel()

    async def _send(
        self, piece: bytes, content: Bytes, send: Send, watch: "asyncio.Task[None]"
    ) -> None:
        while piece:
            async with asyncio.timeout(self._patience):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if watch.done():
                return
            piece = await anext(content, b"")
        await send({"type": "http.response.body", "body": b""})


def _cut(scope: Scope) -> None:
    """Close the connection. Another server than ours does so by itself after half a response."""
    outlet: Outlet | None = scope.get("extensions", {}).get(OUTLET)
    if outlet is not None:
        outlet.abort()
