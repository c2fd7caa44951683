"""Browsers' profiles that one test has after another, tidied in between.

What a fresh profile and its first tab cost is a process of Chromium's and a compilation of every
script: half of the processor's time of most tests here. Whoever leaves takes along cookies, what
is stored, permissions and every tab but one; what is cached stays, and no test minds.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

# Playwright's own, if nobody says otherwise.
WINDOW: ViewportSize = {"width": 1280, "height": 720}
# An address of every server's at which nothing runs.
NOWHERE = "/theme.js"


class Rooms:
    """The profiles of a file of tests; nobody who needs one of his own (a language, a clock, a
    wire that is cut) lives here."""

    def __init__(self, browser: Browser, stack: AsyncExitStack) -> None:
        self._browser = browser
        self._stack = stack
        self._free: dict[str, list[BrowserContext]] = {}

    @asynccontextmanager
    async def room(self, url: str) -> AsyncIterator[BrowserContext]:
        """A profile with one tab, for a server's address. It is left to others only if all was
        well in it."""
        free = self._free.setdefault(url, [])
        context = free.pop() if free else await self._new(url)
        yield context
        await _tidy(context)
        free.append(context)

    async def _new(self, url: str) -> BrowserContext:
        context = await self._browser.new_context(base_url=url)
        self._stack.push_async_callback(context.close)
        await context.new_page()
        return context


@asynccontextmanager
async def profile(
    house: Browser | Rooms, url: str, **options: Any
) -> AsyncIterator[BrowserContext]:
    """A room of those, or a profile of one's own."""
    if isinstance(house, Rooms):
        assert not options, "rooms are all alike"
        async with house.room(url) as context:
            yield context
    else:
        context = await house.new_context(base_url=url, **options)
        yield context
        await context.close()


async def _tidy(context: BrowserContext) -> None:
    tab, *others = context.pages or [await context.new_page()]
    for other in others:
        await other.close()
    await context.set_offline(False)
    await context.clear_permissions()
    await _leave(tab)
    await context.clear_cookies()


async def _leave(tab: Page) -> None:
    """Nothing runs in it any more, nothing is stored, and it looks like a new one."""
    await tab.goto(NOWHERE)
    await tab.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    await tab.set_viewport_size(WINDOW)
    await tab.emulate_media(color_scheme="null", reduced_motion="null")
