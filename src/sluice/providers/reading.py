"""An answer's body on its way from the connection to events. Knows no format, and opens nothing."""

import asyncio
from collections.abc import Sequence

import aiohttp
from aiohttp.http import HttpProcessingError

from sluice.core.errors import ProviderBadResponse, ProviderUnavailable
from sluice.core.events import Attempt, Event, Finished, Usage
from sluice.core.ports import Say
from sluice.providers.exchange import Exchange
from sluice.providers.line import line_of
from sluice.providers.wire import Decoder

LARGE = 64 << 10  # bytes; after a read of so many, aiohttp may have held back some more


class Reading:
    """One body, up to its finish reason."""

    __slots__ = ("_attempt", "_body", "_decoder", "_ended", "_exchange", "_line", "_say")

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        decoder: Decoder,
        exchange: Exchange,
        attempt: Attempt,
        say: Say,
    ) -> None:
        self._body = response.content
        self._line = line_of(response)
        self._decoder = decoder
        self._exchange = exchange
        self._attempt = attempt
        self._say = say
        self._ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def to_the_finish(self) -> bool:
        """Say what comes; returns once the finish reason is there, whether with the last word.

        Raises what ended the body before.
        """
        if self._line is not None:
            self._line.listener = self._arrived
        try:
            self._arrived()  # what came together with the headers
            return await self._ended
        finally:
            self._hang_up()

    def _arrived(self) -> None:
        if self._ended.done():
            return
        try:
            over = self._take()
        except Exception as problem:  # noqa: BLE001 - it is raised again, where it is waited for
            self._hang_up()
            self._ended.set_exception(problem)
        else:
            if over or self._decoder.finishing:
                self._hang_up()
                self._ended.set_result(over)

    def _take(self) -> bool:
        """Say everything that has come; True where it ends with the last word."""
        chunk = b""
        while chunk := self._body.read_nowait():
            self._exchange.heard = self._exchange.time()
            if events := self._decoder.feed(chunk):
                note(events, self._attempt)
                self._say(events)
                if type(events[-1]) is Finished:
                    return True
            if len(chunk) < LARGE:
                break
        if self._decoder.finishing:
            return False
        if self._body.at_eof() or (
            not chunk and self._lost()
        ):  # a loss is told by a call of its own
            self._decoder.end()  # raises: there has been no finish reason
            raise ProviderUnavailable
        return False

    def _lost(self) -> bool:
        """The connection is gone in the middle of a body. Raises where what came is no HTTP."""
        if self._line is None or self._line.is_connected():
            return False
        if isinstance(self._line.exception(), HttpProcessingError):
            raise ProviderBadResponse
        return True

    def _hang_up(self) -> None:
        # At once: the connection may already be somebody else's, and so may its listener be.
        if self._line is not None and self._line.listener == self._arrived:
            self._line.listener = None


def note(events: Sequence[Event], attempt: Attempt) -> None:
    """Keep the newest report of tokens."""
    for event in events:
        if type(event) is Usage:
            attempt.usage = event
