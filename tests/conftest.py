"""Real parts for the tests: servers as processes of their own, on free ports of this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import pytest

pytest_plugins = ["tests.npm_parts", "tests.databases"]

STARTUP = 30.0  # seconds, at most
UNLIMITED = {"SLUICE_RATE_LIMIT_ENABLED": "false", "SLUICE_MAX_RUNS_PER_USER": "5000"}
KEEP = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


class Running(NamedTuple):
    """A server that runs. `log` is its standard error, `out` its standard output."""

    url: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    out: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(STARTUP)


Serve = Callable[..., Running]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any provider's key or setting, and with these.

    Nothing is limited, unless the settings say so: one test would use up what another needs.
    """
    kept = {name: value for name, value in os.environ.items() if name in KEEP}
    return {**kept, "PYTHONUNBUFFERED": "1", **UNLIMITED, **settings}


@contextmanager
def running(folder: Path, *arguments: str, **settings: str) -> Iterator[Running]:
    port = free_port()
    log, out = folder / f"{port}.log", folder / f"{port}.out"
    with log.open("wb") as errors, out.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sluice", "serve", "--port", str(port), *arguments],
            cwd=folder,
            env=environment(**settings),
            stdout=output,
            stderr=errors,
        )
    server = Running(f"http://127.0.0.1:{port}", port, process, log, out)
    try:
        wait_until_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


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
    """A server with the demo model, for whoever only reads."""
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers with settings of their own; they end with the test."""
    with ExitStack() as stack:

        def start(*arguments: str, **settings: str) -> Running:
            return stack.enter_context(running(tmp_path, *arguments, **settings))

        yield start
