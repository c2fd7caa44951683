"""What a password costs whoever guesses it: at a server that people start, and at the tests'."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import Running, Serve, environment, free_port, ready
from tests.security.world import rows, signed_up


@contextmanager
def people_start(folder: Path) -> Iterator[Running]:
    """A server as `sluice serve` starts it."""
    port, log, out = free_port(), folder / "log", folder / "out"
    with log.open("wb") as errors, out.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sluice", "serve", "--port", str(port)],
            cwd=folder,
            env=environment(),
            stdout=output,
            stderr=errors,
        )
    yield from ready(Running(f"http://127.0.0.1:{port}", port, process, log, out))


def hash_at(server: Running) -> str:
    signed_up(server, "ann")
    ((found,),) = rows(server, "SELECT password_hash FROM users")
    return found


def test_a_password_costs_64_mib_three_passes_and_four_lanes(tmp_path: Path):
    with people_start(tmp_path) as server:
        assert hash_at(server).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_at_the_tests_servers_it_is_the_same_for_less(serve: Serve):
    assert hash_at(serve()).startswith("$argon2id$v=19$m=8,t=1,p=1$")
