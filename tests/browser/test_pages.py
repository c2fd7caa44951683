"""What holds for every page: policy, layout, and that it says who answers."""

import pytest
from playwright.async_api import Browser, Page, expect
from tests.conftest import Running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = ("/", "/streaming_examples.html", "/test_stream.html", "/docs")


@pytest.mark.parametrize("path", PAGES)
async def test_a_policy_keeps_scripts_and_styles_to_our_own_files(page: Page, path: str):
    response = await page.goto(path)
    assert response is not None
    policy = response.headers["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    await expect(page.locator("nav")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("path", PAGES)
async def test_nothing_sticks_out_sideways(page: Page, path: str, width: int):
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(path)
    await page.wait_for_load_state("networkidle")

    assert await page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_dark_where_the_person_likes_it_dark(
    chromium: Browser, server: Running, path: str
):
    grounds: list[str] = []
    for scheme in ("light", "dark"):
        context = await chromium.new_context(base_url=server.url, color_scheme=scheme)
        page = await context.new_page()
        await page.goto(path)
        look = "getComputedStyle(document.body).backgroundColor"
        grounds.append(await page.evaluate(look))
        await context.close()

    assert grounds[0] != grounds[1]


@pytest.mark.parametrize("path", PAGES[:3])
async def test_a_page_says_plainly_that_the_demo_model_answers(page: Page, path: str):
    await page.goto(path)

    await expect(page.get_by_role("note")).to_contain_text("the demo model answers")


async def test_the_landing_page_leads_everywhere_and_shows_a_command_for_this_server(page: Page):
    await page.goto("/")
    links = page.locator("main a")
    paths = [await link.get_attribute("href") for link in await links.all()]

    assert paths == ["streaming_examples.html", "test_stream.html", "docs", "graphql", "health"]
    for path in paths:
        assert (await page.request.get(f"/{path}", headers={"accept": "text/html"})).ok
    host = page.url.removesuffix("/")
    await expect(page.locator("pre")).to_contain_text(f"curl -N {host}/api/v1/query/stream")
