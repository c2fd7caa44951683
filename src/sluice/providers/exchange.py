"""One HTTP exchange with a provider, and what it means that it went wrong. Knows no format."""

import asyncio
from functools import partial
from types import TracebackType

import aiohttp

from sluice.core.errors import (
    ProviderBadResponse,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
)
from sluice.core.events import Attempt
from sluice.providers.line import Line, line_of
from sluice.providers.wire import Decoder, Patience

# The first that fits says what an exception of the network means.
MEANINGS: tuple[tuple[type[Exception], type[ProviderError]], ...] = (
    (TimeoutError, ProviderTimeout),
    (aiohttp.ClientResponseError, ProviderBadResponse),  # not HTTP
    (aiohttp.ClientError, ProviderUnavailable),
    (OSError, ProviderUnavailable),
)


def meaning_of(problem: BaseException) -> ProviderError | None:
    """What an exception of the network means, if it is one."""
    return next((ours() for kind, ours in MEANINGS if isinstance(problem, kind)), None)


class Exchange:
    """One request: whatever ends it, the connection is closed, or left to end by itself.

    An exception of the network leaves as one of ours.

    Silence is watched for by one timer, which looks when it goes off whether something was
    heard meanwhile, and then sleeps on: a token costs it nothing but the reading of the clock.
    """

    __slots__ = (
        "_attempt", "_decoder", "_expired", "_loop", "_patience", "_response", "_timer", "heard",
        "time",
    )  # fmt: skip

    def __init__(self, attempt: Attempt, decoder: Decoder, patience: Patience) -> None:
        self._attempt = attempt
        self._decoder = decoder
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._response: aiohttp.ClientResponse | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False
        self.time = self._loop.time
        self.heard = float("-inf")  # when the last bytes came

    def watch(self, response: aiohttp.ClientResponse, due: float) -> None:
        """Expect the first bytes of the body by `due`, and then never a long silence."""
        self._response = response
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        due = self.heard + self._patience.silence
        if due > self.time():
            self._timer = self._loop.call_at(due, self._look)
        elif self._response is not None:
            # Who waits for bytes is told by aiohttp that the connection is closed. To cancel
            # the task instead could hit it anywhere, and not be told from a cancel by others.
            self._expired = True
            self._response.close()

    def __enter__(self) -> "Exchange":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._attempt.malformed = self._decoder.malformed
        if self._timer is not None:
            self._timer.cancel()
        if problem is None:
            self._linger()
            return
        if self._response is not None:
            self._response.close()
        if isinstance(problem, aiohttp.ClientError | OSError):
            # aiohttp's exceptions can show a request's headers, and so a key.
            raise ProviderTimeout if self._expired else meaning(problem) from None

    def _linger(self) -> None:
        """Let a complete answer's body end by itself: its connection is then used again."""
        response = self._response
        if response is None or response.content.is_eof():
            return
        self._loop.call_later(self._patience.finish, response.close)
        if (line := line_of(response)) is not None:
            line.listener = partial(_close_if_lost, response, line)


def _close_if_lost(response: aiohttp.ClientResponse, line: Line) -> None:
    """Where the pool is closed meanwhile, aiohttp wants each response closed too."""
    if not line.is_connected():
        response.close()


def meaning(problem: Exception) -> ProviderError:
    """Our error for one of the network's."""
    return next(ours for kind, ours in MEANINGS if isinstance(problem, kind))()
