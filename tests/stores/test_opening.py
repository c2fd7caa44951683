"""The data folder, as a server finds or makes it."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from stat import S_IMODE

import pytest

from sluice.stores.sql.database import StoreError
from sluice.stores.sql.opening import file_of, held, open_database, read_secret, server_id, serving
from tests.stores.rows import count_users

HOLD = """
import sys, pathlib
from sluice.stores.sql.opening import held
with held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


async def test_a_folder_is_made_for_the_servers_eyes_only(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    async with serving(None, folder) as database:
        assert await database.read(count_users) == 0
        read_secret(folder)
        server_id(folder)
        modes = {path.name: S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert S_IMODE(folder.stat().st_mode) == 0o700
    assert set(modes) >= {"lock", "secret", "server-id", "sluice.db", "sluice.db-wal"}
    assert set(modes.values()) == {0o600}


async def test_two_servers_do_not_share_a_folder_but_commands_may_look_in(tmp_path: Path) -> None:
    async with serving(None, tmp_path):
        with pytest.raises(StoreError, match="Another server"):
            async with serving(None, tmp_path):
                pass
        beside = await open_database(None, tmp_path)
        assert await beside.read(count_users) == 0
        await beside.close()
    async with serving(None, tmp_path):
        pass


def test_a_folder_is_free_again_when_its_server_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(StoreError), held(tmp_path):
            pass
        process.kill()
    with held(tmp_path):
        pass


@pytest.mark.parametrize(("read", "digits"), [(read_secret, 64), (server_id, 32)])
def test_a_secret_and_an_id_are_made_once(
    tmp_path: Path, read: Callable[[Path], str], digits: int
) -> None:
    found = list[str]()
    threads = [threading.Thread(target=lambda: found.append(read(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {read(tmp_path)}
    assert len(found) == 8
    assert len(found[0]) == digits
    assert len(list(tmp_path.iterdir())) == 1
    assert read(tmp_path / "other") not in found


@pytest.mark.parametrize("content", ["", "ab", "x" * 64, "é" * 64])
def test_a_damaged_secret_is_not_used_and_not_shown(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content)
    with pytest.raises(StoreError) as caught:
        read_secret(tmp_path)
    assert "secret" in str(caught.value)
    assert not content or content not in str(caught.value)


async def test_a_folder_that_is_none_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    for url in (None, "sqlite:///data/there/sluice.db"):
        with pytest.raises(StoreError):
            async with serving(url, tmp_path / "data"):
                pass


async def test_a_file_that_is_no_database_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "sluice.db").write_text("This is a letter, and no database at all.\n" * 100)
    with pytest.raises(StoreError, match="not a database"):
        async with serving(None, tmp_path):
            pass


@pytest.mark.parametrize(
    ("url", "file"),
    [
        (None, "data/sluice.db"),
        ("sqlite:///mine.db", "mine.db"),
        ("sqlite:////var/lib/sluice/mine.db", "/var/lib/sluice/mine.db"),
    ],
)
def test_a_file_is_meant_by(url: str | None, file: str) -> None:
    assert file_of(url, Path("data")) == Path(file)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "mine.db"])
def test_no_file_is_meant_by(url: str) -> None:
    with pytest.raises(StoreError, match="SLUICE_DATABASE_URL"):
        file_of(url, Path("data"))


def test_what_a_killed_process_did_not_finish_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".secret.0f0f0f0f").write_text("ab")
    assert len(read_secret(tmp_path)) == 64
