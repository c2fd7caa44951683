"""A real Chromium, and tabs that are watched for complaints and for calls to other hosts."""

import shutil
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Response, async_playwright, expect
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
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._called(request.url))
        page.on("websocket", lambda socket: self._called(socket.url))
        page.on("response", self._response)

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


@pytest_asyncio.fixture(loop_scope="session")
async def page(chromium: Browser, server: Running) -> AsyncIterator[Page]:
    """A tab at the server's address; whatever it does, it has no complaints and stays at home."""
    context = await chromium.new_context(base_url=server.url)
    context.set_default_timeout(PATIENCE)
    tab = await context.new_page()
    watch = Watch(tab)
    yield tab
    await context.close()
    assert watch.complaints == []
    assert watch.hosts <= {urlsplit(server.url).netloc}
