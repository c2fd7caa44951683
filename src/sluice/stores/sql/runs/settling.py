"""The end transaction of a run.

It does not mind what has happened meanwhile: a run that was not stored yet, one that a crash
seemed to have ended, whose conversation or user has gone.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, exists, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from sluice.services.archive import Closing
from sluice.stores.sql.reservations import settle
from sluice.stores.sql.schema import checkpoints, conversations, holds, messages, runs, users
from sluice.stores.sql.search import INDEXED, Entry, index
from sluice.stores.sql.upsert import insert_or_change

NAME = 200  # characters of a model's name that are kept
STATUS = {"done": "complete", "cancelled": "partial"}  # of the reply


def ending(*statuses: str) -> ReturningUpdate[*tuple[Any, ...]]:
    """End a run of one of these statuses; tells whose it was, and what is kept for it."""
    return (
        update(runs)
        .where(runs.c.id == bindparam("run"), runs.c.status.in_(statuses))
        .returning(  # SQLite finds no index here by a column of the row: by what was given it does
            runs.c.user_id,
            runs.c.conversation_id,
            runs.c.message_id,
            exists().where(checkpoints.c.run_id == bindparam("run")).label("checkpoints"),
            exists().where(holds.c.run_id == bindparam("run")).label("holds"),
        )
    )


OPEN = ("running", "crashed")  # what seems to have crashed can still end
END = ending(*OPEN)
STATE = select(runs.c.status).where(runs.c.id == bindparam("run"))
STORE = insert_or_change(
    runs,
    ("id",),
    lambda new: {one.name: one for one in new.values() if one.name not in {"id", "started_at"}},
)
OWNER = (
    select(users.c.id)
    .where(users.c.id == bindparam("user"))
    .with_for_update(read=True, key_share=True)
)
CONVERSATION = select(conversations.c.id).where(conversations.c.id == bindparam("conversation"))
END_REPLY = update(messages).where(messages.c.id == bindparam("message"))
question = messages.alias("question")
SAID = (
    select(messages.c.seq, question.c.seq.label("question"), question.c.content.label("asked"))
    .select_from(
        messages.join(conversations, conversations.c.id == messages.c.conversation_id).outerjoin(
            question,  # that this run was asked: not one that it only answers anew
            and_(question.c.id == messages.c.parent_id, question.c.run_id == messages.c.run_id),
        )
    )
    .where(messages.c.id == bindparam("message"), conversations.c.kind.in_(INDEXED))
)
LEAVE = update(conversations).where(
    conversations.c.id == bindparam("conversation"),
    conversations.c.active_run_id == bindparam("run"),
)
FORGET = delete(checkpoints).where(checkpoints.c.run_id == bindparam("run"))


def close_run(tx: Connection, closing: Closing) -> None:
    """Store how a run ended. See `Archive.close`."""
    now = datetime.fromtimestamp(closing.wall, UTC)
    end = {"run": closing.id, **row_of(closing, now)}
    while (ended := tx.execute(END, end).one_or_none()) is None:
        status = tx.execute(STATE, {"run": closing.id}).scalar()
        if status is None:
            _store(tx, closing, now)
        if status not in OPEN:  # else its beginning has been stored this very moment
            return
    release(tx, ended, closing.id, closing.taken, now)
    # By the row, not by `closing.place`: a run that was given up while it began does not know it.
    if ended.message_id is not None:
        end_reply(tx, ended.user_id, closing.text, _reply(closing, ended.message_id, now))
    if ended.conversation_id is not None:
        leave(tx, ended.conversation_id, closing.id, now)


def release(tx: Connection, ended: Any, run: str, taken: Mapping[str, int], now: datetime) -> int:
    """Drop what was kept for the time that the run went on; returns the points that it cost."""
    if ended.checkpoints:
        tx.execute(FORGET, {"run": run})
    return settle(tx, run, taken, now) if ended.holds else 0


def end_reply(tx: Connection, owner: str | None, text: str, reply: dict[str, Any]) -> None:
    """Store the reply, and let its owner find it and its question."""
    tx.execute(END_REPLY, {**reply, "content": text, "size": len(text.encode())})
    if owner is None:
        return
    for said in tx.execute(SAID, {"message": reply["message"]}):
        both = ((said.question, said.asked), (said.seq, text))
        if entries := [Entry(seq, owner, words) for seq, words in both if words]:
            index(tx, entries)


def leave(tx: Connection, conversation: str, run: str, now: datetime) -> None:
    """The run writes no more in its conversation, where it still did."""
    left = {"conversation": conversation, "run": run, "active_run_id": None, "updated_at": now}
    tx.execute(LEAVE, left)


def _store(tx: Connection, closing: Closing, now: datetime) -> None:
    """A run whose beginning has not been stored, or whose user has gone: that one is forgotten."""
    owner = closing.owner
    if owner is not None and tx.execute(OWNER, {"user": owner}).one_or_none() is None:
        return
    place = closing.place
    conversation = None if place is None else place.conversation
    if conversation is not None:
        conversation = tx.execute(CONVERSATION, {"conversation": conversation}).scalar()
    started = now - timedelta(seconds=closing.receipt.duration)
    beginning = {
        "id": closing.id, "user_id": owner, "server": closing.server, "dialect": closing.dialect,
        "asked": closing.asked[:NAME], "started_at": started,
        "conversation_id": conversation, "message_id": None if place is None else place.message,
    }  # fmt: skip
    tx.execute(STORE.on(tx), {**beginning, **row_of(closing, now)})


def row_of(closing: Closing, now: datetime) -> dict[str, Any]:
    """What a run came to, as its row has it."""
    receipt, usage = closing.receipt, closing.receipt.usage
    offsets = None if closing.place is None else msgspec.msgpack.encode(closing.lengths)
    return {
        "model": receipt.model[:NAME], "status": closing.status,
        "finish_reason": closing.finish_reason, "code": closing.code,
        "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens, "estimated": usage.estimated,
        "cost": receipt.cost, "points": receipt.points, "ended_at": now,
        "duration": receipt.duration, "first_token": receipt.first_token,
        "text_length": receipt.text_length, "offsets": offsets,
    }  # fmt: skip


def _reply(closing: Closing, message: str, now: datetime) -> dict[str, Any]:
    return {
        "message": message, "ended_at": now, "model": closing.receipt.model[:NAME],
        "status": STATUS.get(closing.status, "partial" if closing.text else "failed"),
        "finish_reason": closing.finish_reason, "code": closing.code,
        "tokens": closing.receipt.usage.output_tokens,
    }  # fmt: skip
