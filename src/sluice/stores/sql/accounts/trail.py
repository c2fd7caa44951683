"""The audit's lines."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, insert, select

from sluice.services.accounts.books import Entry
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import audit

BEYOND = (1 << 63) - 1  # no line has a higher number

_ADD = insert(audit)
_PAGE = (
    select(
        audit.c.at,
        audit.c.actor,
        audit.c.action,
        audit.c.subject,
        audit.c.address,
        audit.c.outcome,
        audit.c.seq,
    )
    .where(audit.c.seq < bindparam("before"))
    .order_by(audit.c.seq.desc())
    .limit(bindparam("most"))
)


class SqlTrail:
    """The `Trail` of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: Entry) -> None:
        row = msgspec.structs.asdict(entry)
        del row["seq"]
        await self._database.write(lambda connection: connection.execute(_ADD, row).rowcount)

    async def page(self, limit: int, before: int | None) -> Sequence[Entry]:
        given = {"before": BEYOND if before is None else before, "most": limit}
        return await self._database.read(
            lambda connection: [Entry(*row) for row in connection.execute(_PAGE, given)]
        )
