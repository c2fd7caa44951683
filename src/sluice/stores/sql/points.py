"""Points in SQL. In the balances a grant is something spent less: what is left is `-spent`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, func, insert, select

from sluice.core.errors import NotFound
from sluice.services.points import POINTS, Holding, PointEntry, Statement
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import balances, point_entries, users
from sluice.stores.sql.upsert import insert_or_change

ENTER = insert(point_entries)
GRANT = insert_or_change(
    balances,
    ("user_id", "unit", "period"),
    lambda new: {"spent": balances.c.spent + new.spent},
)
ENTRIES = (
    select(
        point_entries.c.at,
        point_entries.c.kind,
        point_entries.c.amount,
        point_entries.c.run_id,
        point_entries.c.note,
    )
    .where(point_entries.c.user_id == bindparam("user"))
    .order_by(point_entries.c.seq.desc())
    .limit(bindparam("most"))
)
STANDING = select(balances.c.spent, balances.c.held).where(
    balances.c.user_id == bindparam("user"),
    balances.c.unit == POINTS,
    balances.c.period == "",
)
HOLDINGS = (
    select(users.c.username, func.coalesce(-balances.c.spent, 0), func.coalesce(balances.c.held, 0))
    .outerjoin(
        balances,
        and_(balances.c.user_id == users.c.id, balances.c.unit == POINTS, balances.c.period == ""),
    )
    .where(users.c.name_key > bindparam("after"))
    .order_by(users.c.name_key)
    .limit(bindparam("most"))
)
KNOWN = select(users.c.id).where(users.c.id == bindparam("user"))


def charge(tx: Connection, user: str, amount: int, run: str, now: datetime) -> None:
    """Write down what a run has cost. The balance has been changed already."""
    line = {"user_id": user, "at": now, "kind": "charge", "amount": -amount, "run_id": run}
    tx.execute(ENTER, {**line, "note": ""})


def grant(tx: Connection, user: str, amount: int, note: str, now: datetime) -> None:
    """Give points to a user, in the ledger and in the balance."""
    row = {"user_id": user, "unit": POINTS, "period": "", "held": 0, "spent": -amount}
    tx.execute(GRANT.on(tx), row)
    line = {"user_id": user, "at": now, "kind": "grant", "amount": amount, "run_id": None}
    tx.execute(ENTER, {**line, "note": note})


class SqlPoints:
    """The `PointBooks` of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def grant(self, user: str, amount: int, note: str, now: datetime) -> int:
        def work(tx: Connection) -> int:
            if tx.execute(KNOWN, {"user": user}).one_or_none() is None:
                raise NotFound("There is no such user.")
            grant(tx, user, amount, note, now)
            return _balance(tx, user)

        return await self._database.write(work)

    async def balance(self, user: str) -> int:
        return await self._database.read(lambda tx: _balance(tx, user))

    async def statement(self, user: str, limit: int) -> Statement:
        def work(tx: Connection) -> Statement:
            row = tx.execute(STANDING, {"user": user}).one_or_none()
            spent, held = (0, 0) if row is None else row
            lines = tx.execute(ENTRIES, {"user": user, "most": limit})
            return Statement(-spent, held, tuple(PointEntry(*line) for line in lines))

        return await self._database.read(work)

    async def holdings(self, after: str, limit: int) -> Sequence[Holding]:
        given = {"after": after, "most": limit}
        return await self._database.read(
            lambda tx: [Holding(*row) for row in tx.execute(HOLDINGS, given)]
        )


def _balance(tx: Connection, user: str) -> int:
    return -(tx.execute(STANDING, {"user": user}).scalar() or 0)
