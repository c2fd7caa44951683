"""Applications that tests share, where each only asks what depends on nothing asked before.

One takes a fifth of a second of the processor to make. A file that shares them runs in one event
loop: `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio

from tests.transports.driver import Local, among_others
from tests.transports.tidy import tidy

Shared = Callable[..., Awaitable[Local]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Shared]:
    """Gives the application with these settings, which is made when it is first asked for."""
    async with tidy(), AsyncExitStack() as stack:
        found: dict[str, Local] = {}

        async def having(**given: object) -> Local:
            name = repr(sorted(given.items()))
            if name not in found:
                found[name] = await stack.enter_async_context(among_others(**given))
            return found[name]

        yield having
