"""What runs leave behind, once it is past its time. Conversations and accounts see to their own.

A few rows at a time, so that nobody who writes has to wait for long.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Table,
    bindparam,
    delete,
    exists,
    select,
    tuple_,
)

from sluice.services.points import TOKENS
from sluice.stores.sql.database import Database
from sluice.stores.sql.runs.claims import KEPT
from sluice.stores.sql.schema import balances, checkpoints, idempotency_keys, runs

BATCH = 500  # rows in one transaction
BOOKS = timedelta(days=400)  # that a day's balances are kept


def _some(table: Table, *where: ColumnElement[bool]) -> Delete:
    """Delete some of the rows that fit."""
    key = tuple_(*table.primary_key.columns)
    found = select(*table.primary_key.columns).where(*where).limit(BATCH)
    return delete(table).where(key.in_(found))


ENDED = select(runs.c.id).where(runs.c.id == checkpoints.c.run_id, runs.c.status != "running")
SWEEPS = (
    # Where a run ends on PostgreSQL while its last piece is on the way, that piece is left over.
    _some(checkpoints, exists(ENDED)),
    _some(idempotency_keys, idempotency_keys.c.created_at <= bindparam("stale")),
    _some(balances, balances.c.unit == TOKENS, balances.c.period < bindparam("day")),
)


async def tidy(database: Database, now: datetime) -> int:
    """Delete what nobody needs any more; tells how many rows that were."""
    times: dict[str, Any] = {"stale": now - KEPT, "day": (now - BOOKS).date().isoformat()}
    gone = 0
    for sweep in SWEEPS:

        def work(tx: Connection, sweep: Delete = sweep) -> int:
            return tx.execute(sweep, times).rowcount

        last = BATCH
        while last == BATCH:
            last = await database.write(work)
            gone += last
    return gone
