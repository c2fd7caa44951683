"""What holds for every view of the page: accessible, at any width, in both schemes, by keyboard."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tests.browser.visitor import Visitor, composer, replies, visiting
from tests.conftest import Running, running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VIEWS = (
    "/",
    "/c/{id}",
    "/usage",
    "/settings",
    "/admin?tab=users",
    "/admin?tab=runs",
    "/admin?tab=limits",
    "/admin?tab=invitations",
    "/admin?tab=audit",
    "/playground",
)
WIDTHS = (360, 820, 1440)
LOCALES = ("en-US", "vi-VN")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SERIOUS = {"serious", "critical"}
LATEST = "demo/n=120,delay=0ms"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose first user is an administrator, so that every view is to be seen."""
    folder = tmp_path_factory.mktemp("office")
    with running(folder, SLUICE_FIRST_USER_ADMIN="true", SLUICE_POINTS="all") as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def boss(chromium: Browser, office: Running) -> AsyncIterator[Visitor]:
    async with visiting(chromium, office.url) as visitor:
        yield visitor


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def talk(boss: Visitor) -> str:
    """A conversation with a bit of everything."""
    return await boss.talk("What is a sluice?", "And **why**?", model=LATEST)


async def settled(page: Page) -> None:
    await expect(page.get_by_text("Loading…")).to_have_count(0)
    await page.wait_for_load_state("networkidle")


async def complaints_of(page: Page, axe: str) -> list[Any]:
    """What axe finds serious."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"]][:3])
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]


@pytest.fixture(scope="session")
def axe(npm_parts: Path) -> str:
    """axe's program."""
    return (npm_parts / "axe-core" / "axe.min.js").read_text() + "; 0"


async def test_axe_finds_nothing_serious(boss: Visitor, talk: str, axe: str):
    tab = await boss.tab()
    await tab.emulate_media(reduced_motion="reduce")  # or colours were on their way
    for path in VIEWS:
        await tab.goto(path.format(id=talk))
        await settled(tab)
        for scheme in SCHEMES:
            await tab.emulate_media(color_scheme=scheme)
            assert (path, scheme, await complaints_of(tab, axe)) == (path, scheme, [])
    await tab.close()


async def test_axe_finds_nothing_serious_in_what_opens(boss: Visitor, talk: str, axe: str):
    tab = await boss.tab(f"/c/{talk}")
    await tab.emulate_media(reduced_motion="reduce")
    await expect(replies(tab)).to_have_count(2)
    await tab.keyboard.press("Control+k")
    await tab.get_by_role("combobox", name="Search all conversations").fill("sluice")
    await expect(tab.get_by_role("option")).not_to_have_count(0)
    assert await complaints_of(tab, axe) == []
    await tab.keyboard.press("Escape")
    await tab.get_by_role("button", name=f"Account of {boss.name}").click()
    await expect(tab.get_by_role("menu")).to_be_visible()
    assert await complaints_of(tab, axe) == []
    await tab.close()


async def test_axe_finds_nothing_serious_at_the_way_in(page: Page, axe: str):
    await page.goto("/")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert await complaints_of(page, axe) == []
    await page.get_by_role("button", name="Create an account").click()
    assert await complaints_of(page, axe) == []


@pytest.mark.parametrize("locale", LOCALES)
async def test_nothing_sticks_out_sideways(
    chromium: Browser, office: Running, boss: Visitor, talk: str, locale: str
):
    context = await chromium.new_context(
        base_url=office.url, locale=locale, storage_state=await boss.context.storage_state()
    )
    tab = await context.new_page()
    for path in VIEWS:
        await tab.goto(path.format(id=talk))
        await tab.wait_for_load_state("networkidle")
        for width in WIDTHS:
            await tab.set_viewport_size({"width": width, "height": 800})
            wide = await tab.evaluate("document.documentElement.scrollWidth")
            assert (path, width, wide <= width) == (path, width, True)
    await context.close()


async def test_a_scheme_that_was_chosen_holds_before_the_page_is_drawn(boss: Visitor):
    tab = await boss.tab("/settings")
    await tab.emulate_media(color_scheme="light")
    await tab.evaluate("localStorage.setItem('sluice.scheme', 'dark')")
    await tab.reload(wait_until="commit")
    await expect(tab.locator("html")).to_have_attribute("data-scheme", "dark")
    ground = await tab.evaluate("getComputedStyle(document.body).backgroundColor")
    await tab.evaluate("localStorage.removeItem('sluice.scheme')")

    assert ground == "rgb(19, 22, 25)"
    await tab.close()


async def test_everything_in_a_conversation_is_reached_by_tab(boss: Visitor, talk: str):
    tab = await boss.tab(f"/c/{talk}")
    await expect(replies(tab)).to_have_count(2)
    await tab.locator("body").press("Tab")
    await expect(tab.get_by_role("link", name="Skip to the conversation")).to_be_visible()
    wanted = {"Edit", "Copy", "Write another reply", "Attach files", "Options", "Messages"}
    names: set[str] = set()
    for _ in range(60):
        await tab.keyboard.press("Tab")
        name = await tab.evaluate(
            "document.activeElement.ariaLabel ?? document.activeElement.textContent"
        )
        names.add(name or "")

    assert wanted <= names
    await tab.close()


async def test_the_side_bar_of_a_phone_opens_closes_and_takes_the_focus(boss: Visitor, talk: str):
    tab = await boss.tab(f"/c/{talk}")
    await tab.set_viewport_size({"width": 390, "height": 844})
    link = tab.get_by_role("navigation", name="Conversations").get_by_role("link").first
    await expect(link).to_be_hidden()
    await tab.get_by_role("button", name="Open the side bar").click()
    await expect(link).to_be_visible()
    await tab.keyboard.press("Escape")
    await expect(link).to_be_hidden()
    await tab.get_by_role("button", name="Open the side bar").click()
    await link.click()
    await expect(link).to_be_hidden()
    await tab.close()


async def test_arabic_runs_from_right_to_left_and_the_rest_does_not(boss: Visitor):
    id = await boss.talk("ما هو السد؟")
    tab = await boss.tab(f"/c/{id}")
    question = tab.get_by_role("article", name="You said").locator("p")
    await expect(question).to_be_visible()

    look = "one => getComputedStyle(one).direction"
    assert await question.evaluate(look) == "rtl"
    assert await replies(tab).locator("h4").first.evaluate(look) == "ltr"
    await tab.close()


async def test_who_likes_little_motion_sees_text_as_it_comes(boss: Visitor):
    tab = await boss.tab()
    await tab.emulate_media(reduced_motion="reduce")

    await expect(composer(tab)).to_be_visible()
    animations = await tab.evaluate("document.getAnimations().length")
    assert animations == 0
    await tab.close()


async def test_the_first_load_is_small(chromium: Browser, office: Running, boss: Visitor):
    """Of what is sent compressed, at the first visit of the chat; see `bench/page.py` for more."""
    context = await chromium.new_context(
        base_url=office.url, storage_state=await boss.context.storage_state()
    )
    tab = await context.new_page()
    session = await context.new_cdp_session(tab)
    await session.send("Network.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda said: sizes.append(said["encodedDataLength"]))
    await tab.goto("/")
    await expect(composer(tab)).to_be_visible()
    await tab.wait_for_load_state("networkidle")
    await context.close()

    assert sum(sizes) <= 200_000, json.dumps(sorted(sizes))
