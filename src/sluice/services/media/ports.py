"""What a stored file is, and the ports behind which files are kept, inspected and fetched.

Knows neither HTTP, SQL nor any file format. Sizes are bytes, times aware datetimes in UTC.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal, Protocol

import msgspec

Kind = Literal["image", "document"]
Bytes = AsyncIterator[bytes]

# What may be stored, by what its content shows. All else is `unsupported_media_type`.
KINDS: dict[str, Kind] = {
    "image/png": "image",
    "image/jpeg": "image",
    "image/webp": "image",
    "image/gif": "image",
    "application/pdf": "document",
    "text/plain": "document",
}


class Item(msgspec.Struct, frozen=True):
    """A stored file.

    `content_type`  as its content shows, one of `KINDS`; not as its name or client says
    `sha256`        of the bytes as they came, in hexadecimal
    `name`          as its owner called it, cut and cleaned; for showing only
    """

    id: str
    owner: str
    content_type: str
    size: int
    sha256: str
    name: str
    created_at: datetime

    @property
    def kind(self) -> Kind:
        return KINDS[self.content_type]


class Catalogue(Protocol):
    """The rows of stored files. What is another user's is not there."""

    async def add(self, item: Item, most: int) -> None:
        """Raises `PayloadTooLarge` where all files of the owner would be more than `most` bytes."""
        ...

    async def find(self, owner: str, ids: tuple[str, ...]) -> tuple[Item, ...]:
        """All of these, in this order. Raises `NotFound` where one is missing."""
        ...

    async def remove(self, owner: str, id: str) -> None:
        """Raises `NotFound`."""
        ...


class Blobs(Protocol):
    """Where the bytes are: a folder, or an object store. A key has hex digits, `-` and `.` only."""

    async def put(self, key: str, content: Bytes) -> None:
        """Store all of it or nothing, never whole in memory. Raises `StoreUnavailable`."""
        ...

    def get(self, key: str) -> Bytes:
        """Its bytes, in pieces. Raises `NotFound` at the first piece, or `StoreUnavailable`."""
        ...

    async def delete(self, key: str) -> None:
        """No error where it is not there."""
        ...


class Inspected(msgspec.Struct, frozen=True):
    """What a file's content has shown.

    `content_type`  one of `KINDS`
    `prompt`        what a model is given of it: a picture made anew, no larger than it need be, or
                    the text in UTF-8
    `prompt_type`   the media type of that
    """

    content_type: str
    prompt: bytes
    prompt_type: str


class Inspector(Protocol):
    """Looks into files, in a process of its own, which can be killed."""

    async def inspect(self, path: str) -> Inspected:
        """Judge the file at a path of this machine by its content, and make of it what a model is
        given. Raises `UnsupportedMediaType`; `InvalidRequest` with the reason where it is malformed
        or too much: pixels, pages, text, time or memory; `Overloaded` where too many wait.
        """
        ...


class Fetcher(Protocol):
    """Fetches files from public addresses, and never from this network."""

    def fetch(self, url: str, most: int) -> Bytes:
        """Its bytes, in pieces. Raises, at the first piece or a later one, `InvalidRequest` naming
        `url` where it may not, cannot or takes too long to be fetched; `PayloadTooLarge`.
        """
        ...
