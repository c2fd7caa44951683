"""The rows of files that go with questions, and which messages carry which of them.

Their bytes are elsewhere. Of which files these have to go is kept here, too: a trigger notes it
whenever a row is deleted, be it that its user has gone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, or_, select

from sluice.core.errors import NotFound, PayloadTooLarge, Unauthorized
from sluice.services.conversations.shapes import NEWEST, Since
from sluice.services.media.ports import Item, Shelved
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import attachments, discarded_media, media, users
from sluice.stores.sql.types import Instant
from sluice.stores.sql.upsert import insert_unless_there

ADD = insert(media)
# Files that are added for one user come one after the other; whoever refers to the user need not.
LOCK = select(users.c.id).where(users.c.id == bindparam("owner")).with_for_update(key_share=True)
TOTAL = select(func.coalesce(func.sum(media.c.size), 0)).where(
    media.c.user_id == bindparam("owner")
)
FIND = select(media).where(
    media.c.user_id == bindparam("owner"), media.c.id.in_(bindparam("ids", expanding=True))
)
LIST = (  # reads all files of the user, which have no index by their age; they are not many
    select(media)
    .where(
        media.c.user_id == bindparam("owner"),
        media.c.created_at <= bindparam("at", type_=Instant),
        or_(
            media.c.created_at < bindparam("at", type_=Instant),
            media.c.id < bindparam("after"),
        ),
    )
    .order_by(media.c.created_at.desc(), media.c.id.desc())
    .limit(bindparam("limit"))
)
REMOVE = delete(media).where(
    media.c.user_id == bindparam("owner"), media.c.id == bindparam("media")
)
EXPECT = insert_unless_there(discarded_media, "id")
DISCARDED = (
    select(discarded_media.c.id)
    .where(or_(discarded_media.c.since.is_(None), discarded_media.c.since < bindparam("before")))
    .limit(bindparam("most"))
)
FORGET = delete(discarded_media).where(discarded_media.c.id.in_(bindparam("ids", expanding=True)))
# They stay while they are attached.
KNOWN = (
    select(media.c.id)
    .where(media.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update(read=True, key_share=True)
)
ATTACH = insert(attachments)
ATTACHED = (
    select(attachments.c.message_id, attachments.c.media_id)
    .where(attachments.c.message_id.in_(bindparam("messages", expanding=True)))
    .order_by(attachments.c.message_id, attachments.c.position)
)
CARRIED = (
    select(attachments.c.message_id, media.c.id, media.c.content_type, media.c.size, media.c.name)
    .join_from(attachments, media, media.c.id == attachments.c.media_id)
    .where(attachments.c.message_id.in_(bindparam("messages", expanding=True)))
    .order_by(attachments.c.message_id, attachments.c.position)
)


class SqlCatalogue:
    """A `Catalogue`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, item: Item, most: int) -> None:
        row = {
            "id": item.id,
            "user_id": item.owner,
            "content_type": item.content_type,
            "size": item.size,
            "sha256": item.sha256,
            "name": item.name,
            "created_at": item.created_at,
            "prompt_type": item.prompt_type,
        }

        def work(tx: Connection) -> None:
            if tx.execute(LOCK, {"owner": item.owner}).first() is None:
                raise Unauthorized("This account no longer exists.")
            if tx.execute(TOTAL, {"owner": item.owner}).scalar_one() + item.size > most:
                raise PayloadTooLarge(f"All your files together may be {most} bytes.")
            tx.execute(ADD, row)
            tx.execute(FORGET, {"ids": [item.id]})

        await self._database.write(work)

    async def find(self, owner: str, ids: Sequence[str]) -> tuple[Item, ...]:
        if not ids:
            return ()

        def work(tx: Connection) -> dict[str, Item]:
            rows = tx.execute(FIND, {"owner": owner, "ids": list(ids)})
            return {row.id: _item(row) for row in rows}

        found = await self._database.read(work)
        if missing := [id for id in ids if id not in found]:
            raise NotFound(f"There is no file {missing[0][:36]!r}.")
        return tuple(found[id] for id in ids)

    async def list(self, owner: str, limit: int, after: Since | None) -> Shelved:
        at, id = after or NEWEST
        given = {"owner": owner, "at": at, "after": id, "limit": limit + 1}
        rows = await self._database.read(lambda tx: tx.execute(LIST, given).all())
        items = tuple([_item(row) for row in rows[:limit]])
        more = len(rows) > limit
        return Shelved(items, Since(items[-1].created_at, items[-1].id) if more else None)

    async def remove(self, owner: str, id: str) -> None:
        def work(tx: Connection) -> int:
            return tx.execute(REMOVE, {"owner": owner, "media": id}).rowcount

        if await self._database.write(work) == 0:
            raise NotFound


class SqlDiscards:
    """`Discards`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def expect(self, id: str, now: datetime) -> None:
        def work(tx: Connection) -> None:
            tx.execute(EXPECT.on(tx), {"id": id, "since": now})

        await self._database.write(work)

    async def discarded(self, before: datetime, most: int) -> Sequence[str]:
        def work(tx: Connection) -> Sequence[str]:
            return tx.execute(DISCARDED, {"before": before, "most": most}).scalars().all()

        return await self._database.read(work)

    async def forget(self, ids: Sequence[str]) -> None:
        def work(tx: Connection) -> None:
            tx.execute(FORGET, {"ids": list(ids)})

        await self._database.write(work)


def attach(tx: Connection, message_id: str, ids: Sequence[str]) -> None:
    """These files go with a message, which is there already. Raises `NotFound` where one is not."""
    if not ids:
        return
    known = set(tx.execute(KNOWN, {"ids": list(ids)}).scalars())
    if not known.issuperset(ids):
        raise NotFound("A file that goes with this has been deleted.")
    rows = [
        {"message_id": message_id, "position": position, "media_id": id}
        for position, id in enumerate(ids)
    ]
    tx.execute(ATTACH, rows)


def attached(tx: Connection, message_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The ids of the files that go with these messages, of those that carry any."""
    found: dict[str, tuple[str, ...]] = {}
    if message_ids:
        for message, file in tx.execute(ATTACHED, {"messages": list(message_ids)}):
            found[message] = (*found.get(message, ()), file)
    return found


def carried(tx: Connection, message_ids: Sequence[str]) -> dict[str, list[Row[*tuple[Any, ...]]]]:
    """What the files are that go with these messages, in their order, of those that carry any."""
    found: dict[str, list[Row[*tuple[Any, ...]]]] = {}
    if message_ids:
        for row in tx.execute(CARRIED, {"messages": list(message_ids)}):
            found.setdefault(row.message_id, []).append(row)
    return found


def _item(row: Any) -> Item:
    return Item(
        id=row.id,
        owner=row.user_id,
        content_type=row.content_type,
        size=row.size,
        sha256=row.sha256,
        name=row.name,
        created_at=row.created_at,
        prompt_type=row.prompt_type,
    )
