"""Real parts for the tests: servers as processes of their own, on free ports of this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from itertools import cycle
from pathlib import Path
from threading import Lock
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.nursery import Forked, Nursery

pytest_plugins = ["tests.npm_parts", "tests.databases", "tests.parallel"]

STARTUP = 120.0  # seconds, at most; who dies before is not waited for
# Below those that Linux gives to whoever asks for any, of which the next one may be this one.
PORTS = range(12_000, 32_000)
UNLIMITED = {"SLUICE_RATE_LIMIT_ENABLED": "false", "SLUICE_MAX_RUNS_PER_USER": "5000"}
ONE = Lock()
KEEP = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


class Running(NamedTuple):
    """A server that runs. `log` is its standard error, `out` its standard output."""

    url: str
    port: int
    process: subprocess.Popen[bytes] | Forked
    log: Path
    out: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(STARTUP)


Serve = Callable[..., Running]


@cache
def ports() -> Iterator[int]:
    """Ports that no other worker of pytest takes; each run begins at another one."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    mine = PORTS[worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    first = os.getpid() % len(mine)
    return cycle([*mine[first:], *mine[:first]])


def free_port() -> int:
    """A port that nobody listens on, nor will before it is used."""
    for port in ports():
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    raise AssertionError


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any provider's key or setting, and with these.

    Nothing is limited, unless the settings say so: one test would use up what another needs.
    """
    kept = {name: value for name, value in os.environ.items() if name in KEEP}
    return {**kept, "PYTHONUNBUFFERED": "1", **UNLIMITED, **settings}


@cache
def made() -> Nursery:
    return Nursery(environment())


def nursery() -> Nursery:
    """The only one, also where threads start servers at once."""
    with ONE:
        return made()


def sluice_command() -> tuple[str, ...]:
    """The program `sluice`, whose arguments are to follow; from the nursery."""
    return nursery().command


@pytest.fixture(scope="session", autouse=True)
def closed_nursery() -> Iterator[None]:
    """At the end, the nursery is closed, if a test has needed it."""
    yield
    if made.cache_info().currsize:
        made().close()


@contextmanager
def running(folder: Path, *arguments: str, **settings: str) -> Iterator[Running]:
    """A server in this folder, from the nursery."""
    port = free_port()
    log, out = folder / f"{port}.log", folder / f"{port}.out"
    with log.open("wb") as errors, out.open("wb") as output:
        given = ("serve", "--port", str(port), *arguments)
        process = nursery().start(given, folder, environment(**settings), output, errors)
    try:
        yield from ready(Running(f"http://127.0.0.1:{port}", port, process, log, out))
    finally:
        process.close()


def ready(server: Running) -> Iterator[Running]:
    """Wait until the server answers; in the end, it does not live any more."""
    try:
        wait_until_ready(server)
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def wait_until_ready(server: Running) -> None:
    until = time.monotonic() + STARTUP
    while True:
        try:
            with urlopen(f"{server.url}/livez", timeout=1):
                return
        except (URLError, OSError):
            if server.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"no server:\n{server.log.read_text()}") from None
            time.sleep(0.05)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with the demo model, for whoever only reads; started as people start it, but for
    what a password costs."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    log, out = folder / "log", folder / "out"
    with log.open("wb") as errors, out.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.light", "serve", "--port", str(port)],
            cwd=folder,
            env=environment(PYTHONPATH=str(Path(__file__).parent.parent)),
            stdout=output,
            stderr=errors,
        )
    yield from ready(Running(f"http://127.0.0.1:{port}", port, process, log, out))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers with settings of their own; they end with the test."""
    with ExitStack() as stack:

        def start(*arguments: str, **settings: str) -> Running:
            return stack.enter_context(running(tmp_path, *arguments, **settings))

        yield start
