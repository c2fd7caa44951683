"""Messages in SQL: a `Reader`.

A branch has one message of each depth, so a page of it is a stretch of depths: it is read by the
index on (conversation_id, depth), and costs its rows, and the versions beside them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, or_, select

from sluice.core.errors import NotFound
from sluice.services.conversations.shapes import (
    Everything,
    Hits,
    Kept,
    Message,
    Spot,
    Stretch,
    Told,
)
from sluice.services.media.shapes import CarriedFile, NamedFile, address
from sluice.stores.sql import search
from sluice.stores.sql.conversations import KIND, PRESENT, Mine
from sluice.stores.sql.database import Database
from sluice.stores.sql.media import carried
from sluice.stores.sql.schema import conversations, messages, runs
from sluice.stores.sql.tree import Branch, branch_of

Rows = Sequence[Row[*tuple[Any, ...]]]

PAGE_BYTES = 4 << 20  # of text in one page, unless a single message is longer
VERSIONS = 2000  # messages of the same depths that are looked at for versions, the newest

table = messages.c
COLUMNS = (
    table.id,
    table.role,
    table.content,
    table.status,
    table.created_at,
    table.model,
    table.tokens,
    table.finish_reason,
    table.code,
    table.run_id,
    table.parent_id,
)
# What the run of a reply took. A question names the run that it began, too.
FIGURES = (
    runs.c.input_tokens,
    runs.c.cost,
    runs.c.points,
    runs.c.duration,
    runs.c.first_token,
    runs.c.estimated,
)
WITH_RUNS = messages.outerjoin(
    runs,
    and_(runs.c.id == table.run_id, table.role == "assistant", table.status != "streaming"),
)
SIZES = (table.depth, table.seq, table.size)
HERE = table.conversation_id == bindparam("conversation")
DEPTHS = and_(HERE, table.depth.between(bindparam("low"), bindparam("high")))
ON_BRANCH = or_(
    and_(table.shown, table.depth < bindparam("top")),
    table.id.in_(bindparam("ids", expanding=True)),
)
BEYOND = and_(
    HERE,
    table.depth >= bindparam("depth"),
    or_(table.depth > bindparam("depth"), table.seq > bindparam("number")),
)


def _page(*columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(*columns).where(DEPTHS, ON_BRANCH).order_by(table.depth)


def _beyond(*columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(*columns).where(BEYOND).order_by(table.depth, table.seq).limit(bindparam("limit"))


COUNT = select(conversations.c.message_count).where(*PRESENT)
PAGE_SIZES = _page(*SIZES)
PAGE = _page(*COLUMNS, *FIGURES).select_from(WITH_RUNS)
BESIDE = select(table.id, table.parent_id).where(DEPTHS).order_by(table.seq.desc()).limit(VERSIONS)
ALL_SIZES = _beyond(*SIZES)
ALL = _beyond(*COLUMNS, table.shown)


class SqlMessages:
    """Messages in a database: those of conversations of one kind."""

    def __init__(self, database: Database, kind: str = KIND) -> None:
        self._database = database
        self._kind = kind

    async def read(self, owner: str, id: str, stretch: Stretch) -> Told:
        return await self._database.read(lambda tx: _read(tx, self._mine(owner), id, stretch))

    async def all(self, owner: str, id: str, after: Spot, limit: int) -> Everything:
        mine = self._mine(owner)
        return await self._database.read(lambda tx: _all(tx, mine, id, after, limit))

    async def search(self, owner: str, query: str, before: int | None, limit: int) -> Hits:
        return await self._database.read(
            lambda tx: search.messages_with(tx, owner, query, before, limit)
        )

    def _mine(self, owner: str) -> Mine:
        return {"owner": owner, "of_kind": self._kind}


def _read(tx: Connection, mine: Mine, id: str, stretch: Stretch) -> Told:
    count = _count(tx, mine, id)
    branch = Branch(count + 1, {}) if stretch.branch is None else branch_of(tx, id, stretch.branch)
    low, high = _depths(stretch, branch.leaf)
    ids = [id for depth, id in branch.ids.items() if low <= depth <= high]
    given = {"conversation": id, "top": branch.top, "ids": ids, "low": low, "high": high}
    newest_first = stretch.order == "desc"
    sizes = tx.execute(PAGE_SIZES, given).all()
    fitting = _fitting(reversed(sizes) if newest_first else sizes)
    if newest_first:
        low = given["low"] = high - fitting + 1
    else:
        high = given["high"] = low + fitting - 1
    rows = tx.execute(PAGE, given).all()
    items = _with_more(rows, tx.execute(BESIDE, given).all(), _files(tx, rows))
    if newest_first:
        return Told(items[::-1], low if low > 1 else None)
    return Told(items, high if high < branch.leaf else None)


def _depths(stretch: Stretch, leaf: int) -> tuple[int, int]:
    """The depths of a page, if nothing in it is too long: from the lowest to the highest."""
    if stretch.order == "asc":
        low = min(stretch.beyond or 0, leaf) + 1
        return low, min(low + stretch.limit - 1, leaf)
    high = leaf if stretch.beyond is None else min(stretch.beyond - 1, leaf)
    return max(1, high - stretch.limit + 1), high


def _fitting(rows: Iterable[Row[*tuple[Any, ...]]]) -> int:
    """How many of these messages one page holds: one at least."""
    count = size = 0
    for row in rows:
        size += row.size
        if count and size > PAGE_BYTES:
            break
        count += 1
    return count


def _files(tx: Connection, rows: Rows) -> Mapping[str, Rows]:
    """The files that go with these messages, of those that carry any: questions do."""
    return carried(tx, [row.id for row in rows if row.role == "user"])


def _with_more(rows: Rows, beside: Rows, files: Mapping[str, Rows]) -> tuple[Message, ...]:
    """These messages, with their versions and files."""
    versions: dict[str | None, list[str]] = {}
    for one in reversed(beside):
        versions.setdefault(one.parent_id, []).append(one.id)
    return tuple(
        [_message(row, versions.get(row.parent_id, ()), files.get(row.id, ())) for row in rows]
    )


def _message(row: Any, versions: Sequence[str], files: Rows) -> Message:
    more = tuple(versions), tuple([_carried(file) for file in files])
    fields: list[Any] = [*row[: len(COLUMNS)], *more, *row[len(COLUMNS) :]]
    return Message(*fields)


def _carried(file: Any) -> CarriedFile:
    return CarriedFile(file.id, address(file.id), file.content_type, file.size, file.name)


def _kept(row: Any, files: Rows) -> Kept:
    named = [NamedFile(file.id, file.name, file.content_type) for file in files]
    return Kept(*row, files=tuple(named))


def _all(tx: Connection, mine: Mine, id: str, after: Spot, limit: int) -> Everything:
    _count(tx, mine, id)
    given = {"conversation": id, "depth": after.depth, "number": after.number, "limit": limit}
    sizes = tx.execute(ALL_SIZES, given).all()
    fitting = _fitting(sizes)
    rows = tx.execute(ALL, {**given, "limit": fitting}).all()
    more = fitting < len(sizes) or len(sizes) == limit
    last = Spot(sizes[fitting - 1].depth, sizes[fitting - 1].seq) if more else None
    files = _files(tx, rows)
    return Everything(tuple([_kept(row, files.get(row.id, ())) for row in rows]), last)


def _count(tx: Connection, mine: Mine, id: str) -> int:
    count = tx.execute(COUNT, {"wanted": id, **mine}).scalar_one_or_none()
    if count is None:
        raise NotFound
    return count
