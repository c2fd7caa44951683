"""What holds for every page: policy, layout, and that it says who answers."""

from typing import Literal

import pytest
from playwright.async_api import Browser, Error, Page, expect
from tests.conftest import Running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGES = ("/", "/streaming_examples.html", "/test_stream.html", "/docs")


@pytest.mark.parametrize("path", PAGES)
async def test_a_policy_keeps_scripts_and_styles_to_our_own_files(page: Page, path: str):
    response = await page.goto(path)
    assert response is not None
    policy = response.headers["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    await expect(page.locator("nav, form").first).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_sticks_out_sideways(page: Page, path: str):
    await page.goto(path)
    await page.wait_for_load_state("networkidle")
    for width in (360, 1440):
        await page.set_viewport_size({"width": width, "height": 800})
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert (width, wide <= width) == (width, True)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_dark_where_the_person_likes_it_dark(page: Page, path: str):
    grounds: list[str] = []
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        await page.goto(path)
        look = "getComputedStyle(document.body).backgroundColor"
        grounds.append(await page.evaluate(look))

    assert grounds[0] != grounds[1]


@pytest.mark.parametrize("path", ["/streaming_examples.html", "/test_stream.html"])
async def test_a_page_says_plainly_that_the_demo_model_answers(page: Page, path: str):
    await page.goto(path)

    await expect(page.get_by_role("note")).to_contain_text("the demo model answers")


@pytest.mark.parametrize("path", [*PAGES[1:], "/graphql"])
async def test_a_page_leads_to_the_others(page: Page, path: str):
    await page.goto(path)
    links = page.locator("header a")
    paths = [await link.get_attribute("href") for link in await links.all()]

    assert {"./", "playground", "docs", "health"} <= set(paths)
    for link in paths:
        assert (await page.request.get(f"/{link}", headers={"accept": "text/html"})).ok


@pytest.mark.parametrize("path", ["/", "/c/nothing", "/usage", "/settings", "/admin"])
async def test_the_chat_page_asks_who_one_is_wherever_it_is_opened(page: Page, path: str):
    await page.goto(path)

    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_no_text_becomes_markup_on_the_chat_page(chromium: Browser, server: Running):
    page = await chromium.new_page()
    await page.goto(server.url)
    made = "() => { document.body.innerHTML = '<b>bold</b>'; }"
    with pytest.raises(Error, match="requires 'TrustedHTML'"):
        await page.evaluate(made)
    await page.context.close()
