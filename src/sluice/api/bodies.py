"""What a resource is given, read: its body, its query parameters, and who asks."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from sluice.api.errors import AnyRequest, visit_of
from sluice.core.commands import Principal
from sluice.core.errors import InvalidRequest, NotFound, Unauthorized, UnsupportedMediaType
from sluice.dialects import json
from sluice.transports.asgi import query_of

T = TypeVar("T")

LONGEST_ID = 36  # characters

Limit = Annotated[int, Meta(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[
    str, Meta(min_length=1, max_length=500, description="The `next_cursor` of the page before.")
]


def read(request: AnyRequest, body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """A JSON body. Raises `UnsupportedMediaType`, `MalformedJSON`, and `InvalidRequest` that names
    the field."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedMediaType
    try:
        return json.read(body, decoder)
    except InvalidRequest as problem:
        raise _named(problem) from None


def query(request: AnyRequest, into: type[T]) -> T:
    """The query parameters. Raises `InvalidRequest` that names the parameter."""
    try:
        return json.convert(query_of(dict(request.scope)), into)
    except InvalidRequest as problem:
        raise _named(problem) from None


def member(request: AnyRequest) -> tuple[str, Principal]:
    """Who asks, and the id. Raises `Unauthorized` for a stranger."""
    who = visit_of(request).who
    if who.id is None:
        raise Unauthorized
    return who.id, who


def known(id: str) -> str:
    """An id from a path. Raises `NotFound` for what cannot be one."""
    if not (len(id) <= LONGEST_ID and id.isascii() and id.isprintable()):
        raise NotFound
    return id


def _named(problem: InvalidRequest) -> InvalidRequest:
    """The same, naming the field in its text, too. What is no JSON at all has no field."""
    if problem.field is None:
        return problem
    return InvalidRequest(f"{problem.field}: {problem.message}", field=problem.field)
