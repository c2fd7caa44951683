"""From every revision that was ever released to the one that the tables are of."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from stat import S_IMODE

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import SchemaItem

from sluice.stores import migrations
from sluice.stores.sql import migrate
from sluice.stores.sql.database import Database, StoreError
from sluice.stores.sql.migrate import faults, prepare, revision, upgrade_server
from sluice.stores.sql.opening import upgrade_database
from sluice.stores.sql.postgres import Postgres
from sluice.stores.sql.schema import conversations, messages, metadata, users
from sluice.stores.sql.sqlite import SQLite
from tests.databases import NUMBERS
from tests.postgres import Server, admin
from tests.stores.make_revision import ODD
from tests.stores.rows import add_conversation, add_message, count_users

REVISIONS = sorted((Path(__file__).parent / "revisions").glob("*.sql"))


def ours(_: SchemaItem, name: str | None, kind: str, *rest: object) -> bool:
    """The search is made in the words of each database; Alembic does not know it."""
    return not (kind == "table" and name is not None and name.startswith("message_search"))


def count_messages(tx: Connection) -> int:
    return tx.execute(select(func.count()).select_from(messages)).scalar_one()


def differences(tx: Connection) -> list[object]:
    """What is not as the code has it."""
    options = {"compare_type": True, "compare_server_default": True, "include_object": ours}
    return list(compare_metadata(MigrationContext.configure(tx, opts=options), metadata))


async def test_the_steps_lead_to_the_tables_as_the_code_has_them(database: Database) -> None:
    assert await database.read(differences) == []


def loaded(released: Path, folder: Path) -> SQLite:
    """A populated database as it was kept of a release."""
    path = folder / "sluice.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(released.read_text())
    return SQLite(path)


@pytest.mark.parametrize("released", REVISIONS, ids=lambda path: path.stem)
async def test_a_populated_database_of_each_released_revision_is_brought_here(
    released: Path, tmp_path: Path
) -> None:
    database = loaded(released, tmp_path)
    await prepare(database, tmp_path)

    def look(tx: Connection) -> tuple[object, ...]:
        talk = select(conversations.c.title, messages.c.role, messages.c.content, messages.c.status)
        whose = talk.join_from(users, conversations).join(messages).where(users.c.username == "Ann")
        found = text("SELECT rowid FROM message_search WHERE message_search MATCH 'escape'")
        rows = [tuple(row) for row in tx.execute(whose.order_by(messages.c.seq))]
        return (*rows, tx.execute(found).scalars().all())

    assert await database.read(look) == (
        (f"About {ODD}", "user", ODD, "complete"),
        (f"About {ODD}", "assistant", f"You said: {ODD}", "partial"),
        [1, 2],
    )
    assert await database.read(differences) == []
    assert await database.read(faults) == []
    await prepare(database, tmp_path)
    await database.close()


async def test_a_server_makes_its_sqlite_file_by_itself(tmp_path: Path) -> None:
    database = SQLite(tmp_path / "sluice.db")
    await prepare(database, tmp_path)
    assert await database.read(count_users) == 0
    await database.close()
    assert not (tmp_path / "backups").exists(), "there was nothing to keep"


NEXT_STEP = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "next", "{before}"

def upgrade():
    with op.batch_alter_table("users", recreate="always") as users:
        users.add_column(sa.Column("nickname", sa.Text()))
    {then}
"""
THEN = {
    "it succeeds": ("pass", None, "next"),
    "it fails": ("op.execute('SELECT no_such_thing')", DBAPIError, "{before}"),
    "it takes what others point to": ("op.execute('DELETE FROM users')", StoreError, "{before}"),
}


@pytest.mark.parametrize(("then", "error", "after"), THEN.values(), ids=THEN.keys())
async def test_a_step_is_taken_wholly_or_not_at_all_and_a_backup_is_there_either_way(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    then: str,
    error: type[Exception] | None,
    after: str,
) -> None:
    before = REVISIONS[-1].stem
    steps = shutil.copytree(Path(migrations.__file__).parent, tmp_path / "migrations")
    (steps / "versions" / "next.py").write_text(NEXT_STEP.format(before=before, then=then))
    monkeypatch.setattr(migrate, "STEPS", str(steps))
    database = loaded(REVISIONS[-1], tmp_path)

    with pytest.raises(error) if error else nullcontext():
        await prepare(database, tmp_path)
    assert await database.read(revision) == after.format(before=before)
    assert await database.read(count_users) == 1
    assert await database.read(count_messages) == 2, "a table made anew takes no others with it"
    await database.close()

    (backup,) = (tmp_path / "backups").iterdir()
    assert backup.name.startswith(f"sluice-{before}-")
    assert S_IMODE(backup.stat().st_mode) == 0o600
    kept = SQLite(backup)
    assert await kept.read(revision) == before
    assert await kept.read(count_messages) == 2
    await kept.close()


def as_of(found: str) -> Callable[[Connection], None]:
    def work(tx: Connection) -> None:
        tx.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})

    return work


async def test_a_revision_that_is_not_known_is_refused(database: Database, tmp_path: Path) -> None:
    known = await database.read(revision)
    assert known is not None
    await database.write(as_of("9999"))
    with pytest.raises(StoreError, match=r"9999.*newer"):
        await prepare(database, tmp_path)
    assert await database.read(revision) == "9999"
    await database.write(as_of(known))
    await prepare(database, tmp_path)


async def test_tables_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    database = SQLite(tmp_path / "sluice.db")
    await database.write(lambda tx: tx.execute(text("CREATE TABLE users (id int)")).close())
    with pytest.raises(StoreError, match="users"):
        await prepare(database, tmp_path)
    await database.close()


@pytest.fixture
def empty_url(postgres_server: Server) -> str:
    """A PostgreSQL database in which there is nothing at all."""
    name = f"empty_{next(NUMBERS)}"
    admin(postgres_server, f"CREATE DATABASE {name}")
    return postgres_server.url(name)


async def test_postgres_is_migrated_by_hand_and_two_hands_do_not_collide(
    empty_url: str, tmp_path: Path
) -> None:
    one, other = Postgres(empty_url), Postgres(empty_url)
    with pytest.raises(StoreError, match="sluice db upgrade"):
        await prepare(one, tmp_path)
    await asyncio.gather(upgrade_server(one), upgrade_server(other), upgrade_server(one))
    await prepare(one, tmp_path)
    assert await other.read(count_users) == 0
    await upgrade_database(empty_url, tmp_path)
    await one.close()
    await other.close()


async def test_a_text_of_any_length_and_kind_can_be_searched(postgres_url: str) -> None:
    database = Postgres(postgres_url)
    body = " ".join(f"{n:x}" for n in range(400_000)) + " " + "w" * 10_000

    def work(tx: Connection) -> int:
        add_conversation("talk", None)(tx)
        seq = add_message("hello", "talk", body)(tx)
        row = {"seq": seq, "body": body}
        tx.execute(text("INSERT INTO message_search VALUES (:seq, 'ann', :body)"), row)
        query = (
            "SELECT count(*) FROM message_search WHERE vector @@ plainto_tsquery('simple', 'ff')"
        )
        return tx.execute(text(query)).scalar_one()

    assert await database.write(work) == 1
    await database.close()
