"""A database whose outages are told in our words: no bug, and worth asking again."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sluice.core.errors import StoreUnavailable
from sluice.services.persistence import Unsure
from sluice.stores.sql.database import Closed, Database, Unsettled, Work

T = TypeVar("T")

# What says that the database is out of reach, shut, full or too busy, rather than that it was
# asked something wrong. (A connection that cannot be made is an `OSError`.)
OUTAGES = (OperationalError, InterfaceError, PoolTimeout, TimeoutError, OSError, Closed)
# PostgreSQL says it by how the SQLSTATE begins: the connection, transactions that stand in each
# other's way for too long, resources, an operator, the system; and a standby that only reads.
STATES = ("08", "40", "53", "57", "58", "25006", "55P03")

log = logging.getLogger("sluice.store")


class Guarded:
    """A `Database` that raises `StoreUnavailable` while it is out of reach."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, work: Work[T]) -> T:
        with told():
            return await self._database.write(work)

    async def read(self, work: Work[T]) -> T:
        with told():
            return await self._database.read(work)

    async def close(self) -> None:
        await self._database.close()


@contextmanager
def told() -> Generator[None]:
    """Outages as `StoreUnavailable`. The log gets their kind: a text may hold what was stored."""
    try:
        yield
    except DBAPIError as problem:
        if not _is_outage(problem):
            raise
        log.warning("the store is out of reach: %s", type(problem.orig).__name__)
        raise StoreUnavailable from None
    except Unsettled:
        log.warning("the store went out of reach during a commit")
        raise Unsure from None
    except OUTAGES as problem:
        log.warning("the store is out of reach: %s", type(problem).__name__)
        raise StoreUnavailable from None


def _is_outage(problem: DBAPIError) -> bool:
    state = getattr(problem.orig, "sqlstate", None) or ""
    return (
        isinstance(problem, OUTAGES) or problem.connection_invalidated or state.startswith(STATES)
    )
