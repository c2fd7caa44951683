"""Files as their owner sees them, beside messages and in a list of their own.

The structs go out as they are, as JSON: their fields are the API's. Sizes are bytes.
"""

from datetime import datetime

import msgspec

PLACE = "/api/media"  # where files are to be had, by their ids


class NamedFile(msgspec.Struct, frozen=True):
    """A file that goes with a message. `name` is what its owner calls it, and may be empty."""

    id: str
    name: str
    content_type: str


class CarriedFile(msgspec.Struct, frozen=True):
    """The same, and where it is to be had."""

    id: str
    url: str
    content_type: str
    size: int
    name: str


class OwnFile(msgspec.Struct, frozen=True):
    """A stored file. `content_type` is as its content shows; `sha256` in hexadecimal."""

    id: str
    url: str
    content_type: str
    size: int
    sha256: str
    name: str
    created_at: datetime


def address(id: str) -> str:
    """Where the file of this id is to be had."""
    return f"{PLACE}/{id}"
