"""Files in a bucket of any S3-compatible store, addressed by path; what passes is never whole here.

A file is one `PUT` of known length and hash, which such a store keeps wholly or not at all. (Some
keep half a file when the connection breaks, unless they are told the hash.) Each request is asked
once: whoever asked is told, and what was to be deleted is deleted later.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from sluice.adapters.sigv4 import Signer
from sluice.core.errors import NotFound, StoreUnavailable
from sluice.services.media.ports import Bytes, Pieces

CONNECT, SILENCE = 5.0, 30.0  # seconds
CONNECTIONS = 64
BLOCK = 256 << 10  # bytes
EMPTY = hashlib.sha256(b"").hexdigest()

log = logging.getLogger("sluice.media")


class Bucket(msgspec.Struct, frozen=True):
    """Where files are: `prefix` is what all keys of ours begin with.

    `endpoint` is the store's address, such as `https://s3.eu-central-1.amazonaws.com`.
    """

    endpoint: str
    name: str
    prefix: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint).netloc

    @property
    def origin(self) -> str:
        return f"{urlsplit(self.endpoint).scheme}://{self.host}"

    def path(self, key: str) -> str:
        """A key's path, percent-encoded, as it is sent and signed."""
        base = urlsplit(self.endpoint).path.rstrip("/")
        return base + quote(f"/{self.name}/{self.prefix}{key}", safe="/-_.~")


class S3Blobs:
    """`Blobs` in a bucket. `now` is a moment in UTC, within minutes of the store's clock."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        bucket: Bucket,
        signer: Signer,
        now: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._bucket = bucket
        self._signer = signer
        self._now = now

    async def put(self, key: str, content: Pieces, size: int, sha256: str) -> None:
        length = {"content-length": str(size)}
        body = Body(content, size)
        try:
            async with self._ask("PUT", key, sha256, length, body) as answer:
                _expect(answer, "PUT", 200)
        finally:
            await body.close()

    async def get(self, key: str) -> Bytes:
        async with self._ask("GET", key) as answer:
            if answer.status == 404:
                raise NotFound
            _expect(answer, "GET", 200)
            async for piece in answer.content.iter_chunked(BLOCK):
                yield piece

    async def delete(self, key: str) -> None:
        async with self._ask("DELETE", key) as answer:
            _expect(answer, "DELETE", 200, 204, 404)

    @asynccontextmanager
    async def _ask(
        self,
        method: str,
        key: str,
        payload: str = EMPTY,
        headers: dict[str, str] | None = None,
        body: "Body | None" = None,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        path = self._bucket.path(key)
        about = {"host": self._bucket.host, **(headers or {})}
        signed = self._signer.sign(method, path, about, payload, self._now())
        url = self._bucket.origin + path
        with told():
            # The body waits for the store's word: no connection that has died meanwhile eats it.
            answer = await self._session.request(
                method, url, headers=signed, data=body, expect100=body is not None
            )
            try:
                yield answer
            finally:
                answer.release() if answer.status < 300 else answer.close()


class Body:
    """So many bytes of some content. A task of aiohttp's reads it, which may outlive the request;
    once this is closed, nobody does.
    """

    def __init__(self, content: Pieces, size: int) -> None:
        self._content = aiter(content)
        self._left = size
        self._step: asyncio.Future[bytes] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._left == 0:  # nothing more is asked for: the store may have answered by now
            raise StopAsyncIteration
        self._step = asyncio.ensure_future(anext(self._content, b""))
        piece = await self._step
        if not 0 < len(piece) <= self._left:
            raise ValueError("not what was announced")
        self._left -= len(piece)
        return piece

    async def close(self) -> None:
        self._left = 0
        if self._step is not None and not self._step.done():
            self._step.cancel()
            await asyncio.wait([self._step])


@asynccontextmanager
async def open_session() -> AsyncGenerator[aiohttp.ClientSession]:
    """A session for one store: it follows no redirects, and takes no proxy from the environment."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE),
        headers={"Accept-Encoding": "identity"},
        skip_auto_headers=("Content-Type", "User-Agent"),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield session


@contextmanager
def told() -> Generator[None]:
    """A store out of reach, in our words; the log gets the kind: a text may hold an address."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        log.warning("the object store is out of reach: %s", type(problem).__name__)
        raise StoreUnavailable from None


def _expect(answer: aiohttp.ClientResponse, method: str, *statuses: int) -> None:
    """Raises `StoreUnavailable` for any other; the log gets what the operator needs."""
    if answer.status not in statuses:
        log.error("the object store answers %s with %d", method, answer.status)
        raise StoreUnavailable
