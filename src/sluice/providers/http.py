"""From a provider's socket to events: the one loop that every HTTP provider shares.

Knows when to wait and when to give up, and no provider's format.
"""

import asyncio
import io
from contextlib import closing, suppress
from functools import lru_cache

import aiohttp
from yarl import URL

from sluice.core.errors import ProviderUnavailable
from sluice.core.events import Attempt, Event, Finished
from sluice.core.messages import Prompt
from sluice.core.ports import Say
from sluice.providers.exchange import Exchange, meaning_of
from sluice.providers.line import Connector, KeptConnectionLost
from sluice.providers.local import Local, normal, parse_models
from sluice.providers.openai import bearer
from sluice.providers.parts import heavy
from sluice.providers.reading import Reading, note
from sluice.providers.wire import Decoder, Patience, Request, Wire
from sluice.version import __version__

REMEMBERED = 64  # addresses, and time limits, that are kept at hand
PIECEMEAL = 1 << 20  # bytes of a request that are no longer written at once
ERROR_BODY = 64 << 10  # bytes read of a response that is no answer
MODEL_LIST = 4 << 20
MODEL_LIST_PATIENCE = 5.0  # seconds

# Besides their own, local servers give a stream these types, or none at all.
STREAM_TYPES = {"text/event-stream", "text/plain", "application/octet-stream", ""}


def open_session() -> aiohttp.ClientSession:
    """The pool of connections that all providers share. Call it in the running loop.

    It keeps no cookies and believes no proxy variables. There is no limit on connections:
    that on runs is the engine's.
    """
    return aiohttp.ClientSession(
        connector=Connector(keepalive_timeout=30.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"sluice/{__version__}", "Accept-Encoding": "identity"},
        trust_env=False,
    )


@lru_cache(REMEMBERED)
def _address(url: str) -> URL:
    return URL(url, encoded=True)


@lru_cache(REMEMBERED)
def _timeout(connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=connect)


class HttpSource:
    """A `source.Source`: one wire format, asked over the shared session."""

    def __init__(self, wire: Wire, session: aiohttp.ClientSession) -> None:
        self._wire = wire
        self._session = session

    async def attempt(
        self, prompt: Prompt, attempt: Attempt, patience: Patience, last: bool, say: Say
    ) -> None:
        """See `source.Source`."""
        decoder = self._wire.decoder()
        with Exchange(attempt, decoder, patience) as exchange:
            limit = patience.first_byte_last if last else patience.first_byte
            due = exchange.time() + limit
            async with asyncio.timeout_at(due):
                response = await self._open(await self._request(prompt), patience)
            exchange.watch(response, due)
            reading = Reading(response, decoder, exchange, attempt, say)
            if not await reading.to_the_finish():
                events = await _rest(response, decoder, patience)
                note(events, attempt)
                say(events)

    def spoilt(self) -> "HttpSource | None":
        """See `source.Source`."""
        wire = self._wire.spoilt()
        return None if wire is None else HttpSource(wire, self._session)

    async def _request(self, prompt: Prompt) -> Request:
        """The request; written on a thread where pictures take long to encode."""
        if heavy(prompt):
            return await asyncio.to_thread(self._wire.request, prompt)
        return self._wire.request(prompt)

    async def _open(self, request: Request, patience: Patience) -> aiohttp.ClientResponse:
        """Send the request; returns once the headers of an answer have come."""
        response = await self._post(request, patience)
        if response.status == 200 and _media_type(response) in STREAM_TYPES:
            return response
        with closing(response):
            body = await _read(response, ERROR_BODY, patience.finish)
        raise self._wire.refusal(response.status, _lower(response), body)

    async def _post(self, request: Request, patience: Patience) -> aiohttp.ClientResponse:
        while True:  # for as long as kept connections turn out to be dead
            with suppress(KeptConnectionLost):
                return await self._session.post(
                    _address(request.url),
                    data=_body(request.body),
                    headers=request.headers,
                    allow_redirects=False,
                    timeout=_timeout(patience.connect),
                )


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


def _body(body: bytes) -> bytes | io.BytesIO:
    """A request's body, as aiohttp wants it: in one piece only where it is small."""
    return body if len(body) <= PIECEMEAL else io.BytesIO(body)


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
        raise meaning_of(problem) or ProviderUnavailable() from None
    if response.status != 200:
        raise Local(base_url, key).refusal(response.status, _lower(response), body)
    return parse_models(body)
