"""Opens what a server keeps things with, mends what a crash has left, and keeps it tidy."""

import asyncio
import logging
import secrets
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from sluice.core.errors import SluiceError, StoreUnavailable
from sluice.files import open_files
from sluice.house import House, Store
from sluice.services.conversations.keeping import Conversations
from sluice.services.ledger import Ledger
from sluice.services.media.library import Library
from sluice.services.persistence import Persistence, PersistentArchive, PersistentRows
from sluice.services.scopes import Scopes
from sluice.settings import BadSetting, Settings
from sluice.stores.sql.accounts.tidying import tidy as tidy_accounts
from sluice.stores.sql.archive import SQLArchive
from sluice.stores.sql.database import Database, StoreError
from sluice.stores.sql.opening import is_postgres, read_secret, server_id, serving
from sluice.stores.sql.outage import Guarded
from sluice.stores.sql.recalling import SqlRecollection
from sluice.stores.sql.recovery import Recovery
from sluice.stores.sql.runs.plain import SQLRows
from sluice.stores.sql.tidying import tidy
from sluice.terms import tariff_of

HOUR = 3600.0
MARGIN = 60.0  # seconds beyond the longest that a run may take, after which its server has died
PATIENCE = 2.0  # seconds that a probe waits for the database
SHORTEST = 32  # bytes of a secret

log = logging.getLogger("sluice.storage")


class Storage(msgspec.Struct, frozen=True):
    """The database, and what the house needs of it."""

    database: Database
    store: Store
    library: Library

    async def reachable(self) -> bool:
        """Whether the database answers."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.database.read(lambda tx: tx.exec_driver_sql("SELECT 1"))
        except (StoreUnavailable, TimeoutError):
            return False
        return True


@asynccontextmanager
async def open_storage(settings: Settings) -> AsyncGenerator[Storage]:
    """Open the database, bring it up to date, and close it again. Raises `BadSetting`."""
    url, folder = _url(settings), settings.data_dir
    try:
        async with serving(url, folder) as found:
            database = Guarded(found)
            persistence = Persistence(time.monotonic)
            stored = SQLArchive(database, lambda: str(uuid.uuid4()), time.time)
            archive = PersistentArchive(stored, persistence)
            ledger = Ledger(PersistentRows(SQLRows(database), persistence))
            secret = secret_of(settings)
            scopes = Scopes(secret, lambda: secrets.token_urlsafe(16))
            async with AsyncExitStack() as stack:
                stack.push_async_callback(persistence.close)
                files = await open_files(stack, settings, database)
                home = server_id(folder)
                found_again = SqlRecollection(database)
                store = Store(
                    archive, ledger, scopes, files.illustrating, home, secret, found_again
                )
                yield Storage(database, store, files.library)
    except StoreError as problem:
        raise BadSetting(str(problem)) from None


def secret_of(settings: Settings) -> bytes:
    """What access tokens are signed with. Raises `BadSetting`."""
    if settings.jwt_secret is None:
        return read_secret(settings.data_dir).encode()
    secret = settings.jwt_secret.get_secret_value().encode()
    if len(secret) < SHORTEST:
        raise BadSetting(f"SLUICE_JWT_SECRET: must have {SHORTEST} bytes or more")
    return secret


class Upkeep:
    """What the store needs done at the start, and every hour."""

    def __init__(self, storage: Storage, house: House, keeping: Conversations) -> None:
        self._keeping = keeping
        self._library = storage.library
        self._database = storage.database
        settings, server = house.settings, storage.store.server
        self._server = server if is_postgres(_url(settings)) else None  # a file has but one
        self._recovery = Recovery(
            storage.database, house.tokenizer, house.table, tariff_of(house.settings)
        )
        self._longest = settings.run_timeout + MARGIN

    async def mend(self) -> None:
        """End the runs that this server's last process has left behind."""
        if found := await self._recovery.at_start(self._server, _now(), self._longest):
            log.warning("%d runs had been cut off: what they had said is kept as partial", found)

    async def keep(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(HOUR)
            await self._try(self._overdue)
            await self._try(lambda: tidy(self._database, _now()))
            await self._try(self._keeping.tidy)
            await self._try(self._library.tidy)
            await self._try(lambda: tidy_accounts(self._database, _now()))

    async def _overdue(self) -> int:
        return await self._recovery.overdue(_now(), self._longest)

    async def _try(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except (SluiceError, SQLAlchemyError) as problem:  # there is another hour
            log.warning("upkeep of the store failed: %s", type(problem).__name__)


def _url(settings: Settings) -> str | None:
    return settings.database_url.get_secret_value() if settings.database_url else None


def _now() -> datetime:
    return datetime.now(UTC)
