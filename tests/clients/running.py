"""Runs other people's programs to their end."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import KEEP

PATIENCE = 60.0  # seconds for a program to end by itself


class Done(NamedTuple):
    """A program that has ended: its exit code, and what it printed."""

    code: int
    out: str
    errors: str

    @property
    def lines(self) -> list[Any]:
        """What it printed, as a JSON document a line."""
        return [json.loads(line) for line in self.out.split("\n") if line]


async def run(*command: str | Path, check: bool = True) -> Done:
    """Run a program to its end; unless told otherwise, it has to succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: os.environ[name] for name in KEEP if name in os.environ},
    )
    try:
        async with asyncio.timeout(PATIENCE):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    done = Done(process.returncode, out.decode(), errors.decode())
    assert done.code == 0 or not check, done
    return done
