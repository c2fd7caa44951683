"""Rows to store, with what they cannot be without, and questions about them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from sluice.stores.sql.database import Work
from sluice.stores.sql.schema import audit, conversations, messages, users

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def add_user(id: str, **columns: Any) -> Work[None]:
    """A user, by name the same as the id."""
    row = {"id": id, "username": id, "name_key": id, "role": "user", "created_at": NOON}

    def work(tx: Connection) -> None:
        tx.execute(insert(users).values(row | columns))

    return work


def add_conversation(id: str, user: str | None, **columns: Any) -> Work[None]:
    row = {
        "id": id,
        "user_id": user,
        "kind": "conversations",
        "scope": "",
        "name": id,
        "title": "",
        "created_at": NOON,
        "updated_at": NOON,
        "message_count": 0,
    }

    def work(tx: Connection) -> None:
        tx.execute(insert(conversations).values(row | columns))

    return work


def add_message(id: str, conversation: str, content: str, **columns: Any) -> Work[int]:
    """A message; gives its `seq`."""
    row = {
        "id": id,
        "conversation_id": conversation,
        "depth": 1,
        "shown": True,
        "role": "user",
        "content": content,
        "size": len(content.encode()),
        "status": "complete",
        "created_at": NOON,
    }

    def work(tx: Connection) -> int:
        return tx.execute(
            insert(messages).values(row | columns).returning(messages.c.seq)
        ).scalar_one()

    return work


def note(action: str) -> Work[int]:
    """A line in the audit log; gives its `seq`."""
    row = {"at": NOON, "action": action, "subject": "", "address": "", "outcome": "ok"}

    def work(tx: Connection) -> int:
        return tx.execute(insert(audit).values(row).returning(audit.c.seq)).scalar_one()

    return work


def noted(tx: Connection) -> list[str]:
    """The lines of the audit log."""
    return list(tx.execute(select(audit.c.action).order_by(audit.c.seq)).scalars())


def count_users(tx: Connection) -> int:
    return tx.execute(select(func.count()).select_from(users)).scalar_one()
