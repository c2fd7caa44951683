"""The files that people give us: taken in, kept, handed out, deleted, and put to a question.

A file is first written to a draft, where it is measured and looked into; then its bytes are stored,
and its row last, so that what has a row can be read. What is cut off in between leaves a note by
which `tidy` finds the bytes. Knows neither HTTP, SQL nor any file format.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import msgspec

from sluice.core.commands import Medium
from sluice.core.errors import (
    InvalidRequest,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    SluiceError,
    StoreUnavailable,
)
from sluice.services.conversations import cursors
from sluice.services.conversations.shapes import Page
from sluice.services.media.ports import (
    Blobs,
    Bytes,
    Catalogue,
    Discards,
    Draft,
    Drafts,
    Fetcher,
    Inspected,
    Inspector,
    Item,
    Pieces,
)
from sluice.services.media.prompting import FIELD, PROMPT
from sluice.services.media.shapes import OwnFile, address
from sluice.services.persistence import Unsure

AT_ONCE = 64  # files on their way in
KEEPING_AT_ONCE = 4  # files that are looked into and stored
FILES = 10  # that can go with one question
LONGEST_NAME = 200  # characters
OVERDUE = timedelta(hours=1)  # after which bytes that were expected are not on their way any more
BATCH = 100
PIECE = 64 << 10  # bytes


class Measure(msgspec.Struct, frozen=True):
    """How much may be kept, in bytes: of one file, and of all files of a user."""

    file: int = 20 << 20
    user: int = 1 << 30


class Library:
    """The files. `now` is a moment in UTC."""

    def __init__(
        self,
        catalogue: Catalogue,
        discards: Discards,
        blobs: Blobs,
        drafts: Drafts,
        inspector: Inspector,
        fetcher: Fetcher,
        measure: Measure,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._catalogue = catalogue
        self._discards = discards
        self._blobs = blobs
        self._drafts = drafts
        self._inspector = inspector
        self._fetcher = fetcher
        self._measure = measure
        self._new_id = new_id
        self._now = now
        self._coming = 0
        self._keeping = asyncio.Semaphore(KEEPING_AT_ONCE)

    async def upload(self, owner: str, name: str, content: Pieces) -> Item:
        """Take a file in. It may be called anything; what it is, its content tells.

        Raises `PayloadTooLarge` as soon as it is, `UnsupportedMediaType`, `InvalidRequest` for an
        empty or malformed file, `Overloaded`, `StoreUnavailable`, and what `content` raises; then
        nothing of it is left.
        """
        if self._coming >= AT_ONCE:
            raise Overloaded("Too many files are on their way in.", retry_after=5)
        self._coming += 1
        try:
            async with self._drafts.new() as draft:
                await self._receive(draft, content)
                async with self._keeping:
                    return await self._keep(owner, name, draft)
        finally:
            self._coming -= 1

    async def find(self, owner: str, ids: Sequence[str]) -> tuple[Item, ...]:
        """Files of a user, in this order. Raises `NotFound`."""
        return await self._catalogue.find(owner, ids)

    async def list(self, owner: str, limit: int, cursor: str | None) -> Page[OwnFile]:
        """Some files of a user, the newest first. Raises `InvalidRequest`."""
        found = await self._catalogue.list(owner, limit, cursors.since(cursor))
        return Page(tuple(map(_shown, found.items)), cursors.write(found.next))

    def read(self, item: Item) -> Bytes:
        """A file's bytes as they came. Raises as `Blobs.get` does."""
        return self._blobs.get(item.id)

    async def remove(self, owner: str, id: str) -> None:
        """Delete a file. Raises `NotFound`. Where its bytes cannot go now, they go later."""
        await self._catalogue.remove(owner, id)
        await self._discard(id)

    async def take(self, owner: str, media: Sequence[Medium]) -> tuple[Item, ...]:
        """The files that go with a question: those of ids, and those that are fetched now.

        Raises `InvalidRequest` naming the field, `NotFound`, and what `upload` does; then nothing
        is kept of what was fetched.
        """
        _judge(media)
        ids = [medium.id for medium in media if medium.id is not None]
        known = {item.id: item for item in await self._catalogue.find(owner, ids)}
        found: list[Item] = []
        async with AsyncExitStack() as stack:
            for n, medium in enumerate(media):
                if medium.id is not None:
                    found.append(known[medium.id])
                elif medium.url is not None:
                    item = await self._fetch(owner, medium.url, n)
                    stack.push_async_callback(self._take_back, item)
                    found.append(item)
            stack.pop_all()
        return tuple(found)

    async def tidy(self) -> int:
        """Delete the bytes of files that have no row any more, or never got one; tells how many
        files that were. Raises `StoreUnavailable`.
        """
        gone = 0
        before = self._now() - OVERDUE
        while ids := await self._discards.discarded(before, BATCH):
            for id in ids:
                await self._delete(id)
            await self._discards.forget(ids)
            gone += len(ids)
        return gone

    async def _receive(self, draft: Draft, content: Pieces) -> None:
        async for piece in content:
            if draft.size + len(piece) > self._measure.file:
                raise PayloadTooLarge(f"The file is larger than {self._measure.file} bytes.")
            await draft.write(piece)
        if draft.size == 0:
            raise InvalidRequest("The file is empty", field="file")
        await draft.finish()

    async def _keep(self, owner: str, name: str, draft: Draft) -> Item:
        """Look into a file, and store it."""
        seen = await self._look(draft)
        now = self._now()
        item = Item(
            id=self._new_id(),
            owner=owner,
            content_type=seen.content_type,
            size=draft.size,
            sha256=draft.sha256,
            name=clean(name),
            created_at=now,
            prompt_type=seen.prompt_type,
        )
        await self._discards.expect(item.id, now)
        try:
            async with aclosing(draft.read()) as content:
                await self._blobs.put(item.id, content, item.size, item.sha256)
            await self._put(item.id + PROMPT, seen.prompt)
            await self._catalogue.add(item, self._measure.user)
        except Unsure:
            raise  # its row may be there, and then its bytes must be; else they are `discarded`
        except SluiceError:
            await self._discard(item.id)
            raise
        return item

    async def _look(self, draft: Draft) -> Inspected:
        try:
            return await self._inspector.inspect(draft.path)
        except InvalidRequest as problem:
            raise InvalidRequest(problem.message, field="file") from None

    async def _put(self, key: str, data: bytes) -> None:
        digest = await asyncio.to_thread(hashlib.sha256, data)
        await self._blobs.put(key, _pieces(data), len(data), digest.hexdigest())

    async def _fetch(self, owner: str, url: str, n: int) -> Item:
        """Take in what is at an address, which is the nth of a request."""
        try:
            async with aclosing(self._fetcher.fetch(url, self._measure.file)) as content:
                return await self.upload(owner, _name_of(url), content)
        except InvalidRequest as problem:
            raise InvalidRequest(problem.message, field=f"{FIELD}[{n}].url") from None

    async def _take_back(self, item: Item) -> None:
        """Delete what was fetched for a question that is not asked."""
        with suppress(NotFound, StoreUnavailable):
            await self.remove(item.owner, item.id)

    async def _discard(self, id: str) -> None:
        """Delete a file's bytes now, if that can be done now; it is noted that they are to go."""
        with suppress(StoreUnavailable):
            await self._delete(id)
            await self._discards.forget([id])

    async def _delete(self, id: str) -> None:
        await self._blobs.delete(id)
        await self._blobs.delete(id + PROMPT)


def clean(name: str) -> str:
    """What a file is called, to show: no folders, nothing that cannot be seen, not too long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(filter(str.isprintable, last)).strip()[:LONGEST_NAME]


def _shown(item: Item) -> OwnFile:
    return OwnFile(
        id=item.id,
        url=address(item.id),
        content_type=item.content_type,
        size=item.size,
        sha256=item.sha256,
        name=item.name,
        created_at=item.created_at,
    )


def _judge(media: Sequence[Medium]) -> None:
    """Raises `InvalidRequest` for what cannot go with a question."""
    if len(media) > FILES:
        raise InvalidRequest(f"Expected at most {FILES} files", field=FIELD)
    for n, medium in enumerate(media):
        if (medium.id is None) == (medium.url is None):
            raise InvalidRequest("Expected either `id` or `url`", field=f"{FIELD}[{n}]")


def _name_of(url: str) -> str:
    """What a file at an address is called: as its path ends."""
    try:
        return PurePosixPath(unquote(urlsplit(url).path)).name
    except ValueError:  # the fetcher says what is wrong with it
        return ""


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]
