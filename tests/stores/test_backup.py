"""Copies of a SQLite database that is in use, and `sluice db`."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from stat import S_IMODE

import pytest
from click.testing import Result
from typer.testing import CliRunner

from sluice.cli.db import db_app
from sluice.stores.sql.backup import copy
from sluice.stores.sql.database import StoreError
from sluice.stores.sql.opening import held
from sluice.stores.sql.sqlite import SQLite
from tests.stores.rows import note, noted

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`sluice db`, with a data folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_DATA_DIR", str(tmp_path / "data"))

    def invoke(*arguments: str, **settings: str) -> Result:
        return CliRunner().invoke(db_app, arguments, env=settings)

    return invoke


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    """The database in that folder."""
    (tmp_path / "data").mkdir()
    return Path(shutil.copy(sqlite_template, tmp_path / "data" / "sluice.db"))


async def test_a_copy_holds_what_was_committed_and_stands_by_itself(sqlite: SQLite) -> None:
    target = sqlite.path.with_name("copy.db")
    await sqlite.write(note("before"))
    copy(sqlite.path, target)
    await sqlite.write(note("after"))
    await sqlite.close()

    assert S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in target.parent.iterdir()) == ["copy.db", "sluice.db"]
    kept = SQLite(target)
    assert await kept.read(noted) == ["before"]
    await kept.close()


async def test_a_transaction_that_goes_on_is_not_in_the_copy(sqlite: SQLite) -> None:
    target = sqlite.path.with_name("copy.db")

    def work(tx: object) -> None:
        note("half")(tx)  # pyright: ignore[reportArgumentType]
        copy(sqlite.path, target)

    await sqlite.write(work)
    await sqlite.close()
    with closing(sqlite3.connect(target)) as kept:
        assert kept.execute("SELECT count(*) FROM audit").fetchone() == (0,)


def test_what_is_there_is_not_overwritten(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "letter"
    target.write_text("dear")
    with pytest.raises(StoreError, match="is there already"):
        copy(file, target)
    assert target.read_text() == "dear"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "letter"]


def test_a_copy_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    source = tmp_path / "sluice.db"
    source.write_text("This is a letter, and no database at all.\n" * 100)
    with pytest.raises(StoreError, match="not a database"):
        copy(source, tmp_path / "copy.db")
    with pytest.raises(StoreError, match="No such file"):
        copy(source, tmp_path / "nowhere" / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["sluice.db"]


def test_backup_names_its_copy(run: Run, file: Path, tmp_path: Path) -> None:
    first, second = run("backup"), run("backup", str(tmp_path / "mine.db"))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert Path(first.output.strip()).parent == file.parent / "backups"
    assert Path(first.output.strip()).exists()
    assert second.output.strip() == str(tmp_path / "mine.db")
    assert run("backup", str(tmp_path / "mine.db")).exit_code == 2


def test_upgrade_makes_what_is_not_there_and_check_finds_it_sound(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        done = run("upgrade")
        assert (done.exit_code, done.output) == (0, "The database is up to date.\n")
    assert S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert S_IMODE((tmp_path / "data" / "sluice.db").stat().st_mode) == 0o600
    assert run("check").output == "The database is sound and up to date.\n"


def test_a_file_is_not_upgraded_while_a_server_uses_it(run: Run, file: Path) -> None:
    with held(file.parent):
        assert "Another server" in run("upgrade").output
        assert run("check").exit_code == 0
        assert run("backup").exit_code == 0
    assert run("upgrade").exit_code == 0


@pytest.mark.parametrize("command", ["backup", "check"])
def test_no_database_is_made_where_there_is_none(run: Run, tmp_path: Path, command: str) -> None:
    done = run(command)
    assert done.exit_code == 2
    assert "There is no database" in done.output
    assert list(tmp_path.iterdir()) == []


def test_check_says_what_is_wrong(run: Run, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        row = "INSERT INTO refresh_tokens VALUES ('hash', 'no such login', '', NULL)"
        connection.execute(row)
        connection.commit()
    done = run("check")
    assert done.exit_code == 1
    assert "refresh_tokens: row 1 points to no row of logins" in done.output


def test_postgres_is_checked_and_upgraded_but_not_copied(run: Run, postgres_url: str) -> None:
    there = {"SLUICE_DATABASE_URL": postgres_url}
    assert run("upgrade", **there).exit_code == 0
    assert run("check", **there).output == "The database is sound and up to date.\n"
    refused = run("backup", **there)
    assert refused.exit_code == 2
    assert "pg_dump" in refused.output


def test_a_wrong_setting_is_named(run: Run) -> None:
    refused = run("check", SLUICE_DATABASE_URL="mysql://root:secret@127.0.0.1/test")
    assert refused.exit_code == 2
    assert "SLUICE_DATABASE_URL" in refused.output
    assert "secret" not in refused.output
