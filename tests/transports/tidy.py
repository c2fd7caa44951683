"""That nothing goes on after a test by which it was begun."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def tidy() -> AsyncIterator[None]:
    """No task that is begun here is left behind."""
    before = asyncio.all_tasks()
    yield
    for _ in range(3):
        await asyncio.sleep(0)
    # A fixture is left in another task than it is entered in.
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
