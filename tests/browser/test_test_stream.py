"""The page on which a person asks one provider or another, in a real browser."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

READERS = ("fetch", "EventSource")
SLOW = "demo/n=40,delay=50ms"


async def sent(page: Page, reader: str, model: str, question: str = "Xin chào") -> Locator:
    """Open the page, ask, and return its status line."""
    await page.goto("/test_stream.html")
    await page.get_by_label("Model").fill(model)
    await page.get_by_label("Question").fill(question)
    await page.get_by_role("radio", name=reader).check()
    await page.get_by_role("button", name="Send").click()
    return page.locator(".status")


async def said(page: Page) -> str:
    return "".join(await page.locator(".said").all_text_contents())


@pytest.mark.parametrize("reader", READERS)
async def test_the_reply_streams(page: Page, reader: str):
    status = await sent(page, reader, SLOW)

    await expect(status).to_have_text("Streaming…")
    await expect(page.locator(".said").first).not_to_be_empty()
    early = len(await said(page))
    await expect(status).to_contain_text("Done (stop): demo")
    assert early < len(await said(page))


async def test_both_readers_bring_the_same_text(page: Page):
    texts: set[str] = set()
    for reader in READERS:
        status = await sent(page, reader, "demo/n=30,delay=5ms")
        await expect(status).to_contain_text("Done")
        texts.add(await said(page))

    assert len(texts) == 1


@pytest.mark.parametrize("reader", READERS)
async def test_the_reply_can_be_stopped(page: Page, reader: str):
    status = await sent(page, reader, "demo/n=10000,delay=20ms")
    await expect(status).to_have_text("Streaming…")
    async with page.expect_response("**/api/v1/runs/*/cancel") as answered:
        await page.get_by_role("button", name="Stop").click()

    assert (await answered.value).ok
    await expect(status).to_contain_text("Stopped")


@pytest.mark.parametrize("reader", READERS)
async def test_a_failure_is_shown_with_its_code(page: Page, reader: str):
    status = await sent(page, reader, "demo/fail=provider_unavailable@3")

    await expect(status).to_contain_text("Error provider_unavailable: ")
    assert await said(page)


@pytest.mark.parametrize(
    ("reader", "shown"),
    [
        ("fetch", "Error 422 invalid_request: user_input"),
        ("EventSource", "Error refused: The server refused the request."),
    ],
)
async def test_a_refusal_is_shown(page: Page, reader: str, shown: str):
    status = await sent(page, reader, "demo", question=" ")

    await expect(status).to_contain_text(shown)


async def test_the_list_of_providers_says_which_can_answer(page: Page):
    await page.goto("/test_stream.html")
    options = page.get_by_label("Provider").locator("option")

    await expect(options).to_have_text(
        [
            "the default provider",
            "gemini (not configured)",
            "openai (not configured)",
            "anthropic (not configured)",
            "local (not configured)",
            re.compile("^demo"),
        ]
    )
