"""The resources of conversations and usage as an application by themselves, over SQLite.

Who asks is told by a header, in place of the server's gate.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from sqlalchemy import update

from sluice.api.conversations import conversation, conversations, deleting, messages, search
from sluice.api.errors import bug, ours, theirs
from sluice.api.usage import usage
from sluice.core.commands import Principal
from sluice.core.errors import SluiceError
from sluice.services.conversations.keeping import Conversations
from sluice.services.conversations.reading import Reading
from sluice.services.usage import UsageReport
from sluice.stores.sql import schema
from sluice.stores.sql.conversations import SqlConversations
from sluice.stores.sql.database import Database
from sluice.stores.sql.messages import SqlMessages
from sluice.stores.sql.migrate import upgrade
from sluice.stores.sql.search import Entry, index
from sluice.stores.sql.sqlite import SQLite
from sluice.stores.sql.usage import SqlLedger
from sluice.transports.asgi import VISIT, Receive, Scope, Send, Visit, header
from tests.stores.rows import NOON, add_message, add_user

ALL = "/api/v1/conversations"


class Library:
    """The resources, their store, and a clock to be turned by hand. `stopped` are runs."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOON
        self.stopped: list[str] = []
        numbers = count(1)
        store, reader = SqlConversations(database), SqlMessages(database)
        self.keeping = Conversations(
            store, store, self._stop, lambda: f"c0ffee00-{next(numbers):04}", lambda: self.now
        )
        self.reading = Reading(store, reader)
        handlers = [
            *conversations(self.keeping),
            *conversation(self.keeping),
            *deleting(self.keeping),
            *messages(self.reading),
            search(self.reading),
            usage(UsageReport(SqlLedger(database), lambda: self.now)),
        ]
        self.app: Any = Litestar(
            handlers,
            openapi_config=OpenAPIConfig("Conversations", "1"),
            exception_handlers={SluiceError: ours, HTTPException: theirs, Exception: bug},
            logging_config=None,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        user = header(scope, b"x-user")
        scope[VISIT] = Visit(Principal(user, user or ""), [])
        await self.app(scope, receive, send)

    def client(self, user: str | None) -> httpx.AsyncClient:
        """Somebody with a client of their own."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self),
            base_url="http://localhost",
            headers={"X-User": user} if user else {},
        )

    async def say(self, conversation: str, *texts: str, owner: str = "ann", **columns: Any) -> None:
        """Questions and answers in turn, each after the one before; ids are `m1`, `m2`, …."""

        def work(tx: Any) -> None:
            for n, text in enumerate(texts, 1):
                row = {
                    "parent_id": f"m{n - 1}" if n > 1 else None,
                    "depth": n,
                    "role": "user" if n % 2 else "assistant",
                    **columns,
                }
                seq = add_message(f"m{n}", conversation, text, **row)(tx)
                index(tx, [Entry(seq, owner, text)])

        await self.database.write(work)
        await self.change(conversation, message_count=len(texts))

    async def change(self, conversation: str, **columns: Any) -> None:
        """Change a conversation's row."""
        table = schema.conversations
        statement = update(table).where(table.c.id == conversation).values(columns)
        await self.database.write(lambda tx: tx.execute(statement) and None)

    def later(self, **by: float) -> datetime:
        """Turn the clock."""
        self.now += timedelta(**by)
        return self.now

    async def _stop(self, run: str) -> None:
        self.stopped.append(run)


@asynccontextmanager
async def library(folder: Path) -> AsyncIterator[Library]:
    """The resources over a database of the test's own, with the users `ann` and `bob`."""
    database = SQLite(folder / "sluice.db")
    await database.write(upgrade)
    for user in ("ann", "bob"):
        await database.write(add_user(user))
    yield Library(database)
    await database.close()
