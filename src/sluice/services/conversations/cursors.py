"""Cursors: a place in a list, in a form that clients hand back and need not understand."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from sluice.core.errors import InvalidRequest
from sluice.services.conversations.shapes import Since

T = TypeVar("T")

LONGEST = 200  # characters of a cursor, at most

Id = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z-]{1,36}\Z")]
Moment = Annotated[datetime, Meta(tz=True)]
Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Serial = Annotated[int, Meta(ge=0, le=2**63 - 1)]

_SINCE = msgspec.json.Decoder(tuple[Moment, Id])
_NUMBER = msgspec.json.Decoder(Number)
_SERIAL = msgspec.json.Decoder(Serial)


def since(cursor: str | None) -> Since | None:
    """A place in a list, newest first. Raises `InvalidRequest`."""
    if cursor is None:
        return None
    at, id = _read(cursor, _SINCE)
    return Since(at.astimezone(UTC), id)


def depth(cursor: str | None) -> int | None:
    """A place in a branch. Raises `InvalidRequest`."""
    return None if cursor is None else _read(cursor, _NUMBER)


def serial(cursor: str | None) -> int | None:
    """A place among all messages. Raises `InvalidRequest`."""
    return None if cursor is None else _read(cursor, _SERIAL)


def write(place: Since | int | None) -> str | None:
    """The cursor of a place."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read(cursor: str, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        data = cursor[:LONGEST].encode("ascii")
        return decoder.decode(base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4)))
    except (UnicodeError, binascii.Error, msgspec.DecodeError, OverflowError):
        raise InvalidRequest("cursor: this is no cursor of ours", field="cursor") from None
