"""Conversations in SQL: a `Shelf` and a `Bin`.

A list is walked by the index on (user_id, kind, updated_at), so a page costs its rows, wherever
it begins.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from sluice.core.errors import ConversationBusy, NotFound
from sluice.services.conversations.shapes import (
    NEWEST,
    Conversation,
    Found,
    NewConversation,
    Since,
    Wanted,
)
from sluice.stores.sql import search, tree
from sluice.stores.sql.database import Database
from sluice.stores.sql.folding import begins, fold, words
from sluice.stores.sql.schema import conversations
from sluice.stores.sql.types import Instant

Line = Row[*tuple[Any, ...]]
Mine = Mapping[str, str]  # whose conversations, and of which kind

KIND = "conversations"  # of all that is stored, what is shown unless another kind is named
SCAN = 500  # conversations whose titles are looked at in one request

table = conversations.c
COLUMNS = (
    table.id,
    table.title,
    table.created_at,
    table.updated_at,
    table.message_count,
    table.active_run_id,
    table.deleted_at,
)
OWN = (table.user_id == bindparam("owner"), table.kind == bindparam("of_kind"))
MINE = (table.id == bindparam("wanted"), *OWN)
PRESENT = (*MINE, table.deleted_at.is_(None))


def _listed(condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    at = bindparam("at", type_=Instant)
    return (
        select(*COLUMNS)
        .where(
            *OWN,
            table.updated_at <= at,
            or_(table.updated_at < at, table.id < bindparam("after")),
            condition,
        )
        .order_by(table.updated_at.desc(), table.id.desc())
        .limit(bindparam("limit"))
    )


ADD = insert(conversations)
LIST = _listed(table.deleted_at.is_(None))
LIST_DELETED = _listed(table.deleted_at > bindparam("since"))
FIND = select(*COLUMNS).where(*PRESENT)
LOCK = select(table.active_run_id).where(*PRESENT).with_for_update()
RENAME = (
    update(conversations)
    .where(*PRESENT)
    .values(title=bindparam("new_title"), updated_at=bindparam("now"))
)
COUNT = update(conversations).where(*MINE).values(message_count=bindparam("count"))
DISCARD = update(conversations).where(*PRESENT).values(deleted_at=bindparam("now"))
RESTORE = (
    update(conversations)
    .where(*MINE, or_(table.deleted_at.is_(None), table.deleted_at > bindparam("since")))
    .values(deleted_at=None)
)
OVER = (
    select(table.id)
    .where(or_(table.deleted_at <= bindparam("before"), table.expires_at <= bindparam("now")))
    .where(table.active_run_id.is_(None))
    .limit(bindparam("limit"))
)
FORGET = delete(conversations).where(table.id.in_(bindparam("over", expanding=True)))


class SqlConversations:
    """Conversations in a database: those of one kind, of a dialect that keeps any."""

    def __init__(self, database: Database, kind: str = KIND) -> None:
        self._database = database
        self._kind = kind

    async def add(self, owner: str, new: NewConversation) -> None:
        row = {
            "id": new.id, "user_id": owner, "kind": self._kind, "scope": "", "title": new.title,
            "created_at": new.created_at, "updated_at": new.updated_at, "message_count": 0,
        }  # fmt: skip
        await self._database.write(lambda tx: tx.execute(ADD, row))

    async def list(self, owner: str, wanted: Wanted) -> Found:
        mine = self._mine(owner)
        if wanted.query is not None:
            query = words(wanted.query)
            return await self._database.read(lambda tx: _matching(tx, mine, wanted, query))
        return await self._database.read(lambda tx: _all(tx, mine, wanted))

    async def find(self, owner: str, id: str) -> Conversation:
        row = await self._database.read(
            lambda tx: tx.execute(FIND, {"wanted": id, **self._mine(owner)}).one_or_none()
        )
        if row is None:
            raise NotFound
        return Conversation(*row)

    async def rename(self, owner: str, id: str, title: str, now: datetime) -> None:
        given = {"wanted": id, **self._mine(owner), "new_title": title, "now": now}
        await self._database.write(lambda tx: _change(tx, RENAME, given))

    async def choose(self, owner: str, id: str, message: str) -> None:
        await self._database.write(lambda tx: _choose(tx, self._mine(owner), id, message))

    async def discard(self, owner: str, id: str, now: datetime) -> str | None:
        return await self._database.write(lambda tx: _discard(tx, self._mine(owner), id, now))

    async def restore(self, owner: str, id: str, since: datetime) -> None:
        given = {"wanted": id, **self._mine(owner), "since": since}
        await self._database.write(lambda tx: _change(tx, RESTORE, given))

    async def empty(self, before: datetime, now: datetime, limit: int) -> int:
        given = {"before": before, "now": now, "limit": limit}
        return await self._database.write(lambda tx: _empty(tx, given))

    def _mine(self, owner: str) -> Mine:
        return {"owner": owner, "of_kind": self._kind}


def _all(tx: Connection, mine: Mine, wanted: Wanted) -> Found:
    rows = _rows(tx, mine, wanted, wanted.limit + 1)
    return _page(rows[: wanted.limit], more=len(rows) > wanted.limit)


def _matching(tx: Connection, mine: Mine, wanted: Wanted, query: Sequence[str]) -> Found:
    """Those whose title holds all the words, or that have a message which does.

    Titles have no index: so many of them are looked at, and the next page goes on from there.
    """
    if not query:
        return Found((), None)
    said = search.conversations_with(tx, mine["owner"], query)
    rows = _rows(tx, mine, wanted, SCAN)
    fitting = [row for row in rows if row.id in said or _titled(row.title, query)]
    if len(fitting) > wanted.limit:
        return _page(fitting[: wanted.limit], more=True)
    page = _page(fitting, more=False)
    return page._replace(next=_place(rows[-1])) if len(rows) == SCAN else page


def _titled(title: str, query: Sequence[str]) -> bool:
    """Whether each word stands in the title; the last may be the beginning of one."""
    *whole, last = query
    named = fold(title).split()
    return set(whole) <= set(named) and any(begins(word, last) for word in named)


def _rows(tx: Connection, mine: Mine, wanted: Wanted, limit: int) -> Sequence[Line]:
    after = wanted.after or NEWEST
    given = {**mine, "at": after.at, "after": after.id, "limit": limit}
    if wanted.deleted is None:
        return tx.execute(LIST, given).all()
    return tx.execute(LIST_DELETED, {**given, "since": wanted.deleted}).all()


def _page(rows: Sequence[Line], *, more: bool) -> Found:
    items = tuple([Conversation(*row) for row in rows])
    return Found(items, _place(rows[-1]) if more else None)


def _place(row: Line) -> Since:
    return Since(row.updated_at, row.id)


def _change(tx: Connection, statement: Update, given: Mapping[str, Any]) -> None:
    if tx.execute(statement, given).rowcount == 0:
        raise NotFound


def _choose(tx: Connection, mine: Mine, id: str, message: str) -> None:
    if _lock(tx, mine, id) is not None:
        raise ConversationBusy
    count = tree.choose(tx, id, message)
    tx.execute(COUNT, {"wanted": id, **mine, "count": count})


def _discard(tx: Connection, mine: Mine, id: str, now: datetime) -> str | None:
    run = _lock(tx, mine, id)
    tx.execute(DISCARD, {"wanted": id, **mine, "now": now})
    return run


def _lock(tx: Connection, mine: Mine, id: str) -> str | None:
    """Keep others from changing it until the transaction ends; the run that writes in it."""
    row = tx.execute(LOCK, {"wanted": id, **mine}).one_or_none()
    if row is None:
        raise NotFound
    return row.active_run_id


def _empty(tx: Connection, given: Mapping[str, Any]) -> int:
    over = tx.execute(OVER, given).scalars().all()
    if over:
        tx.execute(FORGET, {"over": over})
    return len(over)
