"""Files in a folder of this machine: those that are kept, and drafts of those that come in.

    <folder>/3f/3f2a….          what is kept, by its key, in folders by how the keys begin
    <folder>/incoming/          drafts, and what is on its way to its key; emptied at the start

A file that is kept gets its name once it is whole and on the disk (`fsync`, of the folder too), so
a crash or a loss of power leaves all of it or nothing. Drafts are not synced: they die with the
process. All is for the server's eyes only. One server has the folder: its lock sees to that.
"""

import asyncio
import hashlib
import logging
import os
import re
import secrets
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from io import FileIO
from pathlib import Path

from sluice.core.errors import NotFound, StoreUnavailable
from sluice.services.media.ports import Bytes, Pieces

KEY = re.compile(r"[a-z0-9][a-z0-9-]{7,63}(\.[a-z0-9]{1,16})?")
INCOMING = "incoming"
PRIVATE, PRIVATE_FOLDER = 0o600, 0o700
BLOCK = 256 << 10  # bytes that are read, written and hashed at once, in a thread

log = logging.getLogger("sluice.media")


class FolderBlobs:
    """`Blobs` in a folder. Raises `OSError` where it cannot be made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = make_incoming(folder)

    async def put(self, key: str, content: Pieces, size: int, sha256: str) -> None:
        path = self._path(key)
        async with new_file(self._incoming) as draft:
            async for piece in content:
                await draft.write(piece)
            await draft.finish()
            if (draft.size, draft.sha256) != (size, sha256):
                raise ValueError("not what was announced")
            with told():
                await asyncio.to_thread(_keep, draft.file, Path(draft.path), path)

    def get(self, key: str) -> Bytes:
        return read(self._path(key))

    async def delete(self, key: str) -> None:
        with told():
            await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        """Where a key's file is. Raises `ValueError` for what is no key: a bug, or worse."""
        if not KEY.fullmatch(key):
            raise ValueError("not a key")
        return self._folder / key[:2] / key


class FolderDrafts:
    """`Drafts` in the same folder. What the last process has left there is deleted.

    Raises `OSError` where the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._incoming = make_incoming(folder)
        for left in self._incoming.iterdir():
            left.unlink()

    def new(self) -> AbstractAsyncContextManager["FileDraft"]:
        return new_file(self._incoming)


class FileDraft:
    """A `Draft`. What it is given is written and hashed in a thread, a block at a time."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.path = str(path)
        self.file = file
        self.size = 0
        self._hash = hashlib.sha256()
        self._waiting: list[bytes] = []
        self._weight = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def write(self, piece: bytes) -> None:
        self.size += len(piece)
        self._weight += len(piece)
        self._waiting.append(piece)
        if self._weight >= BLOCK:
            await self.finish()

    async def finish(self) -> None:
        block, self._waiting, self._weight = self._waiting, [], 0
        with told():
            await asyncio.to_thread(self._write, block)

    def read(self) -> Bytes:
        return read(Path(self.path))

    def _write(self, block: Iterable[bytes]) -> None:
        for piece in block:
            self._hash.update(piece)
            rest = memoryview(piece)
            while rest:
                rest = rest[self.file.write(rest) :]


async def read(path: Path) -> Bytes:
    """A file's bytes. Raises `NotFound` at the first piece, or `StoreUnavailable`."""
    with told():
        try:
            file = await asyncio.to_thread(FileIO, path)
        except FileNotFoundError:
            raise NotFound from None
        try:
            while block := await asyncio.to_thread(file.read, BLOCK):
                yield block
        finally:
            file.close()


@asynccontextmanager
async def new_file(folder: Path) -> AsyncGenerator[FileDraft]:
    """A new file, which is deleted on leaving, unless it has got another name by then."""
    path = folder / secrets.token_hex(16)
    with told():
        file = FileIO(path, "x+", opener=_private)
    # Neither this nor what comes last is worth a thread: a task that is cancelled while it waits
    # for one would leave a file behind. A thread of such a task may still be writing: an unbuffered
    # file is closed to it between two writes.
    try:
        yield FileDraft(path, file)
    finally:
        file.close()
        with suppress(FileNotFoundError):
            path.unlink()


@contextmanager
def told() -> Generator[None]:
    """A disk's faults in our words; the log gets the kind, and no path."""
    try:
        yield
    except OSError as problem:
        log.warning("media cannot be kept: %s", problem.strerror)
        raise StoreUnavailable from None


def make_incoming(folder: Path) -> Path:
    """Make the folder, and the one within it for what comes in. Raises `OSError`."""
    make_folder(folder)
    make_folder(folder / INCOMING)
    return folder / INCOMING


def make_folder(folder: Path) -> None:
    """Make a folder for nobody else's eyes, where there is none. Raises `OSError`."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def _keep(file: FileIO, draft: Path, path: Path) -> None:
    """Give a file its name, once it is on the disk; and then the name is there to stay."""
    os.fsync(file.fileno())
    make_folder(path.parent)
    draft.rename(path)
    for folder in (path.parent, path.parent.parent):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
