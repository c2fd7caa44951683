"""PostgreSQL and PgBouncer as processes of their own, on free ports, with nothing in them."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from tests.conftest import STARTUP, free_port

DEBIAN = Path("/usr/lib/postgresql")
# What is written here need not survive anything.
HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
}
BOUNCER = """\
[databases]
* = host=127.0.0.1 port={upstream} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
logfile = {folder}/pgbouncer.log
"""


class Server(NamedTuple):
    """Something that speaks PostgreSQL's protocol, on this machine."""

    port: int
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


def program(name: str) -> str:
    """Where a program is: in the PATH, where Debian hides PostgreSQL's, or among root's."""
    folders = [os.environ["PATH"], *map(str, sorted(DEBIAN.glob("*/bin"))), "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join(folders))
    assert found is not None, f"these tests need {name}: make setup-test installs it"
    return found


def somebody() -> str | None:
    """Whom to be: both programs refuse to be root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def folder_of(user: str | None) -> Iterator[Path]:
    """A folder that is theirs; those of pytest are root's alone."""
    with tempfile.TemporaryDirectory(prefix="sluice-", ignore_cleanup_errors=True) as name:
        if user is not None:
            shutil.chown(name, user)
        yield Path(name)


class Cluster(NamedTuple):
    """A PostgreSQL server that can be stopped and started again, with what is in it."""

    folder: Path
    user: str | None
    port: int
    settings: dict[str, str]

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """Start it; it is stopped at the end, and throws out whoever is connected."""
        command = [program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        command += ["-k", "", "-h", "127.0.0.1"]
        for name, value in (HASTY | self.settings).items():
            command += ["-c", f"{name}={value}"]
        with running(command, self.user, self.folder, self.port) as process:
            server = Server(self.port, process)
            admin(server, "SELECT 1")  # it listens a little before it answers
            yield server


@contextmanager
def postgres_cluster(settings: dict[str, str] | None = None) -> Iterator[Cluster]:
    """A new one, not started yet; `settings` are its own, beside these. Everybody is let in."""
    user, port = somebody(), free_port()
    with folder_of(user) as folder:
        made = [program("initdb"), "-D", folder / "data", "-U", "postgres", "-A", "trust"]
        made += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        subprocess.run(made, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
        yield Cluster(folder, user, port, settings or {})


@contextmanager
def postgres_running(settings: dict[str, str] | None = None) -> Iterator[Server]:
    """A PostgreSQL server."""
    with postgres_cluster(settings) as cluster, cluster.serving() as server:
        yield server


@contextmanager
def pgbouncer_running(upstream: int, port: int | None = None) -> Iterator[Server]:
    """PgBouncer in transaction mode, before the PostgreSQL server on a port; on one of its own."""
    user, port = somebody(), port or free_port()
    with folder_of(user) as folder:
        said = BOUNCER.format(upstream=upstream, port=port, folder=folder)
        (folder / "pgbouncer.ini").write_text(said)
        command = [program("pgbouncer"), "-q", str(folder / "pgbouncer.ini")]
        with running(command, user, folder, port) as process:
            yield Server(port, process)


@contextmanager
def running(
    command: list[str], user: str | None, folder: Path, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A process; it is waited for until it listens, and ends at once at the end."""
    log = folder / "said"
    with log.open("wb") as said:
        process = subprocess.Popen(command, user=user, cwd=folder, stdout=said, stderr=said)
    try:
        wait_until_it_listens(port, process, log)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STARTUP)


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTUP
    while True:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > until:
            raise AssertionError(f"{process.args!r} does not listen:\n{log.read_text()}")
        time.sleep(0.02)


def admin(server: Server, *statements: str) -> None:
    """Run statements in the database `postgres`, each by itself."""

    async def run() -> None:
        connection = await connected(server.url("postgres"))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    now(run())


async def connected(url: str) -> asyncpg.Connection:
    """A connection, once the server has started up."""
    until = time.monotonic() + STARTUP
    while True:
        try:
            return await asyncpg.connect(url)
        except asyncpg.CannotConnectNowError:
            assert time.monotonic() < until, "it does not get ready"
            await asyncio.sleep(0.02)


def now(work: Coroutine[Any, Any, None]) -> None:
    """Run something to its end in a loop of its own, which no test ever sees."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(work)
