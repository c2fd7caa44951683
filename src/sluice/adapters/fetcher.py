"""A `Fetcher` that reaches public addresses and nothing of this network. By aiohttp.

Addresses are judged between the look-up of a name and the connection, inside the resolver whose
answer is connected to: there is no second look-up that could say something else (DNS rebinding).
Each redirect is a new fetch, with every check and a connection of its own. Knows no file format.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing, asynccontextmanager
from socket import AF_UNSPEC, AddressFamily

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from sluice.adapters.networks import Address, address_in, is_public
from sluice.core.errors import InvalidRequest, PayloadTooLarge

Allow = Callable[[Address], bool]

LONGEST = 2048  # characters of an address
REDIRECTS = 3
PORTS = frozenset({80, 443})
CONNECT = 5.0  # seconds, for each of a host's addresses
SILENCE = 5.0  # seconds between two pieces
MOVED = frozenset({301, 302, 303, 307, 308})
# A host that ends so is an IPv4 address in an odd spelling (2130706433, 0x7f.1), which one parser
# takes for a name and the next for an address.
NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$", re.IGNORECASE)
HEADERS = {"User-Agent": "sluice", "Accept": "*/*", "Accept-Encoding": "identity"}

# What aiohttp raises, the particular first, and what is said of it. Its own texts name addresses.
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "The host of this address cannot be found."),
    (aiohttp.ClientSSLError, "The host of this address cannot prove that it is that host."),
    (TimeoutError, "The address takes too long to answer."),
    (aiohttp.ClientConnectorError, "The host of this address cannot be reached."),
    (aiohttp.ClientResponseError, "The address gives an answer that makes no sense."),
    (aiohttp.ClientError, "The address broke off, or its answer makes no sense."),
    (OSError, "The host of this address cannot be reached."),
    (ValueError, "The address gives an answer that makes no sense."),
)
FAILURES: tuple[type[Exception], ...] = tuple(kind for kind, _ in REASONS)


class GuardedFetcher:
    """A `Fetcher`. It keeps nothing between two fetches, and needs no closing.

    `schemes`   that are fetched
    `ports`     that are connected to
    `allow`     which addresses are
    `resolver`  makes what looks up names; the system's by default
    `trust`     which certificates are believed; the system's by default
    `patience`  seconds that a file may take, with all redirects and the reader's own pauses
    """

    def __init__(
        self,
        schemes: Collection[str] = ("https",),
        ports: Collection[int] = PORTS,
        allow: Allow = is_public,
        resolver: Callable[[], AbstractResolver] = aiohttp.ThreadedResolver,
        trust: ssl.SSLContext | None = None,
        patience: float = 15.0,
    ) -> None:
        self._schemes = schemes
        self._ports = ports
        self._allow = allow
        self._resolver = resolver
        self._trust = trust
        self._patience = patience

    async def fetch(self, url: str, most: int) -> AsyncGenerator[bytes]:
        """See `Fetcher`. Close it (`contextlib.aclosing`) where it is not read to its end."""
        due = asyncio.get_running_loop().time() + self._patience
        target = self._judged(_parsed(url))
        for _ in range(REDIRECTS + 1):
            async with self._asked(target, due) as response:
                moved = _moved(response)
                if moved is None:
                    _check(response, most)
                    async with aclosing(_pieces(response, most, due)) as pieces:
                        async for piece in pieces:
                            yield piece
                    return
            target = self._judged(moved)
        raise _refusal(f"The address is redirected more than {REDIRECTS} times.")

    def _judged(self, url: URL) -> URL:
        """The address, if it may be asked; its name, if it has one, is judged when looked up."""
        if url.scheme not in self._schemes:
            raise _refusal(f"The address must begin with {' or '.join(self._schemes)}://.")
        if url.raw_user is not None or url.raw_password is not None:
            raise _refusal("The address must not hold a user name or a password.")
        if not url.raw_host:
            raise _refusal("The address names no host.")
        if url.port not in self._ports:
            raise _refusal("The address names a port that is not fetched from.")
        literal = address_in(url.raw_host)
        if literal is None and NUMBER.search(url.raw_host):
            raise _refusal("The address names no host.")
        if literal is not None and not self._allow(literal):
            raise _private()
        return url.with_fragment(None)

    @asynccontextmanager
    async def _asked(self, url: URL, due: float) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The answer's head, over a connection for it alone."""
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._resolver(), self._allow),
            use_dns_cache=False,
            force_close=True,
            family=AF_UNSPEC,
            ssl=self._trust or True,
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE),
        ) as session:
            try:
                async with asyncio.timeout_at(due):
                    response = await session.get(url, allow_redirects=False)
            except FAILURES as problem:
                raise _reason(problem) from None
            async with response:
                yield response


class GuardedResolver(AbstractResolver):
    """Looks up names by another, and says what it found only where all of it is allowed."""

    def __init__(self, inner: AbstractResolver, allow: Allow) -> None:
        self._inner = inner
        self._allow = allow

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises `InvalidRequest`, and what the other raises."""
        found = await self._inner.resolve(host, port, family)
        for one in found:
            address = address_in(one["host"])
            if address is None or not self._allow(address):
                raise _private()
        return found

    async def close(self) -> None:
        await self._inner.close()


async def _pieces(response: aiohttp.ClientResponse, most: int, due: float) -> AsyncGenerator[bytes]:
    """The body as it comes, no more of it than that."""
    received = 0
    while True:
        try:
            async with asyncio.timeout_at(due):
                piece = await response.content.readany()
        except FAILURES as problem:
            raise _reason(problem) from None
        if not piece:
            return
        received += len(piece)
        if received > most:
            raise _too_large(most)
        yield piece


def _parsed(url: str) -> URL:
    """The address as its only parser reads it. Raises `InvalidRequest`."""
    if len(url) > LONGEST or not url.isprintable() or " " in url or "\\" in url:
        raise _refusal("This is no address of a file.")
    try:
        return URL(url)
    except (ValueError, TypeError):
        raise _refusal("This is no address of a file.") from None


def _moved(response: aiohttp.ClientResponse) -> URL | None:
    """Where the file is instead; None where it is here."""
    if response.status not in MOVED:
        return None
    location = response.headers.get("Location", "")
    if not location:
        raise _refusal("The address is redirected to nowhere.")
    return response.url.join(_parsed(location))


def _check(response: aiohttp.ClientResponse, most: int) -> None:
    """Raises where the head of the answer shows that its body is not wanted."""
    if response.status != 200:
        raise _refusal(f"The address answers with status {response.status}.")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise _refusal("The address answers in a compressed form that was not asked for.")
    if (response.content_length or 0) > most:
        raise _too_large(most)


def _reason(problem: Exception) -> InvalidRequest:
    return _refusal(next(text for kind, text in REASONS if isinstance(problem, kind)))


def _refusal(text: str) -> InvalidRequest:
    return InvalidRequest(text, field="url")


def _private() -> InvalidRequest:
    return _refusal("The address is not a public one.")


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The file at this address is too large: {most:,} bytes at most.")
