"""A server's home: the folder and the database that outlive its process."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text

from sluice.stores.sql.database import Database
from sluice.stores.sql.migrate import faults
from sluice.stores.sql.opening import open_database
from sluice.stores.sql.tidying import tidy
from tests.conftest import STARTUP, Running, environment, free_port, running, sluice_command

T = TypeVar("T")

TOKEN = re.compile(r"eyJ[\w-]{8,}\.")  # the head of a JWT; an id may have its first letters, too

# Each finds what must not be, in a database that no server is writing to.
INVARIANTS = {
    "two messages of one depth are shown": """
        SELECT conversation_id, depth FROM messages WHERE shown
        GROUP BY conversation_id, depth HAVING count(*) > 1""",
    "a depth is not shown": """
        SELECT conversation_id FROM messages WHERE shown
        GROUP BY conversation_id HAVING count(*) <> max(depth)""",
    "a message is shown without the one before it": """
        SELECT m.id FROM messages m LEFT JOIN messages p ON p.id = m.parent_id
        WHERE m.shown AND m.depth > 1
        AND (p.id IS NULL OR NOT p.shown OR p.depth <> m.depth - 1)""",
    "messages are counted wrong": """
        SELECT c.id, c.message_count, count(m.id) FROM conversations c
        LEFT JOIN messages m ON m.conversation_id = c.id AND m.shown
        GROUP BY c.id, c.message_count HAVING count(m.id) <> c.message_count""",
    "a reply is still being written": "SELECT id FROM messages WHERE status = 'streaming'",
    "a run goes on": "SELECT id FROM runs WHERE status = 'running'",
    "a conversation waits for a run": """
        SELECT id FROM conversations WHERE active_run_id IS NOT NULL""",
    "more or less is held than runs hold": """
        SELECT b.user_id, b.held FROM balances b WHERE b.held <> (
            SELECT coalesce(sum(h.amount), 0) FROM holds h
            WHERE h.user_id = b.user_id AND h.unit = b.unit AND h.period = b.period)""",
    "a run holds something though it has ended": "SELECT run_id FROM holds",
    "a balance is not the sum of its ledger": """
        SELECT u.id FROM users u
        LEFT JOIN balances b ON b.user_id = u.id AND b.unit = 'points' AND b.period = ''
        WHERE coalesce(-b.spent, 0) <> (
            SELECT coalesce(sum(e.amount), 0) FROM point_entries e WHERE e.user_id = u.id)""",
    "a run is charged twice": """
        SELECT run_id FROM point_entries WHERE kind = 'charge'
        GROUP BY run_id HAVING count(*) > 1""",
    "a run and the ledger do not agree on what it cost": """
        SELECT r.id, r.points, e.amount FROM runs r
        LEFT JOIN point_entries e ON e.run_id = r.id AND e.kind = 'charge'
        WHERE r.user_id IS NOT NULL AND r.points <> coalesce(-e.amount, 0)""",
    "a piece is left of a run that has ended": "SELECT run_id FROM checkpoints",
    "a reply without its run": """
        SELECT m.id FROM messages m LEFT JOIN runs r ON r.id = m.run_id
        WHERE m.role = 'assistant' AND r.id IS NULL""",
    "a reply and its run do not agree": """
        SELECT m.id, m.status, r.status FROM messages m JOIN runs r ON r.id = m.run_id
        WHERE m.role = 'assistant' AND NOT (
            (r.status = 'done' AND m.status = 'complete')
            OR (r.status = 'cancelled' AND m.status = 'partial')
            OR (r.status IN ('crashed', 'failed') AND m.status IN ('partial', 'failed')))""",
    "something is found that was not said": """
        SELECT s.{number} FROM message_search s LEFT JOIN messages m ON m.seq = s.{number}
        WHERE m.seq IS NULL""",
    "something was said that is not found": """
        SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation_id
        LEFT JOIN message_search s ON s.{number} = m.seq
        WHERE c.kind IN ('conversations', 'interactions') AND c.user_id IS NOT NULL
        AND m.content <> '' AND s.{number} IS NULL""",
}
NUMBER = {"sqlite": "rowid", "postgresql": "seq"}


class Home:
    """Where servers live one after another, or (with another folder each) at once."""

    def __init__(self, folder: Path, url: str | None, **settings: str) -> None:
        self.folder = folder
        self.url = url
        folder.mkdir(exist_ok=True)
        self.settings = settings if url is None else {**settings, "SLUICE_DATABASE_URL": url}

    @contextmanager
    def serving(self, **settings: str) -> Iterator[Running]:
        with running(self.folder, **{**self.settings, **settings}) as server:
            yield server

    def refused(self, *before: str) -> str:
        """Start a server that is not to come up, `before` being the program that starts it; the
        one line that it says."""
        program = (*before, sys.executable, "-m", "sluice") if before else sluice_command()
        command = [*program, "serve", "--port", str(free_port())]
        done = subprocess.run(
            command, cwd=self.folder, env=environment(**self.settings), capture_output=True,
            text=True, timeout=STARTUP, check=False,
        )  # fmt: skip
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert "secret" not in done.stderr
        return done.stderr

    @property
    def data(self) -> Path:
        return self.folder / "data"

    async def read(self, work: Callable[..., T]) -> T:
        """Look into the database, beside a server or without one."""
        database = await self._open()
        try:
            return await database.read(work)
        finally:
            await database.close()

    async def rows(self, query: str, **given: Any) -> list[Any]:
        return await self.read(lambda tx: list(tx.execute(text(query), given).all()))

    async def write(self, statement: str) -> None:
        database = await self._open()
        await database.write(lambda tx: tx.execute(text(statement)).close())
        await database.close()

    async def broken(self) -> dict[str, list[Any]]:
        """The invariants that do not hold, and what breaks them."""

        def look(tx: Any) -> dict[str, list[Any]]:
            number = NUMBER[tx.dialect.name]
            found = {
                name: tx.execute(text(query.format(number=number))).all()
                for name, query in INVARIANTS.items()
            }
            found["the database is not sound"] = faults(tx)
            return {name: list(rows) for name, rows in found.items() if rows}

        if self.url is not None:  # where a last piece may be left over, and is tidied up
            await self._tidied()
        return await self.read(look)

    async def _tidied(self) -> None:
        """What servers do every so often."""
        database = await self._open()
        await tidy(database, datetime.now(UTC))
        await database.close()

    async def _open(self) -> Database:
        return await open_database(self.url, self.data)


def assert_discreet(server: Running) -> None:
    """Nothing in the log is a bug of ours, or a text, a password or a token of somebody's."""
    log = server.log.read_text()
    for word in ("Traceback", "broke:", "correct horse", "Bearer", "Tell me about"):
        assert word not in log, log
    assert not TOKEN.search(log), log


@contextmanager
def all_at_once(*homes: Home) -> Iterator[list[Running]]:
    """A server in each of these; they start up together."""
    with ThreadPoolExecutor() as threads, ExitStack() as stack:
        started = [(threads.submit(one.__enter__), one) for one in (h.serving() for h in homes)]
        servers: list[Running] = []
        for future, one in started:
            servers.append(future.result())
            stack.push(one)
        yield servers
