"""Sessions that clients have names for: whose they are, and that they can be forgotten."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sluice.core.commands import Principal
from sluice.core.errors import NotFound
from sluice.services.conversations.sessions import NamedSessions, Session
from sluice.services.scopes import Scopes
from sluice.stores.sql.database import Database
from sluice.stores.sql.migrate import upgrade
from sluice.stores.sql.sessions import SqlSessions
from sluice.stores.sql.sqlite import SQLite
from tests.stores.rows import NOON, add_conversation, add_user

SCOPES = Scopes(b"secret", lambda: "0123456789abcdef")
ANN, BOB = Principal("ann", "ann"), Principal("bob", "bob")
HERE, THERE = Principal(address="192.0.2.1"), Principal(address="192.0.2.2")
NOBODY = Principal(address="192.0.2.1", placed=False)  # behind a proxy that is not believed


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    found = SQLite(tmp_path / "sluice.db")
    await found.write(upgrade)
    for user in ("ann", "bob"):
        await found.write(add_user(user))
    yield found
    await found.close()


async def test_a_session_is_its_owners_and_no_other_is_let_in(database: Database):
    stopped: list[str] = []

    async def stop(run: str) -> None:
        stopped.append(run)

    sessions = NamedSessions(SqlSessions(database), SCOPES, stop, lambda: NOON)
    made = SCOPES.name()
    owned: list[tuple[Principal, str, tuple[Principal, ...]]] = [
        (ANN, "default", (BOB, THERE, NOBODY)),
        (HERE, "default", (BOB, THERE, NOBODY)),
        (THERE, made, (ANN, BOB)),  # whoever else knows this name is let in
    ]
    for n, (who, name, _) in enumerate(owned):
        scope = SCOPES.of(who, name)
        given = {
            "name": name, "message_count": n, "expires_at": NOON + timedelta(days=1),
            "active_run_id": f"r{n}",
        }  # fmt: skip
        await database.write(add_conversation(f"c{n}", who.id, kind="chat", scope=scope, **given))
    for n, (who, name, others) in enumerate(owned):
        for other in others:
            with pytest.raises(NotFound):
                await sessions.show(other, name)
            with pytest.raises(NotFound):
                await sessions.forget(other, name)
        assert await sessions.show(who, name) == Session(n, NOON)
        await sessions.forget(who, name)
        assert stopped.pop() == f"r{n}"
        with pytest.raises(NotFound):
            await sessions.forget(who, name)
    assert stopped == []


@pytest.mark.parametrize("name", ["", "\0", "a b", "x" * 129, "é"])
async def test_what_cannot_be_a_name_is_not_there(database: Database, name: str):
    async def stop(run: str) -> None:
        raise AssertionError(run)

    sessions = NamedSessions(SqlSessions(database), SCOPES, stop, lambda: NOON)
    with pytest.raises(NotFound):
        await sessions.show(ANN, name)
    with pytest.raises(NotFound):
        await sessions.forget(ANN, name)
