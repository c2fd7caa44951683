"""The server keeps what its OpenAPI document promises, whoever asks and whatever they send.

Schemathesis makes the requests from the document alone: each operation's examples, the edges of
each of its fields, and, in the name of the one who may do all, a bounded number of random ones.
Always the same ones.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Running, Serve
from tests.security.world import QUICK, administrator, signed_up

EACH = "3"  # random requests of an operation
TIME = 300.0  # seconds that no run ever takes
EDGES = "examples,coverage"  # phases

# Two checks have no say here: whether an id, a cursor or an address exists is no matter of form,
# and parameters that nobody has heard of are let pass on purpose.
LEFT_OUT = "positive_data_acceptance,negative_data_rejection"
# What would take away the account in whose name everything is asked.
LEAVING = ("/api/v1/auth/me", "/api/v1/auth/logout", "/api/v1/auth/session")
# An administrator may well forbid somebody any run, or ask for what is too much: 503 says so.
CONFIG = """\
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 502, 503, 504]
"""


@pytest.fixture
def server(serve: Serve) -> Running:
    return serve(SLUICE_DEFAULT_MODEL=QUICK, SLUICE_DISCONNECT_GRACE="0")


def checked(server: Running, folder: Path, bearer: str | None, phases: str = EDGES) -> None:
    """Ask for everything there is, in somebody's name; fail with what is not as promised."""
    (folder / "schemathesis.toml").write_text(CONFIG)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
        *("--phases", phases, "--max-examples", EACH, "--no-shrink"),
        *("--generation-deterministic", "--request-timeout", "10", "--no-color"),
        *("--exclude-checks", LEFT_OUT, "--continue-on-failure", "--warnings", "off"),
    ]
    if bearer is not None:
        command += ["--header", f"Authorization: Bearer {bearer}"]
        command += [part for path in LEAVING for part in ("--exclude-path", path)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=TIME, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "broke" not in server.log.read_text()  # what a handler of ours did not expect


@pytest.mark.clients
def test_the_document_holds_for_strangers(server: Running, tmp_path: Path):
    checked(server, tmp_path, None)


@pytest.mark.clients
def test_the_document_holds_for_who_is_signed_in(server: Running, tmp_path: Path):
    checked(server, tmp_path, signed_up(server, "ann").access)


@pytest.mark.clients
def test_the_document_holds_for_an_administrator(server: Running, tmp_path: Path):
    checked(server, tmp_path, administrator(server).access, f"{EDGES},fuzzing")
