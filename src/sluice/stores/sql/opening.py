"""The data folder and the database, as a server finds them when it starts.

In the folder: `sluice.db` (unless the database is elsewhere), `lock`, which a running server holds,
`server-id`, `secret`, and `backups`.
"""

import asyncio
import fcntl
import os
import re
import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeGuard

from sqlalchemy.exc import DBAPIError

from sluice.stores.sql.database import Database, StoreError
from sluice.stores.sql.files import PRIVATE, make_folder, new_file
from sluice.stores.sql.migrate import prepare, revision, upgrade_server
from sluice.stores.sql.postgres import Postgres
from sluice.stores.sql.sqlite import SQLite

FILE = "sluice.db"
SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://", "postgresql+asyncpg://")
MALFORMED = "SLUICE_DATABASE_URL is no address (special characters in a password are written %40)."
HEX = re.compile(r"[0-9a-f]+")


@asynccontextmanager
async def serving(url: str | None, folder: Path) -> AsyncGenerator[Database]:
    """A database for a server: its folder is nobody else's, its tables are as they must be.

    Raises `StoreError`, which says to the operator what is in the way.
    """
    with held(folder):
        database = await open_database(url, folder)
        try:
            await prepare(database, folder)
            yield database
        finally:
            await database.close()


async def open_database(url: str | None, folder: Path) -> Database:
    """The database at an address, as it is; without one, the file in the data folder.

    Commands beside a running server use this. Raises `StoreError`.
    """
    if is_postgres(url):
        return await _reached(Postgres(url))
    return await asyncio.to_thread(open_file, file_of(url, folder))


async def upgrade_database(url: str | None, folder: Path) -> None:
    """Bring a database to this version, by hand. Raises `StoreError`; no server may run on a file
    meanwhile.
    """
    if not is_postgres(url):
        async with serving(url, folder):
            return
    database = await _reached(Postgres(url, patience=None))
    try:
        await upgrade_server(database)
    finally:
        await database.close()


def is_postgres(url: str | None) -> TypeGuard[str]:
    """Whether this is the address of a PostgreSQL server."""
    return url is not None and url.startswith(POSTGRES)


def file_of(url: str | None, folder: Path) -> Path:
    """The SQLite file that is meant by `sqlite:///path`, or by no address at all."""
    if url is None:
        return folder / FILE
    path = url.removeprefix(SQLITE)
    if path == url or path in {"", ":memory:"}:
        raise StoreError(
            "SLUICE_DATABASE_URL must begin with postgresql:// or be sqlite:/// and a path."
        )
    return Path(path)


def open_file(path: Path) -> SQLite:
    """The database in a file, which is made where there is none. Raises `StoreError`."""
    make_data_folder(path.parent)
    try:
        path.touch(PRIVATE)
        return SQLite(path)
    except OSError as problem:
        raise StoreError(f"Cannot use the database {path}: {problem.strerror}.") from None
    except DBAPIError as problem:
        raise StoreError(f"Cannot open the database {path}: {problem.orig}.") from None


def make_data_folder(folder: Path) -> None:
    """Make the data folder, where there is none. Raises `StoreError`."""
    try:
        make_folder(folder)
    except OSError as problem:
        raise StoreError(f"Cannot make the data folder {folder}: {problem.strerror}.") from None


@contextmanager
def held(folder: Path) -> Generator[None]:
    """Have the data folder for oneself. Raises `StoreError` where another server has it.

    The lock is the kernel's: it ends with the process, however that ends.
    """
    make_data_folder(folder)
    try:
        file = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, PRIVATE)
    except OSError as problem:
        raise StoreError(f"Cannot use the data folder {folder}: {problem.strerror}.") from None
    try:
        _lock(file, folder)
        yield
    finally:
        os.close(file)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreError(f"Another server is using the data folder {folder}.") from None


def server_id(folder: Path) -> str:
    """The name of the server in this folder, 32 hex digits; it stays the same for ever."""
    return _kept(folder / "server-id", 16)


def read_secret(folder: Path) -> str:
    """What this server signs with where no setting says so: 64 hex digits, made at first need."""
    return _kept(folder / "secret", 32)


def _kept(path: Path, size: int) -> str:
    """What a file holds: so many random bytes, which are made where it is not there yet."""
    make_data_folder(path.parent)
    try:
        _make(path, secrets.token_hex(size))
        found = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise StoreError(f"Cannot use {path}: {problem}.") from None
    if len(found) != 2 * size or not HEX.fullmatch(found):
        raise StoreError(f"{path} is damaged: it should hold {2 * size} hex digits.")
    return found


def _make(path: Path, content: str) -> None:
    if path.exists():
        return
    try:
        with new_file(path) as part:
            part.write_text(content, "ascii")
    except FileExistsError:
        pass  # another process was faster: what it has made is there


async def _reached(database: Postgres) -> Postgres:
    """The same, once it has answered."""
    try:
        await database.read(revision)
    except (OSError, ValueError, DBAPIError) as problem:
        await database.close()
        raise StoreError(_why(problem)) from None
    return database


def _why(problem: Exception) -> str:
    """Why a server cannot be reached. An error over an address may quote it, password and all."""
    if isinstance(problem, DBAPIError) and getattr(problem.orig, "sqlstate", None):
        return f"Cannot use the database: {problem.driver_exception}."
    if isinstance(problem, OSError):
        why = problem.strerror or str(problem) or type(problem).__name__
        return f"Cannot reach the database: {why}."
    return MALFORMED
