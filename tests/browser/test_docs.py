"""Swagger UI: it lists every route and runs one, and calls nobody but this server.

That last part is checked for every tab by the `page` fixture.
"""

import pytest
from playwright.async_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_documentation_lists_every_way_to_ask_and_runs_a_request(page: Page):
    await page.goto("/docs")
    for path in ("/api/v1/query", "/api/v1/query/stream", "/api/v1/query/ws"):
        await expect(page.locator(f'[data-path="{path}"]')).to_be_visible()

    await page.locator(
        '.opblock-post:has([data-path="/api/v1/query"]) .opblock-summary-control'
    ).click()
    async with page.expect_response("**/api/v1/query") as answered:
        await page.get_by_role("button", name="Execute").click()

    assert (await answered.value).status == 200
    live = page.locator(".live-responses-table")
    await expect(live.locator(".response-col_status").last).to_contain_text("200")
    await expect(live).to_contain_text("full_response")
