"""Results as server-sent events, in GraphQL's own names for them: `next`, then `complete`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from sluice.core.errors import Unauthorized
from sluice.graphql import answers
from sluice.transports.asgi import Headers, Receive, Scope, Send, Visit
from sluice.transports.entry import Entry
from sluice.transports.outlet import Outlet, Sender, outlet_of
from sluice.transports.pulse import Pulse, Stream
from sluice.transports.sse import HEADERS

KEEP_ALIVE = b":\n\n"
NEXT = b"event: next\ndata: %b\n\n"
COMPLETE = b"event: complete\ndata: \n\n"
LAPSED = "Sign in again: what let you in has ended."


class Streaming:
    """Answers with a stream."""

    def __init__(self, entry: Entry, pulse: Pulse) -> None:
        self._entry = entry
        self._pulse = pulse

    async def respond(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        results: AsyncGenerator[answers.Json, None],
        more: Headers,
        visit: Visit,
    ) -> None:
        """Send all results. Returns when they are sent, or their client has left."""
        outlet = outlet_of(scope, receive, send)
        headers = [*HEADERS, *visit.headers, *more]
        if scope["http_version"] == "1.1":
            headers.append((b"connection", b"keep-alive"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        telling = Telling(results, outlet)
        unwatch = self._entry.watch(visit, telling.lapse)
        self._pulse.add(telling.stream)
        try:
            outlet.attend(telling.flow, telling.leave)
            await telling.ended()
            if isinstance(outlet, Sender) and not telling.gone:
                await outlet.flush()
            await send({"type": "http.response.body", "body": telling.last})
        finally:
            unwatch()
            self._pulse.remove(telling.stream)
            await telling.close()
            if isinstance(outlet, Sender):
                await outlet.close()


class Telling:
    """One stream on its way. It waits for a client that does not keep up."""

    def __init__(self, results: AsyncGenerator[answers.Json, None], outlet: Outlet) -> None:
        self.gone = False
        self.last = COMPLETE
        self.stream = Stream(self._remind, outlet)
        self._outlet = outlet
        self._flowing = asyncio.Event()
        self._task = asyncio.create_task(self._tell(results), name="graphql")

    def flow(self) -> None:
        """The client keeps up again."""
        self._flowing.set()

    def leave(self) -> None:
        """The client has gone."""
        self.gone = True
        self.last = b""
        self._task.cancel()

    def lapse(self) -> None:
        """Who listens is no longer let in."""
        self.last = NEXT % answers.encode(answers.refused([Unauthorized(LAPSED)])) + COMPLETE
        self._task.cancel()

    async def ended(self) -> None:
        """Wait until all has been told, or nobody listens any more."""
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()  # raises what is a bug

    async def close(self) -> None:
        """Let go of what is being told."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _tell(self, results: AsyncGenerator[answers.Json, None]) -> None:
        async with aclosing(results):
            async for answer in results:
                while self._outlet.paused:
                    self._flowing.clear()
                    await self._flowing.wait()
                self._outlet.write(NEXT % answers.encode(answer))
                self.stream.active = True

    def _remind(self) -> None:
        self._outlet.write(KEEP_ALIVE)
