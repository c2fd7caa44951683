"""A library of files over a folder and SQLite, with people, and an inspector that says lines."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from sluice.adapters.folder_blobs import FolderBlobs, FolderDrafts
from sluice.core.errors import InvalidRequest, UnsupportedMediaType
from sluice.services.media.library import Library, Measure
from sluice.services.media.ports import Blobs, Catalogue, Inspected
from sluice.stores.sql.database import Database
from sluice.stores.sql.media import SqlCatalogue, SqlDiscards
from sluice.stores.sql.migrate import upgrade
from sluice.stores.sql.sqlite import SQLite
from tests.stores.rows import NOON, add_user

PNG = b"\x89PNG\r\n\x1a\n"
MEASURE = Measure(file=1 << 20, user=4 << 20)


class Looks:
    """An `Inspector` that looks at how a file begins."""

    async def inspect(self, path: str) -> Inspected:
        with Path(path).open("rb") as file:  # noqa: ASYNC230 - a few bytes, in a test
            head = file.read(100)
        if head.startswith(PNG):
            return Inspected("image/png", b"small " + head, "image/webp")
        if head.startswith(b"%PDF"):
            raise InvalidRequest("The PDF is malformed", field="file")
        if b"\0" in head:
            raise UnsupportedMediaType("This is no picture, PDF or text.")
        return Inspected("text/plain", head, "text/plain")


class Web:
    """A `Fetcher` that knows these addresses."""

    def __init__(self, pages: Mapping[str, bytes]) -> None:
        self._pages = pages

    async def fetch(self, url: str, most: int) -> AsyncGenerator[bytes, None]:
        if url not in self._pages:
            raise InvalidRequest("This address cannot be fetched", field="url")
        yield self._pages[url]


class Shelf:
    """A library, what it stands on, and a clock to be turned by hand."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        blobs: Blobs | None = None,
        catalogue: Catalogue | None = None,
        pages: Mapping[str, bytes] | None = None,
    ) -> None:
        self.database = database
        self.folder = folder
        self.blobs = blobs or FolderBlobs(folder)
        self.now: datetime = NOON
        self.discards = SqlDiscards(database)
        numbers = count(1)
        self.library = Library(
            catalogue or SqlCatalogue(database),
            self.discards,
            self.blobs,
            FolderDrafts(folder),
            Looks(),
            Web(pages or {}),
            MEASURE,
            lambda: f"c0ffee00-{next(numbers):04}",
            lambda: self.now,
        )

    def files(self) -> list[str]:
        """All that is in the folder."""
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())

    def later(self, **by: float) -> None:
        """Turn the clock."""
        self.now += timedelta(**by)


@asynccontextmanager
async def people_at(folder: Path) -> AsyncIterator[Database]:
    """A database with the users `ann` and `bob`."""
    database = SQLite(folder / "sluice.db")
    await database.write(upgrade)
    for user in ("ann", "bob"):
        await database.write(add_user(user))
    yield database
    await database.close()


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece
