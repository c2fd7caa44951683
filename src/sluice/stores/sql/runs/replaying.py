"""Runs that have ended, as they were stored: with their replies."""

from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from sluice.core.commands import Place
from sluice.core.events import Receipt, Usage
from sluice.services.archive import Busy, StoredRun
from sluice.stores.sql.schema import conversations, messages, runs, users

# What a user has deleted is not shown again, not even as a run.
FIND = (
    select(
        *(
            column
            for column in runs.c
            if column.name not in {"server", "offsets", "conversation_id", "message_id"}
        ),
        runs.c.offsets,
        users.c.username,
        messages.c.id.label("message"),
        messages.c.content,
        conversations.c.id.label("conversation"),
        conversations.c.name,
    )
    .select_from(
        runs.join(messages, messages.c.id == runs.c.message_id)
        .join(conversations, conversations.c.id == runs.c.conversation_id)
        .outerjoin(users, users.c.id == runs.c.user_id)
    )
    .where(
        runs.c.id == bindparam("run"),
        runs.c.status != "running",
        conversations.c.deleted_at.is_(None),
    )
)
GOES_ON = select(runs.c.id).where(runs.c.id == bindparam("run"), runs.c.status == "running")


def replay_run(tx: Connection, id: str) -> StoredRun | None:
    """See `Archive.replay`."""
    row = tx.execute(FIND, {"run": id}).one_or_none()
    if row is None:
        if tx.execute(GOES_ON, {"run": id}).one_or_none() is not None:
            raise Busy(id)
        return None
    return StoredRun(
        id=row.id,
        owner=row.user_id,
        user=row.username or "",
        dialect=row.dialect,
        asked=row.asked,
        started=row.started_at,
        ended=row.ended_at,
        status=row.status,
        finish_reason=row.finish_reason,
        code=row.code,
        receipt=_receipt(row),
        place=Place(row.conversation, row.message, row.name),
        text=row.content,
        lengths=msgspec.msgpack.decode(row.offsets, type=list[int]) if row.offsets else (),
    )


def _receipt(row: Any) -> Receipt:
    """What the run came to; what it asked of which provider on the way is not kept."""
    return Receipt(
        model=row.model,
        usage=Usage(row.input_tokens, row.output_tokens, row.reasoning_tokens, row.estimated),
        cost=row.cost,
        duration=row.duration or 0.0,
        first_token=row.first_token,
        text_length=row.text_length,
        attempts=(),
        points=row.points,
    )
