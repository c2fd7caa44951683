"""Somebody at the chat page: what a test does there, in a person's words."""

import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect
from tests.browser.conftest import Watch
from tests.browser.rooms import NOWHERE, WINDOW, Rooms, profile
from tests.clients.person import PASSWORD

QUICK = "demo/n=40,delay=1ms"
# Goes on for longer than any test; each token that is shown costs three processes a turn.
SLOW = "demo/n=4000,delay=40ms"
CLICKING = 30_000  # ms that something on the page may take on a busy machine
MARK = {"X-Sluice-Request": "test"}


class Visitor:
    """A browser of one's own, in which somebody is signed in; any number of tabs."""

    def __init__(self, context: BrowserContext, url: str, name: str) -> None:
        self.context = context
        self.url = url
        self.name = name
        self.complaints: list[str] = []
        self._watches: list[Watch] = []
        self._unused = context.pages[:1]

    async def tab(self, path: str = "/", model: str | None = None) -> Page:
        """Another tab. `model` is what replies are asked of in this browser from now on."""
        page = self._unused.pop() if self._unused else await self.context.new_page()
        self._watches.append(Watch(page, self.complaints))
        if model is not None:
            await choose(page, model)
        await page.goto(path)
        return page

    async def again(self, path: str) -> Page:
        """The first tab once more, or a first one, as large as a new one."""
        if not self._watches:
            return await self.tab(path)
        page = self.context.pages[0]
        await page.set_viewport_size(WINDOW)
        await page.goto(path)
        return page

    def leave(self) -> None:
        """What happens in these tabs from now on is somebody else's."""
        for watch in self._watches:
            watch.leave()

    def forgive(self, what: str) -> None:
        """Forget complaints that were to be expected."""
        self.complaints[:] = [one for one in self.complaints if what not in one]

    async def get(self, path: str) -> Any:
        response = await self.context.request.get(path)
        assert response.ok, await response.text()
        return await response.json()

    async def post(self, path: str, data: Any) -> Any:
        response = await self.context.request.post(path, data=data, headers=MARK)
        assert response.ok, await response.text()
        return response

    async def talk(self, *messages: str, model: str = "demo/n=5,delay=0ms") -> str:
        """A conversation in which this was said; its id."""
        place: dict[str, str] = {}
        for message in messages:
            said = {"message": message, "model": model, **place}
            text = await (await self.post("/api/v1/chat/stream", said)).text()
            start = json.loads(text.split("data: ", 1)[1].split("\n", 1)[0])
            place = {"conversation_id": start["conversation_id"]}
        return place["conversation_id"]


@asynccontextmanager
async def visiting(house: Browser | Rooms, url: str, **options: Any) -> AsyncIterator[Visitor]:
    """Somebody who has registered and signed in; at the end nothing has been complained of."""
    async with profile(house, url, **options) as context:
        context.set_default_timeout(CLICKING)
        name = f"v{secrets.token_hex(6)}"
        visitor = Visitor(context, url, name)
        account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        await visitor.post("/api/v1/auth/register", account)
        await visitor.post("/api/v1/auth/session", {"username": name, "password": PASSWORD})
        yield visitor
        visitor.leave()
    assert visitor.complaints == []


async def choose(page: Page, model: str) -> None:
    """Ask this model from now on, in this browser."""
    options = json.dumps({"model": model, "temperature": "", "length": ""})
    if not page.url.endswith(NOWHERE):
        await page.goto(NOWHERE)
    await page.evaluate(f"localStorage.setItem('sluice.options', {json.dumps(options)})")


def composer(page: Page) -> Locator:
    return page.get_by_role("form", name="Message").get_by_role("textbox", name="Message")


async def say(page: Page, text: str) -> None:
    await composer(page).fill(text)
    await composer(page).press("Enter")


def replies(page: Page) -> Locator:
    return page.get_by_role("article", name="Reply")


def questions(page: Page) -> Locator:
    return page.get_by_role("article", name="You said")


async def answered(page: Page, nth: int = -1) -> Locator:
    """The reply (the last one, unless told), once it is complete."""
    reply = replies(page).nth(nth)
    await expect(reply).to_have_attribute("aria-busy", "false")
    await expect(reply.get_by_role("button", name="Write another reply")).to_be_attached()
    return reply


async def length(reply: Locator) -> int:
    """How many characters are shown of a reply now."""
    return len(await reply.inner_text())


async def grows(reply: Locator, beyond: int = 0) -> int:
    """Waits until more than so many characters are shown; how many there are then."""
    await expect(reply).to_have_text(re.compile(rf"^[\s\S]{{{beyond + 1},}}$"))
    return await length(reply)
