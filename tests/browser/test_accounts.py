"""Signing in on the pages, in a real browser: a server that turns strangers away is tried there."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tests.browser.conftest import PATIENCE, Watch
from tests.browser.rooms import Rooms, profile
from tests.clients.person import PASSWORD, Person, signed_in
from tests.conftest import Running, running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WAYS = ("standard", "stream", "socket")
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that turns strangers away."""
    folder = tmp_path_factory.mktemp("closed")
    with running(folder, SLUICE_ALLOW_ANONYMOUS="false", SLUICE_REGISTRATION="open") as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def ann(closed: Running) -> AsyncIterator[Person]:
    async with signed_in(closed.url) as person:
        yield person


@asynccontextmanager
async def watched(house: Browser | Rooms, server: Running) -> AsyncIterator[Page]:
    """A tab at that server's address, which has no complaints and stores nothing."""
    async with profile(house, server.url) as context:
        context.set_default_timeout(PATIENCE)
        page = context.pages[0] if context.pages else await context.new_page()
        watch = Watch(page)
        yield page
        watch.leave()
        assert await page.evaluate(STORED) == '[{},{},""]'
    assert watch.complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def tab(rooms: Rooms, closed: Running) -> AsyncIterator[Page]:
    async with watched(rooms, closed) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def clocked(chromium: Browser, closed: Running) -> AsyncIterator[Page]:
    """A tab of a profile that nobody has after it, whose clock may be turned."""
    async with watched(chromium, closed) as page:
        await page.clock.install()
        yield page


async def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    box = page.locator("#account")
    await box.get_by_label("Name or e-mail").fill(name)
    await box.get_by_label("Password").fill(password)
    await box.get_by_role("button", name="Sign in").click()


async def name_of(person: Person) -> str:
    return (await person.get("/api/v1/auth/me"))["username"]


async def test_the_box_opens_where_strangers_are_turned_away_and_says_why_it_failed(
    tab: Page, ann: Person
):
    await tab.goto("/test_stream.html")
    said = tab.locator("#account .hint")
    await expect(said).to_have_text("This server answers only those who have signed in.")
    await sign_in(tab, await name_of(ann), "not her password")
    await expect(said).not_to_have_text(re.compile("^(This server|…)"))
    await sign_in(tab, await name_of(ann))

    await expect(said).to_have_text(f"Signed in as {await name_of(ann)}.")
    await expect(tab.locator("#account").get_by_label("Password")).to_be_hidden()


async def test_all_three_ways_answer_whoever_has_signed_in(tab: Page, ann: Person):
    await tab.goto("/streaming_examples.html")
    await sign_in(tab, await name_of(ann))
    await expect(tab.get_by_role("button", name="Sign out")).to_be_focused()
    await tab.get_by_label("Model").fill("demo/n=5,delay=0ms")
    await tab.get_by_role("button", name="Send all three").click()

    for way in WAYS:
        await expect(tab.locator(f"#{way} .status")).to_contain_text("Done (stop): demo")
    assert (await ann.get("/api/v1/usage"))["total"]["runs"] == 3


async def test_the_cookie_of_a_session_speaks_for_these_pages_too(tab: Page, ann: Person):
    given = {"username": await name_of(ann), "password": PASSWORD}
    assert (await tab.request.post("/api/v1/auth/session", data=given)).ok
    await tab.goto("/streaming_examples.html")
    box = tab.locator("#account")
    await expect(box).to_have_text(
        re.compile(f"Signed in as {given['username']}, on the chat page.")
    )
    await expect(box.get_by_text("Sign in", exact=True).first).to_be_hidden()
    await tab.get_by_label("Model").fill("demo/n=5,delay=0ms")
    await tab.get_by_role("button", name="Send all three").click()

    for way in WAYS:
        await expect(tab.locator(f"#{way} .status")).to_contain_text("Done (stop): demo")


@pytest.mark.parametrize("reader", ["fetch", "EventSource"])
async def test_both_readers_answer_until_one_has_signed_out(tab: Page, ann: Person, reader: str):
    await tab.goto("/test_stream.html")
    await sign_in(tab, await name_of(ann))
    await tab.get_by_label("Model").fill("demo/n=5,delay=0ms")
    await tab.get_by_role("radio", name=reader).check()
    await tab.get_by_role("button", name="Send").click()
    status = tab.locator("#answer .status")
    await expect(status).to_contain_text("Done (stop): demo")

    await tab.get_by_role("button", name="Sign out").click()
    await expect(tab.locator("#account summary")).to_be_visible()
    await tab.get_by_role("button", name="Send").click()
    await expect(status).to_contain_text("Error ")
    assert len((await ann.get("/api/v1/auth/sessions"))["items"]) == 1


async def test_the_documentation_runs_requests_for_whoever_has_signed_in(tab: Page, ann: Person):
    await tab.goto("/docs")
    await sign_in(tab, await name_of(ann))
    await expect(tab.locator("#account").get_by_role("button", name="Sign out")).to_be_visible()
    await tab.locator(
        '.opblock-post:has([data-path="/api/v1/query"]) .opblock-summary-control'
    ).click()
    async with tab.expect_response("**/api/v1/query") as answered:
        await tab.get_by_role("button", name="Execute").click()

    assert (await answered.value).status == 200


async def test_a_used_up_token_is_renewed_once_for_all_who_wait(clocked: Page, ann: Person):
    tab = clocked
    await tab.goto("/streaming_examples.html")
    await sign_in(tab, await name_of(ann))
    await expect(tab.locator("#account").get_by_role("button", name="Sign out")).to_be_visible()
    await tab.clock.fast_forward("20:00")
    renewed: list[str] = []
    tab.on("request", lambda request: renewed.append(request.url))
    await tab.get_by_label("Model").fill("demo/n=5,delay=0ms")
    await tab.get_by_role("button", name="Send all three").click()

    for way in WAYS:
        await expect(tab.locator(f"#{way} .status")).to_contain_text("Done (stop): demo")
    assert len([url for url in renewed if url.endswith("/auth/refresh")]) == 1


@pytest.mark.parametrize("path", ["/streaming_examples.html", "/test_stream.html", "/docs"])
async def test_the_open_box_does_not_stick_out_sideways(tab: Page, path: str):
    await tab.goto(path)
    await expect(tab.locator("#account").get_by_label("Password")).to_be_visible()
    for width in (360, 1280):
        await tab.set_viewport_size({"width": width, "height": 800})
        wide = await tab.evaluate("document.documentElement.scrollWidth")
        assert (width, wide <= width) == (width, True)


@pytest.mark.parametrize("width", [390, 1280])
async def test_graphql_is_tried_on_its_page_at_any_width(tab: Page, ann: Person, width: int):
    await tab.set_viewport_size({"width": width, "height": 800})
    await tab.goto("/graphql")
    await sign_in(tab, await name_of(ann))
    await expect(tab.locator("#account")).to_contain_text("Signed in")
    await tab.get_by_role("button", name="Run").click()
    result = tab.locator("#result")
    await expect(result).to_contain_text('"type":"metadata"')
    await expect(result).to_contain_text('"type":"complete"')
    assert await tab.evaluate("document.documentElement.scrollWidth") == width
