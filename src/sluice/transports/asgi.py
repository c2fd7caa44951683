"""Raw ASGI, for the routes that carry tokens: nothing of a framework stands in their way."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from sluice.core.commands import Principal
from sluice.core.errors import InvalidRequest, PayloadTooLarge, SluiceError, UnsupportedMediaType
from sluice.dialects.base import Dialect, Inbound
from sluice.services.identity import Credentials
from sluice.transports.status import status_of

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

VISIT = "sluice.visit"
NOSNIFF = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")  # an answer is for who asked, now
JSON: Headers = [(b"content-type", b"application/json"), NOSNIFF, NO_STORE]
FIELDS = 100  # query parameters that anybody could need


class Gone(Exception):
    """The client has left before we understood what it wanted."""


class Visit(msgspec.Struct, frozen=True):
    """What the gate has found out about a request, and what its answer has to carry for it.

    `found`    who asks, or what is wrong with how that was said
    `headers`  of the answer, whatever it is: for a browser's page from elsewhere, of limits
    `given`    what was brought to say who asks; None for a stranger
    `secure`   it came over https, as far as we can tell
    `stranger` who asks, as far as that shows without credentials: the address, above all
    """

    found: Principal | SluiceError
    headers: Headers
    given: Credentials | None = None
    stranger: Principal = Principal(welcome=False)
    secure: bool = False

    @property
    def who(self) -> Principal:
        """Who asks. Raises `Unauthorized` where credentials are no good."""
        if isinstance(self.found, SluiceError):
            raise self.found
        return self.found


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a request's header, by its lower-case name; None where it is absent or empty."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1").strip() or None
    return None


async def body_of(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises `PayloadTooLarge`, or `Gone` where the client leaves."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise PayloadTooLarge(f"The body is larger than {limit} bytes.")
        if not message.get("more_body"):
            return part if not parts else b"".join([*parts, part])
        parts.append(part)


async def goodbye(receive: Receive) -> None:
    """Return once the client has left. What it still sends of a body is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def inbound(scope: Scope, receive: Receive, limit: int, path: Mapping[str, str]) -> Inbound:
    """A whole request. Raises what refuses it."""
    if scope["method"] == "GET":
        return Inbound(path=path, query=query_of(scope))
    if int(header(scope, b"content-length") or 0) > limit:  # the server's parser has checked it
        raise PayloadTooLarge(f"The body is larger than {limit} bytes.")
    said = header(scope, b"content-type")
    if said is not None and said.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType
    body = await body_of(receive, limit)
    if body and said is None:  # nothing at all needs no type
        raise UnsupportedMediaType
    return Inbound(body, path, query_of(scope))


def query_of(scope: Scope) -> dict[str, str]:
    """The query parameters, the last of each name. Raises `InvalidRequest`."""
    if not scope["query_string"]:
        return {}
    try:
        text = scope["query_string"].decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS))
    except (UnicodeDecodeError, ValueError):
        raise InvalidRequest("The query string makes no sense.") from None


async def respond(
    send: Send, status: int, body: bytes, visit: Visit, more: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Send a whole JSON answer; a 204 has none."""
    about = (
        [NOSNIFF, NO_STORE] if status == 204 else [*JSON, (b"content-length", b"%d" % len(body))]
    )
    headers = [*about, *visit.headers, *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, error: SluiceError, dialect: Dialect, visit: Visit) -> None:
    """Say no, in the dialect's words."""
    status = status_of(error, dialect.invalid_status)
    await respond(send, status, dialect.refuse(error), visit, advice(error))


def advice(error: SluiceError) -> Headers:
    """The headers that go with an error."""
    headers: Headers = []
    if error.code == "unauthorized":
        headers.append((b"www-authenticate", b"Bearer"))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, round(error.retry_after))))
    return headers
