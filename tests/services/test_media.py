"""The library of files: what is taken in, what remains when it fails, what goes to a model."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sluice.adapters.folder_blobs import FolderBlobs
from sluice.core.commands import Medium
from sluice.core.errors import (
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    SluiceError,
    StoreUnavailable,
    Unauthorized,
    UnsupportedMediaType,
)
from sluice.core.messages import Document, Image
from sluice.services.media.library import clean
from sluice.services.media.ports import Item, Pieces
from sluice.services.media.prompting import Allowance, Prompting
from sluice.services.persistence import Unsure
from sluice.stores.sql.database import Database
from sluice.stores.sql.media import SqlCatalogue
from tests.services.shelves import MEASURE, PNG, Shelf, people_at, pieces

CAT = PNG + b"cat" * 1000
PAGES = {"https://example.org/a/dog%20.png?x=1": PNG + b"dog", "https://example.org/bad": b"%PDF"}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with people_at(tmp_path) as found:
        yield found


@pytest.fixture
def shelf(database: Database, tmp_path: Path) -> Shelf:
    return Shelf(database, tmp_path / "media", pages=PAGES)


async def discarded(shelf: Shelf) -> list[str]:
    shelf.later(hours=2)
    return list(await shelf.discards.discarded(shelf.now, 100))


async def add(shelf: Shelf, *data: bytes, owner: str = "ann", name: str = "cat.png") -> Item:
    return await shelf.library.upload(owner, name, pieces(*(data or (CAT,))))


async def test_what_was_uploaded_can_be_read_and_is_measured(shelf: Shelf) -> None:
    item = await add(shelf, CAT[:100], CAT[100:], name="C:\\pictures\\my cat.png")
    assert (item.content_type, item.size, item.name) == ("image/png", len(CAT), "my cat.png")
    assert item.sha256 == hashlib.sha256(CAT).hexdigest()
    assert await shelf.library.find("ann", [item.id]) == (item,)
    assert b"".join([piece async for piece in shelf.library.read(item)]) == CAT
    assert shelf.files() == [item.id, f"{item.id}.prompt"]
    assert await discarded(shelf) == []


async def left() -> AsyncIterator[bytes]:
    yield CAT
    raise ConnectionResetError


FAILURES: dict[str, tuple[Callable[[], Pieces], type[Exception]]] = {
    "too large": (lambda: pieces(*[bytes(1 << 18)] * 5), PayloadTooLarge),
    "too large at once": (lambda: pieces(bytes(MEASURE.file + 1)), PayloadTooLarge),
    "empty": (pieces, InvalidRequest),
    "malformed": (lambda: pieces(b"%PDF"), InvalidRequest),
    "of no known kind": (lambda: pieces(b"MZ\0\0"), UnsupportedMediaType),
    "cut off": (left, ConnectionResetError),
}


@pytest.mark.parametrize(("content", "error"), FAILURES.values(), ids=FAILURES.keys())
async def test_of_a_file_that_is_refused_nothing_remains(
    shelf: Shelf, content: Callable[[], Pieces], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await shelf.library.upload("ann", "x", content())
    assert shelf.files() == []
    assert await discarded(shelf) == []


class Breaking(FolderBlobs):
    """A store that takes so many files, and then none."""

    def __init__(self, folder: Path, takes: int) -> None:
        super().__init__(folder)
        self.left = takes

    async def put(self, key: str, content: Pieces, size: int, sha256: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailable
        await super().put(key, content, size, sha256)


class Refusing(SqlCatalogue):
    """A catalogue that is out of reach when a row comes."""

    def __init__(self, database: Database, error: SluiceError) -> None:
        super().__init__(database)
        self._error = error

    async def add(self, item: Item, most: int) -> None:
        raise self._error


@pytest.mark.parametrize("takes", [0, 1])
async def test_a_store_that_fails_in_the_middle_keeps_nothing(
    database: Database, tmp_path: Path, takes: int
) -> None:
    shelf = Shelf(database, tmp_path / "media", Breaking(tmp_path / "media", takes))
    with pytest.raises(StoreUnavailable):
        await add(shelf)
    assert shelf.files() == []
    assert await discarded(shelf) == []


@pytest.mark.parametrize("error", [StoreUnavailable(), PayloadTooLarge(), Unauthorized()])
async def test_bytes_whose_row_is_refused_are_gone(
    database: Database, tmp_path: Path, error: SluiceError
) -> None:
    shelf = Shelf(database, tmp_path / "media", catalogue=Refusing(database, error))
    with pytest.raises(type(error)):
        await add(shelf)
    assert shelf.files() == []


async def test_bytes_whose_row_may_be_there_stay_until_that_is_known(
    database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(database, tmp_path / "media", catalogue=Refusing(database, Unsure()))
    with pytest.raises(Unsure):
        await add(shelf)
    assert len(shelf.files()) == 2
    assert await shelf.library.tidy() == 0
    shelf.later(hours=2)
    assert await shelf.library.tidy() == 1
    assert shelf.files() == []


async def test_an_upload_that_is_cancelled_leaves_no_draft(shelf: Shelf) -> None:
    arrived = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield CAT
        arrived.set()
        await asyncio.Event().wait()

    uploading = asyncio.create_task(shelf.library.upload("ann", "x", stalling()))
    await arrived.wait()
    assert len(shelf.files()) == 1
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    assert shelf.files() == []


async def test_what_is_deleted_is_gone_with_its_bytes(shelf: Shelf) -> None:
    item = await add(shelf)
    with pytest.raises(NotFound):
        await shelf.library.remove("bob", item.id)
    await shelf.library.remove("ann", item.id)
    with pytest.raises(NotFound):
        await shelf.library.find("ann", [item.id])
    assert shelf.files() == []
    assert await discarded(shelf) == []


class Sticking(FolderBlobs):
    """A store that deletes nothing, for a while."""

    sticks = True

    async def delete(self, key: str) -> None:
        if self.sticks:
            raise StoreUnavailable
        await super().delete(key)


async def test_bytes_that_cannot_go_now_go_later(database: Database, tmp_path: Path) -> None:
    blobs = Sticking(tmp_path / "media")
    shelf = Shelf(database, tmp_path / "media", blobs)
    item = await add(shelf)
    await shelf.library.remove("ann", item.id)
    with pytest.raises(StoreUnavailable):
        await shelf.library.tidy()
    assert len(shelf.files()) == 2
    blobs.sticks = False
    assert await shelf.library.tidy() == 1
    assert shelf.files() == []


async def test_files_of_a_question_are_taken_in_their_order(shelf: Shelf) -> None:
    cat = await add(shelf)
    url = next(iter(PAGES))
    media = [Medium(url=url), Medium(id=cat.id), Medium(id=cat.id)]
    dog, *cats = await shelf.library.take("ann", media)
    assert cats == [cat, cat]
    assert (dog.owner, dog.name, dog.size) == ("ann", "dog .png", len(PNG) + 3)
    assert await shelf.library.find("ann", [dog.id]) == (dog,)


URL = next(iter(PAGES))
WRONG: dict[str, tuple[list[Medium], type[SluiceError], str | None]] = {
    "neither": ([Medium()], InvalidRequest, "media_files[0]"),
    "both": ([Medium(id="a", url=URL)], InvalidRequest, "media_files[0]"),
    "too many": ([Medium(url=URL)] * 11, InvalidRequest, "media_files"),
    "unknown": ([Medium(url=URL), Medium(id="nobody")], NotFound, None),
    "not to be fetched": ([Medium(url=URL), Medium(url="x")], InvalidRequest, "media_files[1].url"),
    "malformed": (
        [Medium(url=URL), Medium(url="https://example.org/bad")],
        InvalidRequest,
        "media_files[1].url",
    ),
}


@pytest.mark.parametrize(("media", "error", "field"), WRONG.values(), ids=WRONG.keys())
async def test_of_files_that_cannot_be_taken_together_none_is_kept(
    shelf: Shelf, media: list[Medium], error: type[SluiceError], field: str | None
) -> None:
    with pytest.raises(error) as refused:
        await shelf.library.take("ann", media)
    assert refused.value.field == field
    assert shelf.files() == []


async def test_anothers_file_cannot_go_with_a_question(shelf: Shelf) -> None:
    item = await add(shelf, owner="bob")
    with pytest.raises(NotFound):
        await shelf.library.take("ann", [Medium(id=item.id)])


async def test_a_model_is_given_pictures_made_anew_and_the_text_of_documents(
    shelf: Shelf,
) -> None:
    cat, note = await add(shelf), await add(shelf, "Xin chào".encode(), name="note.txt")
    parts = await Prompting(shelf.blobs, Allowance()).parts([note, cat])
    assert parts == (
        Document("note.txt", "Xin chào"),
        Image("image/webp", b"small " + CAT[:100]),
    )


LIMITS = {
    "pictures": Allowance(images=1),
    "bytes of pictures": Allowance(image_bytes=150),
    "characters": Allowance(characters=15),
}


@pytest.mark.parametrize("allowance", LIMITS.values(), ids=LIMITS.keys())
async def test_more_than_a_question_may_carry_is_refused(
    shelf: Shelf, allowance: Allowance
) -> None:
    cat, note = await add(shelf), await add(shelf, "Xin chào".encode())
    prompting = Prompting(shelf.blobs, allowance)
    assert len(await prompting.parts([cat, note])) == 2
    with pytest.raises(InvalidRequest) as refused:
        await prompting.parts([cat, note, cat, note])
    assert refused.value.field == "media_files"


async def test_of_earlier_turns_the_newest_files_come_first_and_what_does_not_fit_is_left_out(
    shelf: Shelf,
) -> None:
    cat, note, gone = await add(shelf), await add(shelf, b"hello"), await add(shelf)
    await shelf.library.remove("ann", gone.id)
    prompting = Prompting(shelf.blobs, Allowance(images=2))
    turns = await prompting.turns([[cat, note], [gone], [cat], [], [cat]])
    kinds: list[Any] = [[type(part).__name__ for part in turn] for turn in turns]
    assert kinds == [["Document"], [], ["Image"], [], ["Image"]]


NAMES = {
    "cat.png": "cat.png",
    "../../etc/passwd": "passwd",
    "C:\\a\\b.txt": "b.txt",
    "bell\x07\u202ename\ud800": "bellname",
    "mèo 😺.png": "mèo 😺.png",
    "x" * 300: "x" * 200,
    "": "",
}


@pytest.mark.parametrize(("given", "shown"), NAMES.items())
def test_a_name_is_for_showing(given: str, shown: str) -> None:
    assert clean(given) == shown
