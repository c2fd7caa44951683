"""What runs took, in SQL. A run's row is its line in the books.

The rows of one user and stretch of time are found by the index on (user_id, started_at), and added
up by the database.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    bindparam,
    case,
    func,
    literal_column,
    select,
)

from sluice.services.usage import Group, Grouping, Span, Taken
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import runs

MODELS = 500  # groups, at most

tokens = func.sum(runs.c.input_tokens) + func.sum(runs.c.output_tokens)
SUMS = (
    func.count(),
    func.sum(runs.c.input_tokens),
    func.sum(runs.c.output_tokens),
    func.sum(runs.c.cost),
    func.sum(case((runs.c.estimated, 1), else_=0)),
    func.sum(case((runs.c.status.in_(("failed", "crashed")), 1), else_=0)),
    func.sum(runs.c.points),
)
MINE = (
    runs.c.user_id == bindparam("owner"),
    runs.c.started_at >= bindparam("start"),
    runs.c.started_at < bindparam("end"),
    runs.c.status != "running",
)
# The day, in UTC: how a moment begins as SQLite stores it, what PostgreSQL makes of one.
DAYS: dict[str, ColumnElement[str]] = {
    "sqlite": literal_column("substr(started_at, 1, 10)", String),
    "postgresql": literal_column("to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')", String),
}


def _by_day(day: ColumnElement[str]) -> Select[*tuple[Any, ...]]:
    return select(day, *SUMS).where(*MINE).group_by(day).order_by(day)


BY_DAY = {name: _by_day(day) for name, day in DAYS.items()}
BY_MODEL = (
    select(runs.c.model, *SUMS)
    .where(*MINE)
    .group_by(runs.c.model)
    .order_by(tokens.desc(), runs.c.model)
    .limit(MODELS)
)
TOTAL = select(*SUMS).where(*MINE)


class SqlLedger:
    """A `Ledger` in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, owner: str, span: Span, by: Grouping) -> tuple[tuple[Group, ...], Taken]:
        return await self._database.read(lambda tx: _read(tx, owner, span, by))


def _read(tx: Connection, owner: str, span: Span, by: Grouping) -> tuple[tuple[Group, ...], Taken]:
    given = {"owner": owner, "start": span.start, "end": span.end}
    statement = BY_DAY[tx.dialect.name] if by == "day" else BY_MODEL
    groups = [Group(key, _taken(sums)) for key, *sums in tx.execute(statement, given)]
    (total,) = tx.execute(TOTAL, given)
    return tuple(groups), _taken(total)


def _taken(sums: Any) -> Taken:
    count, *rest = sums
    return Taken(count, *rest) if count else Taken()
