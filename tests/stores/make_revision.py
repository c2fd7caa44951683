"""Writes a populated SQLite database of today's revision as SQL, to be kept for good once released.

usage: python -m tests.stores.make_revision > tests/stores/revisions/0001.sql
"""

import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, insert, text

from sluice.stores.sql import schema
from sluice.stores.sql.migrate import prepare
from sluice.stores.sql.sqlite import SQLite
from tests.stores.rows import NOON, add_conversation, add_message, add_user, note

ODD = "NUL \0, its escape \x1a0, \u2028, 😀, e\u0301, שלום, 'quotes'; --"
USER = "0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01"
TALK = "5d9b4f6a-0c7b-4d58-8d2e-9f6f0f7c1a02"
ASKED = "c1b7f3de-11e4-4f4a-9d1c-7d6b7b1f0a03"
REPLY = "c1b7f3de-11e4-4f4a-9d1c-7d6b7b1f0a04"
FILE = "7be0c6a2-3c6f-4a5e-9b0d-2f1c5d8e9a05"
RUN = "9f" * 16
DAY = {"unit": "tokens", "user_id": USER, "period": "2026-11-21"}
ROWS = (
    (
        schema.runs,
        {
            "id": RUN,
            "user_id": USER,
            "conversation_id": TALK,
            "message_id": REPLY,
            "server": "ab" * 16,
            "dialect": "conversations",
            "asked": "demo",
            "model": "demo/demo",
            "status": "cancelled",
            "finish_reason": "cancelled",
            "input_tokens": 12,
            "output_tokens": 7,
            "reasoning_tokens": 0,
            "estimated": True,
            "cost": 0.0,
            "started_at": NOON,
            "ended_at": NOON,
            "duration": 0.5,
            "first_token": 0.1,
            "text_length": 60,
            "offsets": b"\x01\x02\xff",
        },
    ),
    (schema.checkpoints, {"run_id": RUN, "piece": ODD}),
    (schema.holds, {"run_id": RUN, "amount": 100, **DAY}),
    (schema.balances, {"held": 100, "spent": 19, **DAY}),
    (
        schema.logins,
        {
            "id": "login",
            "user_id": USER,
            "kind": "bearer",
            "created_at": NOON,
            "seen_at": NOON,
            "expires_at": NOON,
            "address": "127.0.0.1",
            "agent": "curl",
        },
    ),
    (schema.refresh_tokens, {"hash": "ab" * 32, "login_id": "login", "created_at": NOON}),
    (
        schema.media,
        {
            "id": FILE,
            "user_id": USER,
            "content_type": "text/plain",
            "size": 5,
            "sha256": "cd" * 32,
            "name": ODD,
            "created_at": NOON,
            "prompt_type": "text/plain",
        },
    ),
    (schema.attachments, {"message_id": ASKED, "position": 0, "media_id": FILE}),
    (schema.discarded_media, {"id": "gone", "since": NOON}),
    (schema.revocations, {"kind": "login", "subject": "other", "at": NOON}),
)
ADD_TO_SEARCH = text(
    "INSERT INTO message_search (rowid, body, owner) SELECT seq, content, :owner FROM messages"
)


def populate(tx: Connection) -> None:
    """A user with one conversation, and a little of everything that goes with it."""
    add_user(USER, username="Ann", name_key="ann", email="Ann@example.org")(tx)
    add_conversation(TALK, USER, title=f"About {ODD}", name=None, message_count=2)(tx)
    add_message(ASKED, TALK, ODD)(tx)
    reply = {"parent_id": ASKED, "depth": 2, "role": "assistant", "status": "partial"}
    add_message(REPLY, TALK, f"You said: {ODD}", ended_at=NOON, run_id=RUN, **reply)(tx)
    for table, row in ROWS:
        tx.execute(insert(table).values(row))
    note("login")(tx)
    tx.execute(ADD_TO_SEARCH, {"owner": USER})


def dump(path: Path) -> Iterator[str]:
    """The database as SQL. Python's own dump writes the search as the tables that it is made of."""
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'message_search'")
        search = f"{made.fetchone()[0]};"
        for statement in connection.iterdump():
            if "message_search" in statement and "TRIGGER" not in statement:
                continue
            if not statement.startswith("PRAGMA writable_schema"):
                yield statement
            if statement == "BEGIN TRANSACTION;":
                yield search
        for row in connection.execute(
            "SELECT rowid, quote(body), quote(owner) FROM message_search ORDER BY rowid"
        ):
            yield "INSERT INTO message_search (rowid, body, owner) VALUES ({}, {}, {});".format(
                *row
            )


async def make(folder: Path) -> Path:
    database = SQLite(folder / "sluice.db")
    await prepare(database, folder)
    await database.write(populate)
    await database.close()
    return database.path


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        sys.stdout.write("\n".join(dump(asyncio.run(make(Path(name))))) + "\n")
