"""A real Chromium, and tabs that are watched for complaints and for calls to other hosts."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Response, async_playwright, expect
from tests.browser.rooms import Rooms
from tests.conftest import Running

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60_000  # ms within which anything at all happens, though others compute beside it
# What a page is made of, as opposed to what it asks on a person's behalf and may be refused.
PARTS = {"document", "script", "stylesheet", "image", "font"}
REFUSED = "Failed to load resource: the server responded with a status of"


class Watch:
    """What a tab complained of, and whom it called."""

    def __init__(self, page: Page, complaints: list[str] | None = None) -> None:
        self.complaints = [] if complaints is None else complaints  # several tabs may share them
        self.hosts: set[str] = set()
        self._page = page
        self._heard: dict[Any, Callable[[Any], None]] = {
            "console": self._console,
            "pageerror": lambda error: self.complaints.append(str(error)),
            "request": lambda request: self._called(request.url),
            "websocket": lambda socket: self._called(socket.url),
            "response": self._response,
        }
        for event, hear in self._heard.items():
            page.on(event, hear)

    def leave(self) -> None:
        """What happens in the tab from now on is somebody else's."""
        for event, hear in self._heard.items():
            self._page.remove_listener(event, hear)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(REFUSED):
            self.complaints.append(message.text)

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type in PARTS:
            self.complaints.append(f"{response.status} {response.url}")

    def _called(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"}:
            self.hosts.add(parts.netloc)


def program() -> str:
    """Chromium without a user interface of its own, which takes less than half of the processor's
    time; else with one that nobody sees."""
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert found is not None, "these tests need chromium on the path"
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program(), args=list(ARGUMENTS), timeout=2 * PATIENCE
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rooms(chromium: Browser) -> AsyncIterator[Rooms]:
    """Profiles that the tests of a file have one after another."""
    async with AsyncExitStack() as stack:
        yield Rooms(chromium, stack)


@pytest_asyncio.fixture(loop_scope="session")
async def page(rooms: Rooms, server: Running) -> AsyncIterator[Page]:
    """A tab at the server's address; whatever it does, it has no complaints and stays at home."""
    async with rooms.room(server.url) as context:
        context.set_default_timeout(PATIENCE)
        tab = context.pages[0]
        watch = Watch(tab)
        yield tab
        watch.leave()
    assert watch.complaints == []
    assert watch.hosts <= {urlsplit(server.url).netloc}
