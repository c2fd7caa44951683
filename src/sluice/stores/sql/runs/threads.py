"""The conversation that a run is part of: entered, or made.

Only one run writes in a conversation; `active_run_id` says which. To enter is one conditional
UPDATE, so that of several at once one is let in.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    case,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from sluice.core.commands import Thread
from sluice.core.errors import NotFound
from sluice.services.archive import Busy, Opening
from sluice.services.conversations.shapes import UNTITLED
from sluice.stores.sql.schema import conversations
from sluice.stores.sql.types import AnyText
from sluice.stores.sql.upsert import insert_unless_there

ANONYMOUS = timedelta(days=1)  # that an anonymous conversation is kept after its last use
FIRST = 1000  # characters of a message in which its first line is looked for
TITLE = 60  # characters of a title made from a message
MISSING = "There is no such conversation."

table = conversations.c
TITLED = bindparam("titled", type_=AnyText())
BY_ID = (table.id == bindparam("wanted"), table.kind == bindparam("of_kind"))
BY_NAME = (
    table.kind == bindparam("of_kind"),
    table.scope == bindparam("in_scope"),
    table.name == bindparam("wanted"),
)


def _enter(*which: ColumnElement[bool]) -> ReturningUpdate[*tuple[Any, ...]]:
    return (
        update(conversations)
        .where(
            *which,
            table.user_id.is_not_distinct_from(bindparam("owner")),
            table.deleted_at.is_(None),
            or_(table.expires_at.is_(None), table.expires_at > bindparam("now")),
            table.active_run_id.is_(None),
        )
        .values(
            active_run_id=bindparam("run"),
            updated_at=bindparam("now"),
            expires_at=bindparam("until"),
            title=case((table.title.in_(("", UNTITLED)), TITLED), else_=table.title),
            message_count=table.message_count + 2,
        )
        .returning(table.id, table.name, table.message_count)
    )


SEEN = select(table.id, table.user_id, table.deleted_at, table.expires_at, table.active_run_id)
ENTER = {"id": _enter(*BY_ID), "name": _enter(*BY_NAME)}
LOOK = {"id": SEEN.where(*BY_ID), "name": SEEN.where(*BY_NAME)}
MAKE = insert(conversations)
MAKE_NAMED = insert_unless_there(conversations, "kind", "scope", "name")
GIVE_UP_NAME = update(conversations).where(table.id == bindparam("gone")).values(name=None)
COUNT = update(conversations).where(table.id == bindparam("entered"))


class Entered(NamedTuple):
    """A conversation in which this run may write.

    `message_count` takes a question and its reply for granted; `made`: there is nothing in it yet.
    """

    id: str
    name: str | None
    message_count: int = 2
    made: bool = False


def enter(tx: Connection, opening: Opening, now: datetime, new_id: Callable[[], str]) -> Entered:
    """Enter the conversation, or make it; it is this run's from here on.

    Raises `NotFound`, and `Busy` while another run writes in it.
    """
    thread = opening.thread
    assert thread is not None
    if thread.id is None and thread.name is None:
        made = _row(opening, thread, now, new_id())
        tx.execute(MAKE, made)
        return Entered(made["id"], None, made=True)
    by = "name" if thread.id is None else "id"
    which = {"wanted": thread.id or thread.name, "of_kind": thread.kind, "in_scope": opening.scope}
    given = {
        **which, "owner": opening.owner, "run": opening.id, "now": now,
        "until": _expiry(opening, now), "titled": title_of(opening),
    }  # fmt: skip
    while True:
        if (found := tx.execute(ENTER[by], given).one_or_none()) is not None:
            return Entered(*found)
        seen = tx.execute(LOOK[by], which).one_or_none()
        if seen is not None and not _is_gone(seen, now):
            _refuse(seen, opening)
        elif by == "id":
            raise NotFound(MISSING)
        else:
            made = _row(opening, thread, now, new_id())
            if _make_named(tx, seen, made):
                return Entered(made["id"], thread.name, made=True)
        # Somebody else has come first, or has just left: it is to be asked again.


def correct(tx: Connection, entered: Entered, message_count: int) -> None:
    """So many messages are shown now."""
    if entered.message_count != message_count:
        tx.execute(COUNT, {"entered": entered.id, "message_count": message_count})


def title_of(opening: Opening) -> str:
    """The first line of what is said first, cut at a word; none yet, where files say it all."""
    text = opening.messages[-1].text if opening.messages else ""
    line = " ".join(text[:FIRST].strip().partition("\n")[0].split())
    if len(line) <= TITLE:
        return line or UNTITLED
    cut = line[: TITLE - 1]
    whole, space, _ = cut.rpartition(" ")
    return (whole if space else cut) + "…"


def _refuse(seen: Any, opening: Opening) -> None:
    if seen.user_id != opening.owner:
        raise NotFound(MISSING)
    if seen.active_run_id is not None:
        raise Busy(seen.active_run_id)


def _is_gone(seen: Any, now: datetime) -> bool:
    expired = seen.expires_at is not None and seen.expires_at <= now
    return seen.deleted_at is not None or expired


def _make_named(tx: Connection, gone: Any, row: dict[str, Any]) -> bool:
    """Make it, unless the name has been taken meanwhile."""
    if gone is not None:  # it stays what it was until it is tidied away: only its name is free
        tx.execute(GIVE_UP_NAME, {"gone": gone.id})
    return tx.execute(MAKE_NAMED.on(tx), row).rowcount > 0


def _row(opening: Opening, thread: Thread, now: datetime, id: str) -> dict[str, Any]:
    """A new conversation, whose first two messages are to come."""
    return {
        "id": id, "user_id": opening.owner, "kind": thread.kind, "scope": opening.scope,
        "name": thread.name, "title": title_of(opening), "created_at": now, "updated_at": now,
        "expires_at": _expiry(opening, now), "message_count": 2, "active_run_id": opening.id,
    }  # fmt: skip


def _expiry(opening: Opening, now: datetime) -> datetime | None:
    return now + ANONYMOUS if opening.owner is None else None
