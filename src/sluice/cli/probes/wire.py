"""The network side of a check: requests, SSE streams with the time of every arrival, WebSockets.

Knows no dialect. What cannot be used is raised as `Trouble`, in words and with a hint.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import MappingProxyType
from typing import NamedTuple, Self, TypeVar

import aiohttp
import msgspec
from yarl import URL

T = TypeVar("T")
NONE: Mapping[str, str] = MappingProxyType({})
CODE = re.compile(r"[a-z_]{1,40}")

HINTS: Mapping[int, str] = MappingProxyType(
    {
        301: "the address is redirected: check the one that it leads to",
        302: "the address is redirected: check the one that it leads to",
        307: "the address is redirected: check the one that it leads to",
        308: "the address is redirected: check the one that it leads to",
        401: "the server wants a bearer token: --token, or SLUICE_TOKEN",
        403: "the caller is refused: look at SLUICE_ALLOWED_HOSTS, SLUICE_ALLOW_ANONYMOUS, --token",
        404: "the path does not arrive: does the proxy pass all of /api, /health, /docs on?",
        413: "the proxy's limit for bodies is too low (nginx: client_max_body_size)",
        429: "the server's rate limit is reached: wait a minute",
        502: "the provider, or the server behind the proxy, does not answer properly",
        503: "the server or its provider is overloaded, not configured, or draining",
        504: "the provider, or the server behind the proxy, takes too long",
    }
)


# All that a broken server or a broken road can raise; a bug of ours is none of it.
FAULTS = (aiohttp.ClientError, OSError, msgspec.MsgspecError, ValueError)
BROKEN = (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, ConnectionError)


class Trouble(Exception):
    """Something does not work: what, in plain words, and how it may be mended."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


class _Refusal(msgspec.Struct):
    code: str = ""


class Reply(NamedTuple):
    """A whole HTTP answer. `seconds` is the time until its last byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def expect(self, status: int) -> None:
        """Raise `Trouble` unless this is the status."""
        if self.status != status:
            raise refusal(self.status, self.body, wanted=status)

    def read(self, kind: type[T]) -> T:
        """The body as JSON of this shape."""
        return decode(self.body, kind)


def in_words(fault: Exception) -> str:
    """One of `FAULTS` for a person."""
    if isinstance(fault, BROKEN):
        return "the connection broke off in the middle of the answer"
    return f"{type(fault).__name__}: {fault}"[:200]


def decode(data: bytes | str, kind: type[T]) -> T:
    """JSON of this shape; raises `Trouble` where it is something else."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise Trouble(f"the answer has another shape than expected: {problem}") from None


def refusal(status: int, body: bytes, *, wanted: int = 200) -> Trouble:
    """What an answer with the wrong status means, with the server's own code if it has one."""
    try:
        code = msgspec.json.decode(body, type=_Refusal).code
    except (msgspec.MsgspecError, UnicodeDecodeError):
        code = ""
    said = f" {code}" if CODE.fullmatch(code) else ""
    return Trouble(f"answered {status}{said}, not {wanted}", HINTS.get(status, ""))


class Frame(NamedTuple):
    """One SSE event, or one comment."""

    id: str = ""
    data: str = ""
    retry: str = ""
    comment: bool = False


class Arrival(NamedTuple):
    """A frame, and when it came: seconds since the request."""

    at: float
    frame: Frame


class Frames:
    """Bytes in any pieces → SSE frames, by the blank lines between them."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        *blocks, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n\n")
        return [_frame(block.decode(errors="replace")) for block in blocks if block.strip()]


def _frame(block: str) -> Frame:
    fields: dict[str, str] = {}
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        fields[name] = value.removeprefix(" ")
    return Frame(
        id=fields.get("id", ""),
        data=fields.get("data", ""),
        retry=fields.get("retry", ""),
        comment="" in fields and "data" not in fields,
    )


class Stream:
    """An open SSE stream: iterate over it, stop, and go on where it stopped."""

    def __init__(self, response: aiohttp.ClientResponse, began: float, first_byte: float) -> None:
        self._response = response
        self._began = began
        self._frames = Frames()
        self._arrived: deque[Arrival] = deque()
        self.first_byte = first_byte

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    def age(self) -> float:
        """Seconds since the request."""
        return asyncio.get_running_loop().time() - self._began

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Arrival:
        """The next frame; the iteration ends with the stream."""
        while not self._arrived:
            data = await self._response.content.readany()
            if not data:
                raise StopAsyncIteration
            at = self.age
            self._arrived.extend(Arrival(at, frame) for frame in self._frames.feed(data))
        return self._arrived.popleft()


class Target:
    """The server under check, as a client sees it. Every request counts the time from its start."""

    def __init__(self, session: aiohttp.ClientSession, base: URL) -> None:
        self._session = session
        self._base = base

    def url(self, path: str) -> URL:
        """The address of a path; a proxy may serve us below one of its own."""
        return URL(f"{str(self._base).rstrip('/')}{path}")

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] = NONE,
    ) -> Reply:
        """One request and its whole answer, whatever its status."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with self._request(method, path, body, raw=raw, headers=headers) as response:
            content = await response.read()
            return Reply(response.status, response.headers, content, loop.time() - began)

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] = NONE
    ) -> AsyncGenerator[Stream]:
        """An SSE stream; raises `Trouble` where the answer is none. Left early, it is dropped."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with self._request(method, path, body, headers=headers) as response:
            if response.status != 200:
                raise refusal(response.status, await response.read())
            if response.content_type != "text/event-stream":
                raise Trouble(
                    f"the stream comes as {response.content_type}, not text/event-stream",
                    "something on the way rewrites the Content-Type, or answers in our place",
                )
            yield Stream(response, began, loop.time() - began)

    @asynccontextmanager
    async def websocket(self, path: str) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
        """A WebSocket; raises `Trouble` where the handshake is refused."""
        try:
            async with self._session.ws_connect(self.url(path)) as socket:
                yield socket
        except aiohttp.WSServerHandshakeError as problem:
            raise Trouble(
                f"the WebSocket handshake is answered {problem.status}",
                "nginx: proxy_http_version 1.1 and the headers Upgrade and Connection",
            ) from None

    def _request(
        self,
        method: str,
        path: str,
        body: object,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] = NONE,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        data = msgspec.json.encode(body) if body is not None else raw
        typed = {"Content-Type": "application/json"} if data is not None else {}
        return self._session.request(
            method,
            self.url(path),
            data=data,
            headers={**typed, **headers},
            allow_redirects=False,
        )
