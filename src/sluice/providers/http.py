"""From a provider's socket to events: the one loop that every HTTP provider shares.

Knows when to wait and when to give up, and no provider's format.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import closing, suppress
from types import TracebackType

import aiohttp
from yarl import URL

from sluice.core.errors import (
    ProviderBadResponse,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
)
from sluice.core.events import Attempt, Event, Finished, Usage
from sluice.core.messages import Prompt
from sluice.providers.local import Local, normal, parse_models
from sluice.providers.openai import bearer
from sluice.providers.wire import Decoder, Patience, Request, Wire
from sluice.version import __version__

ERROR_BODY = 64 << 10  # bytes read of a response that is no answer
MODEL_LIST = 4 << 20
MODEL_LIST_PATIENCE = 5.0  # seconds

# Besides their own, local servers give a stream these types, or none at all.
STREAM_TYPES = {"text/event-stream", "text/plain", "application/octet-stream", ""}

# The first that fits says what an exception of the network means.
MEANINGS: tuple[tuple[type[Exception], type[ProviderError]], ...] = (
    (TimeoutError, ProviderTimeout),
    (aiohttp.ClientResponseError, ProviderBadResponse),  # not HTTP
    (aiohttp.ClientError, ProviderUnavailable),
    (OSError, ProviderUnavailable),
)


def open_session() -> aiohttp.ClientSession:
    """The pool of connections that all providers share. Call it in the running loop.

    It keeps no cookies and believes no proxy variables. There is no limit on connections:
    that on runs is the engine's.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"sluice/{__version__}", "Accept-Encoding": "identity"},
        trust_env=False,
    )


class HttpSource:
    """A `source.Source`: one wire format, asked over the shared session."""

    def __init__(self, wire: Wire, session: aiohttp.ClientSession) -> None:
        self._wire = wire
        self._session = session

    async def attempt(
        self, prompt: Prompt, attempt: Attempt, patience: Patience, last: bool
    ) -> AsyncIterator[Sequence[Event]]:
        """See `source.Source`."""
        decoder = self._wire.decoder()
        with _Exchange(attempt, decoder, patience) as exchange:
            limit = patience.first_byte_last if last else patience.first_byte
            due = exchange.time() + limit
            async with asyncio.timeout_at(due):
                response = await self._open(self._wire.request(prompt), patience)
            body = exchange.watch(response, due)
            while chunk := await body.readany():
                exchange.heard = exchange.time()
                events = decoder.feed(chunk)
                if decoder.finishing:
                    break
                if events:
                    _note(events, attempt)
                    yield events
            else:
                decoder.end()  # raises: there has been no finish reason
                raise ProviderUnavailable
            if not _ended(events):
                if events:
                    _note(events, attempt)
                    yield events
                events = await _rest(response, decoder, patience)
            _note(events, attempt)
        yield events

    async def _open(self, request: Request, patience: Patience) -> aiohttp.ClientResponse:
        """Send the request; returns once the headers of an answer have come."""
        response = await self._session.post(
            URL(request.url, encoded=True),
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=patience.connect),
        )
        if response.status == 200 and _media_type(response) in STREAM_TYPES:
            return response
        with closing(response):
            body = await _read(response, ERROR_BODY, patience.finish)
        raise self._wire.refusal(response.status, _lower(response), body)


class _Exchange:
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

    def watch(self, response: aiohttp.ClientResponse, due: float) -> aiohttp.StreamReader:
        """Expect the first bytes of the body by `due`, and then never a long silence."""
        self._response = response
        self._timer = self._loop.call_at(due, self._look)
        return response.content

    def _look(self) -> None:
        due = self.heard + self._patience.silence
        if due > self.time():
            self._timer = self._loop.call_at(due, self._look)
        elif self._response is not None:
            # Who waits for bytes is told by aiohttp that the connection is closed. To cancel
            # the task instead could hit it anywhere, and not be told from a cancel by others.
            self._expired = True
            self._response.close()

    def __enter__(self) -> "_Exchange":
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
        if response is not None and not response.content.is_eof():
            self._loop.call_later(self._patience.finish, response.close)


def meaning(problem: Exception) -> ProviderError:
    """Our error for one of the network's."""
    return next(ours for kind, ours in MEANINGS if isinstance(problem, kind))()


async def _rest(
    response: aiohttp.ClientResponse, decoder: Decoder, patience: Patience
) -> list[Event]:
    """What follows the finish reason: usage, the last word, the end of the body.

    The answer is complete with or without them, so they are waited for but briefly. The first
    to be fed is nothing at all, so that an error raises that came in the same read.
    """
    events: list[Event] = []
    chunk = b""
    try:
        async with asyncio.timeout(patience.finish):
            while True:
                events += decoder.feed(chunk)
                if _ended(events):
                    return events
                if not (chunk := await response.content.readany()):
                    break
    except (TimeoutError, aiohttp.ClientError):
        response.close()
    return events + decoder.end()


def _note(events: list[Event], attempt: Attempt) -> None:
    for event in events:
        if type(event) is Usage:
            attempt.usage = event


def _ended(events: list[Event]) -> bool:
    return bool(events) and type(events[-1]) is Finished


def _media_type(response: aiohttp.ClientResponse) -> str:
    """The response's media type as it was sent; nothing where none was."""
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _lower(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


async def _read(response: aiohttp.ClientResponse, limit: int, patience: float) -> bytes:
    """At most `limit` bytes of the body, or what there is of it within `patience` seconds."""
    body = b""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(patience):
            while len(body) < limit and (chunk := await response.content.readany()):
                body += chunk
    return body[:limit]


async def list_models(session: aiohttp.ClientSession, base_url: str, key: str | None) -> list[str]:
    """The models that the local server at `base_url` has. Raises a `ProviderError`."""
    headers = bearer(key) | {"Accept": "application/json"}
    try:
        async with asyncio.timeout(MODEL_LIST_PATIENCE):
            response = await session.get(
                f"{normal(base_url)}/models", headers=headers, allow_redirects=False
            )
            with closing(response):
                body = await _read(response, MODEL_LIST, MODEL_LIST_PATIENCE)
    except (aiohttp.ClientError, OSError) as problem:
        raise meaning(problem) from None
    if response.status != 200:
        raise Local(base_url, key).refusal(response.status, _lower(response), body)
    return parse_models(body)
