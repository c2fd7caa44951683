"""What was said in conversations: read page by page, searched, and taken along as a file."""

import re
import unicodedata
from collections.abc import AsyncIterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from sluice.services.conversations import cursors
from sluice.services.conversations.ports import Reader, Shelf
from sluice.services.conversations.shapes import (
    Conversation,
    Hit,
    Message,
    Order,
    Page,
    Spot,
    Stretch,
)
from sluice.services.media.shapes import CarriedFile

EXPORT_PAGE = 500  # messages that are in memory at once, at most
BEGINNING = Spot(0, 0)
Format = Literal["json", "markdown"]
ENDINGS: dict[Format, str] = {"json": "json", "markdown": "md"}
SPEAKERS = {"user": "You", "assistant": "Assistant", "system": "System"}
REMARKS = {"partial": "*(cut off)*", "failed": "*(failed)*", "streaming": "*(being written)*"}
MARKS = re.compile(r"[\\`*_\[\]<>&]")  # what Markdown would take for more than a letter

_encode = msgspec.json.encode


class File(NamedTuple):
    """A file to be saved. `name` is of plain ASCII letters, digits, dots and dashes."""

    name: str
    content: AsyncIterator[bytes]


class Reading:
    """Reads somebody's conversations. A stranger has none."""

    def __init__(self, shelf: Shelf, reader: Reader) -> None:
        self._shelf = shelf
        self._reader = reader

    async def messages(
        self,
        owner: str,
        id: str,
        limit: int,
        cursor: str | None,
        order: Order,
        branch: str | None,
    ) -> Page[Message]:
        """Messages of the branch that is shown, or of the one that holds the message `branch`.

        Raises `NotFound`, `InvalidRequest`.
        """
        beyond = cursors.depth(cursor)
        wanted = Stretch(limit, order, beyond, branch)
        told = await self._reader.read(owner, id, wanted)
        return Page(told.items, cursors.write(told.next))

    async def search(self, owner: str, query: str, limit: int, cursor: str | None) -> Page[Hit]:
        """Messages with these words, the newest first. Raises `InvalidRequest`."""
        before = cursors.serial(cursor)
        hits = await self._reader.search(owner, query, before, limit)
        return Page(hits.items, cursors.write(hits.next))

    async def export(self, owner: str, id: str, format: Format) -> File:
        """A conversation as a file, written while it is read. Raises `NotFound`.

        `json` holds every branch, `markdown` the one that is shown.
        """
        about = await self._shelf.find(owner, id)
        written = self._json(owner, about) if format == "json" else self._markdown(owner, about)
        return File(file_name(about, format), written)

    async def _json(self, owner: str, about: Conversation) -> AsyncIterator[bytes]:
        yield _encode(about)[:-1] + b',"messages":['
        after: Spot | None = BEGINNING
        while after is not None:
            page = await self._reader.all(owner, about.id, after, EXPORT_PAGE)
            comma = b"," if after != BEGINNING and page.items else b""
            yield comma + b",".join(map(_encode, page.items))
            after = page.next
        yield b"]}"

    async def _markdown(self, owner: str, about: Conversation) -> AsyncIterator[bytes]:
        yield f"# {' '.join(about.title.split())}\n".encode()
        beyond: int | None = None
        while True:
            stretch = Stretch(EXPORT_PAGE, beyond=beyond)
            told = await self._reader.read(owner, about.id, stretch)
            yield "".join(map(_section, told.items)).encode()
            beyond = told.next
            if beyond is None:
                return


def file_name(about: Conversation, format: Format) -> str:
    """What to call the file: the title, as far as any file system can hold it, and the id."""
    plain = unicodedata.normalize("NFKD", about.title).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:60] or "conversation"
    return f"{slug}-{about.id[:8]}.{ENDINGS[format]}"


def _section(message: Message) -> str:
    speaker = SPEAKERS.get(message.role, message.role)
    model = f" ({message.model})" if message.model else ""
    at = message.created_at.strftime("%Y-%m-%d %H:%M UTC")
    head = f"## {speaker}{model}, {at}"
    parts = [head, message.content, _named(message.files), REMARKS.get(message.status, "")]
    return "".join(f"\n{part}\n" for part in parts if part)


def _named(files: Sequence[CarriedFile]) -> str:
    """What goes with a question, as a line; a file without a name by what it is."""
    names = [MARKS.sub(r"\\\g<0>", file.name or file.content_type) for file in files]
    return f"*(with {', '.join(names)})*" if names else ""
