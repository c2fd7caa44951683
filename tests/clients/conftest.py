"""Clients that other people wrote, or wrote in this way: each a process of its own."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.clients.running import Done, run
from tests.npm_parts import node, node_environment, npm_parts

__all__ = ["node", "node_environment", "npm_parts"]

PROGRAMS = Path(__file__).parent / "programs"

Javascript = Callable[..., Awaitable[Done]]


@pytest.fixture
def javascript(node: Path) -> Javascript:
    """Runs one of the programs in JavaScript: its name, its arguments, and options for Node."""

    async def start(program: str, *arguments: str | Path, options: tuple[str, ...] = ()) -> Done:
        return await run(node, *options, PROGRAMS / program, *arguments)

    return start
