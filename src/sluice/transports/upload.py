"""The one file of a multipart form (RFC 7578), as it arrives: no more of it is here than a read."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from email.message import Message
from typing import NamedTuple

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from sluice.core.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from sluice.transports.asgi import Gone, Receive, Scope, header

FIELD = "file"
ENVELOPE = 64 << 10  # bytes of a form beside its file
BOUNDARY = 70  # characters, at most (RFC 2046, 5.1.1)
EXPECTED = "Expected a form with one part, which is a file"

Event = MultipartSegment | bytes | None  # a part's head, a piece of it, its end


class Incoming(NamedTuple):
    """A file on its way in. `name` is what the client calls it; "" where it does not."""

    name: str
    content: AsyncGenerator[bytes, None]


@asynccontextmanager
async def one_file(scope: Scope, receive: Receive, limit: int) -> AsyncGenerator[Incoming]:
    """The file of a request, which may have so many bytes; it is not judged here.

    Raises `UnsupportedMediaType`, `InvalidRequest`, `PayloadTooLarge` where the form as a whole
    cannot be within the limit, or `Gone`; its content raises the last three, too.
    """
    parser = PushMultipartParser(_boundary(scope))
    most = limit + ENVELOPE
    if int(header(scope, b"content-length") or 0) > most:  # the server's parser has checked it
        raise PayloadTooLarge(f"The file is larger than {limit} bytes.")
    async with aclosing(_events(parser, receive, most)) as events:
        first = await anext(events, None)
        if not isinstance(first, MultipartSegment) or first.name != FIELD:
            raise InvalidRequest(EXPECTED, field=FIELD)
        async with aclosing(_content(events)) as content:
            yield Incoming(first.filename or "", content)


async def _content(events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
    """What comes of the first part; and there is no other."""
    async for event in events:
        if isinstance(event, MultipartSegment):
            raise InvalidRequest(EXPECTED, field=FIELD)
        if event is not None:
            yield event


async def _events(
    parser: PushMultipartParser, receive: Receive, most: int
) -> AsyncGenerator[Event, None]:
    """What the body says, up to its end."""
    size = 0
    going = True
    while going:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body = message.get("body", b"")
        going = message.get("more_body", False)
        size += len(body)
        if size > most:
            raise PayloadTooLarge(f"The form is larger than {most} bytes.")
        try:
            if body:
                for event in parser.parse(body):
                    yield event
            if not going:
                parser.close()
        except MultipartError:
            raise InvalidRequest("The form is malformed, or ends too early", field=FIELD) from None


def _boundary(scope: Scope) -> str:
    """What stands between the parts of a form."""
    about = Message()
    about["content-type"] = header(scope, b"content-type") or ""
    if about.get_content_type() != "multipart/form-data":
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    boundary = about.get_boundary("")
    if not (0 < len(boundary) <= BOUNDARY and boundary.isascii() and boundary.isprintable()):
        raise InvalidRequest("The form's boundary is missing or malformed", field=FIELD)
    return boundary
