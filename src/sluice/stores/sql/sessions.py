"""Named sessions in SQL: conversations of the dialect whose clients name them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, or_, select

from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import conversations

KIND = "chat"

table = conversations.c
NAMED = (
    table.kind == KIND,
    table.scope == bindparam("within"),
    table.name == bindparam("named"),
    or_(table.expires_at.is_(None), table.expires_at > bindparam("now")),
)

SHOW = select(table.message_count, table.updated_at).where(*NAMED)
LOCK = select(table.id, table.active_run_id).where(*NAMED).with_for_update()
FORGET = delete(conversations).where(table.id == bindparam("session"))


class SqlSessions:
    """The store of `Sessions` in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def show(self, scope: str, name: str, now: datetime) -> tuple[int, datetime] | None:
        given = {"within": scope, "named": name, "now": now}
        row = await self._database.read(lambda tx: tx.execute(SHOW, given).one_or_none())
        return None if row is None else (row.message_count, row.updated_at)

    async def forget(self, scope: str, name: str, now: datetime) -> tuple[bool, str | None]:
        given = {"within": scope, "named": name, "now": now}
        return await self._database.write(lambda tx: _forget(tx, given))


def _forget(tx: Connection, given: Mapping[str, object]) -> tuple[bool, str | None]:
    row = tx.execute(LOCK, given).one_or_none()
    if row is None:
        return False, None
    tx.execute(FORGET, {"session": row.id})
    return True, row.active_run_id
