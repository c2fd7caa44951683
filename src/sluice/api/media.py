"""Files as resources, with errors in the words of the interactions dialect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import MediaType, Response, delete, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation
from litestar.params import FromPath

from sluice.api.bodies import known, member
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import NO_STORE, AnyRequest, bug, theirs
from sluice.core.errors import InvalidRequest, SluiceError, from_code
from sluice.dialects.interactions import Problem, refuse
from sluice.services.media.library import Library
from sluice.services.media.ports import Item
from sluice.services.media.shapes import PLACE, address
from sluice.transports.asgi import Gone, Headers, Scope, advice
from sluice.transports.download import Download
from sluice.transports.status import status_of
from sluice.transports.upload import one_file

ONE = PLACE + "/{media_id:str}"
INVALID = 400
YEAR = 31_536_000  # seconds
CACHE = (b"cache-control", b"private, max-age=%d, immutable" % YEAR)
# What somebody has uploaded is shown by itself, runs nothing and loads nothing.
POLICY = (b"content-security-policy", b"default-src 'none'; sandbox")
FORM = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}


class Stored(msgspec.Struct, frozen=True):
    """A file that has been taken in. `content_type` is as its content shows; `size` is bytes."""

    id: str
    url: str
    content_type: str
    size: int
    sha256: str


@dataclass
class TakingForm(Operation):
    """An operation with a form as its body."""

    def __post_init__(self) -> None:
        found: Any = self
        found.request_body = {
            "content": {"multipart/form-data": {"schema": FORM}},
            "required": True,
        }


def media(files: Library, limit: int, patience: float) -> Sequence[HTTPRouteHandler]:
    """`POST /api/media`, and `GET` and `DELETE /api/media/{id}`.

    `limit` is bytes of a file; `patience` is seconds that a client may take for a piece of one.
    """
    return _upload(files, limit), *_uploaded(files, patience)


def _upload(files: Library, limit: int) -> HTTPRouteHandler:
    @post(
        PLACE,
        summary="Upload a file: an image, a PDF, or text",
        tags=["interactions"],
        operation_class=TakingForm,
        responses=refusals(400, 401, 403, 413, 415, body=Problem),
        response_headers=PRIVATE,
        exception_handlers=_handlers(),
        request_max_body_size=None,  # it is measured as it comes
    )
    async def upload(request: AnyRequest) -> Stored:
        owner, _ = member(request)
        receive: Any = request.receive
        try:
            async with one_file(_scope(request), receive, limit) as file:
                item = await files.upload(owner, file.name, file.content)
        except Gone:
            raise InvalidRequest("The client has left.") from None  # so nobody hears it
        return Stored(item.id, address(item.id), item.content_type, item.size, item.sha256)

    return upload


def _uploaded(files: Library, patience: float) -> Sequence[HTTPRouteHandler]:
    common: Any = {"tags": ["interactions"], "exception_handlers": _handlers()}
    about = {
        200: ResponseSpec(bytes, media_type="*/*", generate_examples=False),
        304: ResponseSpec(None, description="It is the one that the client has."),
    }

    @get(
        ONE,
        summary="A file of one's own, as it was uploaded",
        operation_class=taking(),
        responses=about | refusals(401, 403, 404, body=Problem),
        **common,
    )
    async def download(media_id: FromPath[str], request: AnyRequest) -> Download:
        owner, _ = member(request)
        (item,) = await files.find(owner, [known(media_id)])
        if _has(request, _tag(item)):
            return Download(None, _known(item), patience)
        return Download(files.read(item), _about(item), patience)

    @delete(
        ONE,
        status_code=204,
        summary="Delete a file",
        operation_class=taking(),
        responses=refusals(401, 403, 404, body=Problem),
        **common,
    )
    async def remove(media_id: FromPath[str], request: AnyRequest) -> None:
        owner, _ = member(request)
        await files.remove(owner, known(media_id))

    return download, remove


def _about(item: Item) -> Headers:
    """The headers of a file. Only pictures are shown where they are asked for."""
    how = "inline" if item.kind == "image" else "attachment"
    if item.name:
        how += f"; filename*=UTF-8''{quote(item.name, safe='')}"  # RFC 6266
    return [
        (b"content-type", item.content_type.encode()),
        (b"content-length", b"%d" % item.size),
        (b"content-disposition", how.encode()),
        POLICY,
        *_known(item),
    ]


def _known(item: Item) -> Headers:
    """The headers of a file that the client has, too."""
    return [(b"etag", _tag(item).encode()), CACHE]


def _tag(item: Item) -> str:
    return f'"{item.sha256}"'


def _has(request: AnyRequest, tag: str) -> bool:
    """Whether the client has this file already (RFC 9110, 13.1.2)."""
    tags = [one.strip().removeprefix("W/") for one in request.headers.getall("if-none-match", [])]
    return any(one in {tag, "*"} for line in tags for one in line.split(", "))


def _scope(request: AnyRequest) -> Scope:
    scope: Any = request.scope
    return scope


def _handlers() -> Any:
    def one_of_ours(_: AnyRequest, error: SluiceError) -> Response[bytes]:
        return _said(error)

    def one_of_theirs(request: AnyRequest, error: HTTPException) -> Response[bytes]:
        known = theirs(request, error).content
        return _said(from_code(known["code"], known["detail"]))

    def a_bug(request: AnyRequest, error: Exception) -> Response[bytes]:
        bug(request, error)
        return _said(SluiceError())

    return {SluiceError: one_of_ours, HTTPException: one_of_theirs, Exception: a_bug}


def _said(error: SluiceError) -> Response[bytes]:
    """An error in the dialect's words."""
    return Response(
        refuse(error),
        status_code=status_of(error, INVALID),
        headers=NO_STORE | {name.decode(): value.decode() for name, value in advice(error)},
        media_type=MediaType.JSON,
    )
