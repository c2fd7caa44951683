"""Stored files as parts of what a model is asked, and how much of them fits. Does no I/O itself."""

from collections.abc import Sequence
from contextlib import aclosing

import msgspec

from sluice.core.errors import InvalidRequest, NotFound
from sluice.core.messages import Document, Image, Part
from sluice.services.media.ports import Blobs, Item

PROMPT = ".prompt"  # the suffix of the key under which is what a model is given of a file
FIELD = "media_files"
LONGEST = 4  # bytes of a character in UTF-8, at most


class Allowance(msgspec.Struct, frozen=True):
    """What one request to a model may carry, with all that was given before: so many pictures, so
    many bytes of them, so many characters of documents.
    """

    images: int = 8
    image_bytes: int = 20 << 20
    characters: int = 400_000


class Prompting:
    """Loads what a model is given of files."""

    def __init__(self, blobs: Blobs, allowance: Allowance) -> None:
        self._blobs = blobs
        self._allowance = allowance

    async def parts(self, items: Sequence[Item]) -> tuple[Part, ...]:
        """The parts that go with a question. Raises `InvalidRequest` where they are too much,
        `NotFound` where one has been deleted meanwhile, or `StoreUnavailable`.
        """
        (parts,) = await self.turns([items])
        return parts

    async def turns(self, turns: Sequence[Sequence[Item]]) -> tuple[tuple[Part, ...], ...]:
        """The parts of each of these turns, the newest last, of which all must fit: it raises as
        `parts` does. The others come newest first; what does not fit, or is gone, is left out.
        """
        *earlier, newest = turns
        load = Load(self._blobs, self._allowance)
        asked = [await load.add(item) for item in newest]
        kept = [tuple(asked)]
        for turn in reversed(earlier):
            found = [await _try(load, item) for item in turn]
            kept.append(tuple(part for part in found if part is not None))
        return tuple(reversed(kept))


class Load:
    """What one request carries, as it grows."""

    def __init__(self, blobs: Blobs, allowance: Allowance) -> None:
        self._blobs = blobs
        self._allowance = allowance
        self._images = allowance.images
        self._image_bytes = allowance.image_bytes
        self._characters = allowance.characters

    async def add(self, item: Item) -> Part:
        """A file as a part. Raises `InvalidRequest` where it does not fit, and adds nothing."""
        return await (self._picture if item.kind == "image" else self._document)(item)

    async def _picture(self, item: Item) -> Image:
        if self._images == 0:
            raise self._too_much()
        data = await self._read(item, self._image_bytes)
        self._images -= 1
        self._image_bytes -= len(data)
        return Image(item.prompt_type, data)

    async def _document(self, item: Item) -> Document:
        text = (await self._read(item, self._characters * LONGEST)).decode()
        if len(text) > self._characters:
            raise self._too_much()
        self._characters -= len(text)
        return Document(item.name, text)

    async def _read(self, item: Item, most: int) -> bytes:
        """What a model is given of a file, where that is no more than so many bytes."""
        found = bytearray()
        async with aclosing(self._blobs.get(item.id + PROMPT)) as pieces:
            async for piece in pieces:
                found += piece
                if len(found) > most:
                    raise self._too_much()
        return bytes(found)

    def _too_much(self) -> InvalidRequest:
        most = self._allowance
        return InvalidRequest(
            f"Together they are too much for a request: it may have {most.images} pictures of "
            f"{most.image_bytes} bytes in all, and {most.characters} characters of documents.",
            field=FIELD,
        )


async def _try(load: Load, item: Item) -> Part | None:
    """A file of an earlier turn, where it fits and is still there."""
    try:
        return await load.add(item)
    except (InvalidRequest, NotFound):
        return None
