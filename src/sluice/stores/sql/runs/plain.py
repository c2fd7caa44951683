"""Runs outside of conversations, in groups: each but one row, in one statement for all of them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from sluice.services.archive import Closing, Opening
from sluice.stores.sql.database import Database
from sluice.stores.sql.runs.settling import NAME, STORE, close_run, row_of
from sluice.stores.sql.schema import runs
from sluice.stores.sql.upsert import insert_unless_there

BEGIN = insert_unless_there(runs, "id")
NOTHING: dict[str, Any] = {
    "status": "running",
    "input_tokens": 0,
    "output_tokens": 0,
    "reasoning_tokens": 0,
    "estimated": False,
    "cost": 0.0,
    "text_length": 0,
    "conversation_id": None,
    "message_id": None,
}


class SQLRows:
    """The `Rows` of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, openings: Sequence[Opening]) -> None:
        await self._database.write(lambda tx: _begin(tx, openings))

    async def end(self, closings: Sequence[Closing]) -> None:
        try:
            await self._database.write(lambda tx: _end(tx, closings))
        except IntegrityError:  # one of their users has gone meanwhile
            await self._database.write(lambda tx: _end_each(tx, closings))


def _begin(tx: Connection, openings: Iterable[Opening]) -> None:
    tx.execute(BEGIN.on(tx), [{**NOTHING, **_beginning(one)} for one in openings])


def _end(tx: Connection, closings: Iterable[Closing]) -> None:
    tx.execute(STORE.on(tx), [_whole(one) for one in closings])


def _end_each(tx: Connection, closings: Iterable[Closing]) -> None:
    for one in closings:
        close_run(tx, one)


def _beginning(opening: Opening) -> dict[str, Any]:
    return {
        "id": opening.id,
        "user_id": opening.owner,
        "server": opening.server,
        "dialect": opening.dialect,
        "asked": opening.model[:NAME],
        "model": opening.model[:NAME],
        "started_at": datetime.fromtimestamp(opening.wall, UTC),
    }


def _whole(closing: Closing) -> dict[str, Any]:
    now = datetime.fromtimestamp(closing.wall, UTC)
    return {
        "id": closing.id,
        "user_id": closing.owner,
        "server": closing.server,
        "dialect": closing.dialect,
        "asked": closing.asked[:NAME],
        "started_at": now - timedelta(seconds=closing.receipt.duration),
        "conversation_id": None,
        "message_id": None,
        **row_of(closing, now),
    }
