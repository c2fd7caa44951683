"""The page on which a person tries the three ways of the query API, in a real browser."""

import re

import pytest
from playwright.async_api import Locator, Page, WebSocket, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WAYS = ("standard", "stream", "socket")
STREAMING_WAYS = ("stream", "socket")
SLOW = "demo/n=40,delay=50ms"
ENDLESS = "demo/n=10000,delay=20ms"
FAILING = "demo/fail=provider_unavailable@3"


class Card:
    """One way's part of the page, as a person sees it."""

    def __init__(self, page: Page, way: str) -> None:
        self._root = page.locator(f"#{way}")
        self.status = self._root.locator(".status")
        self.reply = self._root.get_by_role("region", name=re.compile("^Answer"))
        self.said = self.reply.locator(".said")
        self.rows = self._root.locator(".rows li")

    def button(self, name: str) -> Locator:
        return self._root.get_by_role("button", name=name)

    def figure(self, name: str) -> Locator:
        return self._root.locator(f'[data-figure="{name}"]')

    async def text(self) -> str:
        return "".join(await self.said.all_text_contents())


async def opened(page: Page, model: str = "", query: str = "What is a sluice?") -> None:
    await page.goto("/streaming_examples.html")
    await page.get_by_label("Question").fill(query)
    await page.get_by_label("Model").fill(model)


@pytest.mark.parametrize("way", STREAMING_WAYS)
async def test_text_appears_while_the_answer_is_being_written(page: Page, way: str):
    await opened(page, SLOW)
    card = Card(page, way)
    await card.button("Send").click()

    await expect(card.status).to_have_text("Streaming…")
    await expect(card.said.first).not_to_be_empty()
    early = len(await card.text())
    await expect(card.status).to_contain_text("Done (stop): demo")
    assert early < len(await card.text())


@pytest.mark.parametrize("way", STREAMING_WAYS)
async def test_every_event_is_shown_with_the_time_at_which_it_came(page: Page, way: str):
    await opened(page, "demo/n=20,delay=5ms")
    card = Card(page, way)
    await card.button("Send").click()
    await expect(card.status).to_contain_text("Done")

    rows = await card.rows.all_text_contents()
    assert all(re.match(r"[\d,]+ ms", row) for row in rows)
    kinds = [found[1] for row in rows if (found := re.search(r'"type": ?"(\w+)"', row))]
    assert kinds[0] == "start"
    assert kinds[-1] == "end"
    assert set(kinds[1:-1]) == {"content"}
    await expect(card.figure("first")).to_have_text(re.compile(r"^[\d.]+ m?s$"))
    await expect(card.figure("events")).not_to_have_text("0")


async def test_the_standard_way_is_one_event_with_the_whole_answer(page: Page):
    await opened(page, "demo/n=20,delay=5ms")
    card = Card(page, "standard")
    await card.button("Send").click()
    await expect(card.status).to_contain_text("Done (stop): demo")

    await expect(card.rows).to_have_count(1)
    await expect(card.figure("events")).to_have_text("1")
    assert await card.text()


async def test_all_three_ways_at_once_bring_the_same_text(page: Page):
    await opened(page, "demo/n=30,delay=5ms")
    await page.get_by_role("button", name="Send all three").click()
    for way in WAYS:
        await expect(Card(page, way).status).to_contain_text("Done")

    texts = {await Card(page, way).text() for way in WAYS}
    assert len(texts) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_can_be_stopped(page: Page, way: str):
    await opened(page, ENDLESS)
    card = Card(page, way)
    await card.button("Send").click()
    busy = "Waiting for the first text…" if way == "standard" else "Streaming…"
    await expect(card.status).to_have_text(busy)
    await card.button("Stop").click()

    await expect(card.status).to_contain_text("Stopped")
    await expect(card.button("Send")).to_have_attribute("aria-disabled", "false")


async def test_stopping_a_stream_cancels_its_run_and_shows_the_receipt(page: Page):
    await opened(page, ENDLESS)
    card = Card(page, "stream")
    await card.button("Send").click()
    await expect(card.status).to_have_text("Streaming…")
    async with page.expect_response("**/api/v1/runs/*/cancel") as answered:
        await card.button("Stop").click()

    assert (await answered.value).ok
    await expect(card.rows.filter(has_text="cancelled: {")).to_have_count(1)


async def test_a_second_question_goes_over_the_same_connection(page: Page):
    sockets: list[WebSocket] = []

    def connected(socket: WebSocket) -> None:
        sockets.append(socket)

    page.on("websocket", connected)
    await opened(page, "demo/n=10,delay=5ms")
    card = Card(page, "socket")
    connection = page.locator("#connection")
    await expect(connection).to_contain_text("Not connected yet")
    await card.button("Send").click()
    await expect(connection).to_contain_text("It remembers 1 question,")
    await page.get_by_label("Question").fill("Give me a Python example")
    await card.button("Send").click()

    await expect(connection).to_contain_text("It remembers 2 questions,")
    asked = await card.reply.locator(".asked").all_text_contents()
    assert asked == ["What is a sluice?", "Give me a Python example"]
    assert len(sockets) == 1


async def test_the_end_of_a_conversation_stays_in_sight(page: Page):
    await opened(page, "demo/n=300,delay=1ms")
    card = Card(page, "socket")
    for turns in ("1 question", "2 questions"):
        await card.button("Send").click()
        await expect(page.locator("#connection")).to_contain_text(f"It remembers {turns},")

    below = "reply => reply.scrollHeight - reply.scrollTop - reply.clientHeight"
    assert await card.reply.evaluate("reply => reply.scrollHeight > reply.clientHeight")
    assert await card.reply.evaluate(below) < 2


async def test_a_closed_connection_forgets_and_the_next_question_opens_another(page: Page):
    await opened(page, "demo/n=10,delay=5ms")
    card = Card(page, "socket")
    connection = page.locator("#connection")
    await card.button("Send").click()
    await expect(connection).to_contain_text("It remembers 1 question,")
    await card.button("Close connection").click()
    await expect(connection).to_contain_text("Not connected (closed with code 1000)")
    await card.button("Send").click()

    await expect(connection).to_contain_text("It remembers 1 question,")


@pytest.mark.parametrize(
    ("way", "shown"),
    [
        ("standard", "Error 503 provider_unavailable: "),
        ("stream", "Error provider_unavailable: "),
        ("socket", "Error provider_unavailable: "),
    ],
)
async def test_a_failure_is_shown_in_place_with_its_code(page: Page, way: str, shown: str):
    await opened(page, FAILING)
    card = Card(page, way)
    await card.button("Send").click()

    await expect(card.status).to_contain_text(shown)
    await expect(card.rows.filter(has_text="provider_unavailable")).to_have_count(1)
    assert bool(await card.text()) == (way in STREAMING_WAYS)


@pytest.mark.parametrize(
    ("way", "shown"),
    [
        ("standard", "Error 422 invalid_request: query"),
        ("stream", "Error 422 invalid_request: query"),
        ("socket", "Error invalid_request: "),
    ],
)
async def test_a_refusal_names_the_field_and_the_next_question_is_answered(
    page: Page, way: str, shown: str
):
    await opened(page, "demo/n=5,delay=5ms", query="  ")
    card = Card(page, way)
    await card.button("Send").click()
    await expect(card.status).to_contain_text(shown)
    await page.get_by_label("Question").fill("And now?")
    await card.button("Send").click()

    await expect(card.status).to_contain_text("Done")


async def test_what_a_model_writes_is_text_and_never_markup(page: Page):
    markup = "<b>bold</b><img src=x onerror=alert(1)>"
    await opened(page, "demo", query=markup)
    card = Card(page, "stream")
    await card.button("Send").click()
    await expect(card.status).to_contain_text("Done")

    assert "<b>" in await card.text()
    await expect(card.reply.locator("b, img")).to_have_count(0)


async def test_the_list_of_events_is_bounded(page: Page):
    await opened(page, "demo/n=1500,delay=0ms")
    await page.get_by_label("Max tokens").fill("5000")
    card = Card(page, "stream")
    await card.button("Send").click()
    await expect(card.status).to_contain_text("Done")

    await expect(card.rows).to_have_count(500)
    await expect(page.locator("#stream summary")).to_have_text("The last 500 events")
    assert "[DONE]" in await card.rows.last.inner_text()
