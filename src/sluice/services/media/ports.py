"""What a stored file is, and the ports behind which files are kept, inspected and fetched.

Knows neither HTTP, SQL nor any file format. Sizes are bytes, times aware datetimes in UTC.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

import msgspec

from sluice.services.conversations.shapes import Since

Kind = Literal["image", "document"]
Pieces = AsyncIterable[bytes]
Bytes = AsyncGenerator[
    bytes, None
]  # what is given out: read it within `aclosing`, to its end or not

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
    `prompt_type`   the media type of what a model is given of it
    """

    id: str
    owner: str
    content_type: str
    size: int
    sha256: str
    name: str
    created_at: datetime
    prompt_type: str

    @property
    def kind(self) -> Kind:
        return KINDS[self.content_type]


class Shelved(NamedTuple):
    """Some of a user's files, and where the next ones begin; None where there are none."""

    items: tuple[Item, ...]
    next: Since | None


class Catalogue(Protocol):
    """The rows of stored files. What is another user's is not there."""

    async def add(self, item: Item, most: int) -> None:
        """Add a row, whose bytes were `expected`. Raises `PayloadTooLarge` where all files of the
        owner would be more than `most` bytes, `Unauthorized` where there is no such user,
        `StoreUnavailable`, and `Unsure` of those where it may have been done.
        """
        ...

    async def find(self, owner: str, ids: Sequence[str]) -> tuple[Item, ...]:
        """All of these, in this order. Raises `NotFound` where one is missing."""
        ...

    async def list(self, owner: str, limit: int, after: Since | None) -> Shelved:
        """Files of a user, the newest first, beginning after a place, or at the newest."""
        ...

    async def remove(self, owner: str, id: str) -> None:
        """Raises `NotFound`. Its bytes are `discarded` from then on."""
        ...


class Discards(Protocol):
    """Ids of files of which there may be bytes, though there is no row."""

    async def expect(self, id: str, now: datetime) -> None:
        """Bytes are about to be stored; the row that follows takes the note away again."""
        ...

    async def discarded(self, before: datetime, most: int) -> Sequence[str]:
        """Files whose rows were deleted, their users' going included; and those that were expected
        before then, and never came. At most so many."""
        ...

    async def forget(self, ids: Sequence[str]) -> None:
        """Their bytes are gone."""
        ...


class Blobs(Protocol):
    """Where the bytes are: a folder, or an object store.

    A key is an id, or an id with a suffix such as `.prompt`; it has `a-z`, `0-9`, `-` and `.` only.
    """

    async def put(self, key: str, content: Pieces, size: int, sha256: str) -> None:
        """Store all of it, which is so many bytes of this hash, in hexadecimal, or nothing; never
        whole in memory. Raises `StoreUnavailable`, or what `content` raises.
        """
        ...

    def get(self, key: str) -> Bytes:
        """Its bytes, in pieces. Raises `NotFound` at the first piece, or `StoreUnavailable`."""
        ...

    async def delete(self, key: str) -> None:
        """No error where it is not there. Raises `StoreUnavailable`."""
        ...


class Draft(Protocol):
    """A file on its way in, in a file of this machine. What it is written is kept in order.

    `path`    where it is, for the `Inspector`
    `size`    bytes written so far
    `sha256`  of those, in hexadecimal, once `finish` has returned
    """

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    async def write(self, piece: bytes) -> None:
        """Add to it; returns when more may come. Raises `StoreUnavailable`."""
        ...

    async def finish(self) -> None:
        """All of it has been written. Raises `StoreUnavailable`."""
        ...

    def read(self) -> Bytes:
        """Its bytes, in pieces, once finished. Raises `StoreUnavailable`."""
        ...


class Drafts(Protocol):
    """Where files stay until they are known to be welcome."""

    def new(self) -> AbstractAsyncContextManager[Draft]:
        """A new one, gone on leaving the context. Raises `StoreUnavailable`."""
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
