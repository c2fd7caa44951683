"""SQLite's own troubles: a folder that will not do, a full disk, commands beside the server."""

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from sluice.stores import migrations
from sluice.stores.sql import migrate
from sluice.stores.sql.migrate import revision
from tests.chaos.homes import Home, assert_discreet
from tests.chaos.people import PASSWORD, QUERY, STREAM, Headers, Stream, Town, recital, town
from tests.conftest import STARTUP, Running, environment, sluice_command
from tests.stores.test_migrations import NEXT_STEP, REVISIONS
from tests.transports.driver import migrated, started

pytestmark = pytest.mark.chaos

SHORT = "demo/n=3,delay=0ms"
LONG = "demo/n=200,first=0ms,delay=10ms"
QUESTION = "Tell me about disks"


@pytest.fixture
def place(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", None)


def command(home: Home, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """A command beside the server, or without one."""
    return subprocess.run(
        [*sluice_command(), *arguments], cwd=home.folder, input=given, text=True,
        env=environment(**home.settings), capture_output=True, timeout=STARTUP, check=False,
    )  # fmt: skip


async def write(people: Town, who: Headers, done: asyncio.Event) -> int:
    """Write messages without a pause; how many that were."""
    many = 0
    while not done.is_set():
        said = await people.listen(STREAM, {"message": QUESTION, "model": SHORT}, who)
        assert (said.status, said.cut, said.text) == (200, False, recital(SHORT, QUESTION))
        many += 1
    return many


async def test_others_come_in_while_a_server_writes(place: Home):
    with place.serving() as server:
        assert "Another server is using the data folder" in place.refused()
        async with town(server.url) as people:
            who = await people.join("ada")
            done = asyncio.Event()
            writers = [asyncio.create_task(write(people, who, done)) for _ in range(2)]
            add = ("users", "add", "eve", "eve@example.com", "--password-stdin")
            added, backed_up = await asyncio.gather(
                asyncio.to_thread(command, place, *add, given=f"{PASSWORD}\n"),
                asyncio.to_thread(command, place, "db", "backup", "copy.db"),
            )
            done.set()
            assert min(await asyncio.gather(*writers)) > 0
            assert added.stdout.startswith("added eve"), added.stderr
            assert backed_up.returncode == 0, backed_up.stderr
            await people.sign_in("eve")
        assert_discreet(server)
    assert await place.broken() == {}
    await check_backup(moved(place.folder / "copy.db", Home(place.folder.parent / "other", None)))


def moved(copy: Path, home: Home) -> Home:
    """A home with this copy as its database."""
    home.data.mkdir()
    copy.rename(home.data / "sluice.db")
    return home


async def check_backup(home: Home) -> None:
    """It opens in a new server, which ends what was being written when it was made."""
    with home.serving() as server:
        assert await home.broken() == {}
        async with town(server.url) as people:
            who = await people.sign_in("ada")
            _, page = await people.call("GET", "/api/v1/conversations", who=who)
            assert page["items"]
            said = await people.listen(STREAM, {"message": QUESTION, "model": SHORT}, who)
            assert said.text == recital(SHORT, QUESTION)


def limit_files(server: Running, size: int) -> None:
    """From now on no file of the server's grows beyond so many bytes: its disk is full."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def test_a_full_disk_refuses_what_would_be_stored_and_keeps_what_was(place: Home):
    with place.serving(SLUICE_LOG_FORMAT="text") as server:
        async with town(server.url) as people:
            who = await people.join("ada")
            first = await people.listen(STREAM, {"message": QUESTION, "model": SHORT}, who)
            running = Stream(STREAM, {"message": QUESTION, "model": LONG})
            plain = Stream(QUERY, {"query": QUESTION, "model": LONG})
            await people.begin((running, who), (plain, {}))
            grown = place.data / "sluice.db-wal"
            limit_files(server, 4096 * (grown.stat().st_size // 4096))
            body = {"message": "x" * 100_000, "model": SHORT, "conversation_id": first.place}
            refused = await people.listen(STREAM, body, who)
            assert (refused.status, refused.events[0]["code"]) == (503, "overloaded")
            assert int(refused.headers["Retry-After"]) >= 1
            path = f"/api/v1/conversations/{first.place}"
            assert (await people.call("GET", path, who=who))[0] == 200
            assert (await people.call("PATCH", path, {"title": "a" * 200}, who))[0] == 503
            await asyncio.sleep(2.5)
            assert not people.tasks[0].done()
            limit_files(server, resource.RLIM_INFINITY)
            await asyncio.gather(*people.tasks)
            assert running.text == plain.text == recital(LONG, QUESTION)
            assert running.events[-1]["type"] == "end"
            after = await people.listen(STREAM, body, who)
            assert after.events[-1]["type"] == "end"
        assert await place.broken() == {}
        rows = await place.rows("SELECT status FROM runs")
        assert [row.status for row in rows] == ["done"] * 4
        assert_discreet(server)


def test_a_folder_that_cannot_be_written_stops_the_start_with_a_line(place: Home):
    place.data.mkdir(mode=0o500)
    # Not even for root, who else may write everywhere.
    mere = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()
    assert "Permission denied" in place.refused(*mere)
    place.data.rmdir()
    place.data.write_text("no folder")
    assert "Cannot make the data folder" in place.refused()


def populated(path: Path) -> None:
    """A database as a release has left it."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(REVISIONS[-1].read_text())
        connection.execute("PRAGMA journal_mode = WAL")


async def test_a_database_of_a_newer_version_is_left_as_it_is(place: Home):
    path = place.data / "sluice.db"
    populated(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = path.read_bytes()
    assert "9999" in place.refused()
    assert path.read_bytes() == before
    assert not (place.data / "backups").exists()


async def test_a_start_that_migrates_a_database_makes_a_backup_first(
    place: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    await migrated()  # what other tests start with has no part in this
    steps = shutil.copytree(Path(migrations.__file__).parent, tmp_path / "migrations")
    last = REVISIONS[-1].stem
    (steps / "versions" / "next.py").write_text(NEXT_STEP.format(before=last, then=""))
    populated(place.data / "sluice.db")
    monkeypatch.setattr(migrate, "STEPS", str(steps))
    async with started(data_dir=place.data) as local:
        assert (await local.ask("/readyz").over()).status == 200
    assert await place.read(revision) == "next"
    (backup,) = (place.data / "backups").iterdir()
    assert backup.name.startswith(f"sluice-{last}-")
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (2,)
