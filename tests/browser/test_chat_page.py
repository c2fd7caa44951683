"""The chat page as one person uses it: signing in, talking, stopping, rewording, and what fails."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect
from tests.browser.rooms import Rooms
from tests.browser.visitor import (
    QUICK,
    SLOW,
    Visitor,
    answered,
    choose,
    composer,
    grows,
    length,
    questions,
    replies,
    say,
    visiting,
)
from tests.clients.person import PASSWORD
from tests.conftest import Running
from tests.hostile import pictures

FROM_END = "log => log.scrollHeight - log.scrollTop - log.clientHeight"  # px
LISTEN = """() => {
    window.heard = [];
    new MutationObserver(() => {
        const text = document.querySelector("p[aria-live=polite]")?.textContent;
        if (text && text !== window.heard.at(-1)) window.heard.push(text);
    }).observe(document.body, {childList: true, characterData: true, subtree: true});
}"""

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def ann(rooms: Rooms, server: Running) -> AsyncIterator[Visitor]:
    async with visiting(rooms, server.url) as visitor:
        yield visitor


async def test_one_registers_and_is_at_the_chat(page: Page):
    await page.goto("/")
    await page.get_by_role("button", name="Create an account").click()
    name = f"new{secrets.token_hex(5)}"
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("E-mail").fill(f"{name}@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create an account").click()

    await expect(composer(page)).to_be_focused()
    await expect(page.get_by_role("button", name=f"Account of {name}")).to_be_visible()
    kept = await page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    assert kept == []  # what proves it is a cookie, which no script can read
    assert await page.evaluate("document.cookie") == ""


async def test_a_wrong_password_is_told_and_the_fields_stay(page: Page, ann: Visitor):
    await page.goto("/")
    await page.get_by_label("Name or e-mail").fill(ann.name)
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Sign in").click()

    await expect(page.get_by_role("alert")).to_have_text("Name and password do not fit together.")
    await expect(page.get_by_label("Name or e-mail")).to_have_value(ann.name)


async def test_a_name_that_is_taken_is_told_at_its_field(page: Page, ann: Visitor):
    await page.goto("/")
    await page.get_by_role("button", name="Create an account").click()
    await page.get_by_label("Name").fill(ann.name)
    await page.get_by_label("E-mail").fill("somebody@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create an account").click()

    await expect(page.get_by_text("is taken", exact=False)).to_be_visible()


async def test_signing_out_leaves_nothing_behind(ann: Visitor):
    await ann.talk("A secret of mine")
    tab = await ann.tab()
    await expect(tab.get_by_role("link", name="A secret of mine")).to_be_visible()
    await tab.get_by_role("button", name=f"Account of {ann.name}").click()
    await tab.get_by_role("menuitem", name="Sign out").click()

    await expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    assert "A secret of mine" not in await tab.content()
    assert (await ann.context.request.get("/api/v1/auth/session")).status == 401


async def test_a_reply_arrives_word_by_word_and_says_what_it_took(ann: Visitor):
    tab = await ann.tab(model="demo/n=60,delay=20ms")
    await say(tab, "Hello")
    await tab.wait_for_url("**/c/*")
    reply = replies(tab)
    await expect(reply).to_have_attribute("aria-busy", "true")
    await expect(reply.get_by_role("heading", name="You wrote to the demo model")).to_be_visible()
    await answered(tab)

    figures = reply.get_by_role("list", name="About this reply")
    await expect(figures).to_contain_text("demo")
    await expect(figures).to_contain_text("60 tokens")
    await expect(figures).to_contain_text("$0.00")
    await expect(figures).to_contain_text("first word after")
    await expect(tab.get_by_role("link", name="Hello")).to_have_attribute("aria-current", "page")
    await expect(tab).to_have_title("Hello · Sluice")


async def test_the_second_message_has_the_first_as_its_context(ann: Visitor):
    tab = await ann.tab(model=QUICK)
    for nth, text in enumerate(("First", "Second")):
        await say(tab, text)
        await expect(replies(tab)).to_have_count(nth + 1)
        await answered(tab)

    await expect(questions(tab).locator("p")).to_have_text(["First", "Second"])
    (kept,) = (await ann.get("/api/v1/conversations"))["items"]
    assert kept["message_count"] == 4


@pytest.mark.parametrize("how", ["button", "key"])
async def test_stop_stops_the_run_and_keeps_what_was_said(ann: Visitor, how: str):
    tab = await ann.tab(model=SLOW)
    await say(tab, "Go on and on")
    await expect(replies(tab)).to_contain_text("not a language model")
    if how == "button":
        await tab.get_by_role("button", name="Stop").click()
    else:
        await tab.keyboard.press("Escape")
    reply = await answered(tab)

    await expect(reply).to_contain_text("This reply was stopped before its end.")
    await expect(tab.get_by_role("button", name="Send")).to_be_visible()
    id = tab.url.rpartition("/")[2]
    kept = (await ann.get(f"/api/v1/conversations/{id}/messages"))["items"][1]
    assert (kept["status"], kept["finish_reason"]) == ("partial", "cancelled")
    assert (await ann.get(f"/api/v1/runs/{kept['run_id']}"))["state"] == "cancelled"


async def test_another_reply_stands_beside_the_first_and_both_can_be_leafed_to(ann: Visitor):
    tab = await ann.tab(model="demo/n=5,delay=0ms")
    await say(tab, "Say it twice")
    reply = await answered(tab)
    await expect(reply).not_to_contain_text("1 of")
    await choose(tab, "demo/n=9,delay=0ms")
    await tab.go_back()
    await (await answered(tab)).get_by_role("button", name="Write another reply").click()
    await expect(replies(tab)).to_contain_text("2 of 2")
    await expect(replies(tab)).to_contain_text("9 tokens")

    await replies(tab).get_by_role("button", name="Former version").click()
    await expect(replies(tab)).to_contain_text("1 of 2")
    await expect(replies(tab)).to_contain_text("5 tokens")
    await replies(tab).get_by_role("button", name="Next version").click()
    await expect(replies(tab)).to_contain_text("9 tokens")


async def test_a_question_in_other_words_is_a_branch_of_its_own(ann: Visitor):
    id = await ann.talk("First words", "And then")
    tab = await ann.tab(f"/c/{id}", model=QUICK)
    await expect(questions(tab)).to_have_count(2)
    first = questions(tab).first
    await first.hover()
    await first.get_by_role("button", name="Edit").click()
    await first.get_by_role("textbox").fill("Other words")
    await first.get_by_role("button", name="Send").click()
    await expect(questions(tab)).to_have_text([re.compile("Other words")])
    await expect(replies(tab)).to_have_count(1)
    await answered(tab)

    await questions(tab).get_by_role("button", name="Former version").click()
    await expect(questions(tab)).to_have_count(2)
    await expect(questions(tab).first).to_contain_text("First words")


async def test_what_was_said_never_stands_there_twice(ann: Visitor):
    """As it was sent, and as it was stored: the one goes when the other is heard of."""
    id = await ann.talk("First")
    tab = await ann.tab(f"/c/{id}", model=QUICK)
    await expect(questions(tab)).to_have_count(1)
    seen = asyncio.Event()
    requests: list[Route] = []

    async def hold(route: Route) -> None:
        requests.append(route)
        if len(requests) > 1:
            await seen.wait()
        await route.continue_()

    await tab.route("**/messages?*", hold)
    await say(tab, "Second")
    await expect(replies(tab)).to_have_count(2)
    await expect(questions(tab)).to_have_text([re.compile("First"), re.compile("Second")])
    await expect(tab.locator("[data-pending]")).to_have_count(0)
    seen.set()
    await answered(tab)
    assert len(requests) > 1


async def test_rewording_can_be_given_up_by_escape(ann: Visitor):
    id = await ann.talk("As it was")
    tab = await ann.tab(f"/c/{id}")
    await questions(tab).hover()
    await questions(tab).get_by_role("button", name="Edit").click()
    await questions(tab).get_by_role("textbox").press("Escape")

    await expect(questions(tab).get_by_role("textbox")).to_have_count(0)
    await expect(questions(tab)).to_contain_text("As it was")


async def test_a_failure_stands_in_its_place_and_can_be_tried_again(ann: Visitor):
    tab = await ann.tab(model="demo/fail=provider_unavailable@5")
    await say(tab, "Fail, please")
    alert = replies(tab).get_by_role("alert")
    await expect(alert).to_contain_text("The provider broke off or could not be reached.")
    await expect(replies(tab)).to_contain_text("You wrote to")  # what it had said is kept

    await choose(tab, QUICK)
    await tab.go_back()
    await replies(tab).get_by_role("alert").get_by_role("button", name="Try again").click()
    await expect(replies(tab)).to_contain_text("40 tokens")
    await expect(replies(tab).get_by_role("alert")).to_have_count(0)


async def test_a_cut_connection_of_the_provider_is_no_complete_reply(ann: Visitor):
    tab = await ann.tab(model="demo/cut@30")
    await say(tab, "Cut it")

    await expect(replies(tab).get_by_role("alert")).to_contain_text("The provider broke off")


async def test_what_the_server_refuses_goes_back_into_the_box(ann: Visitor):
    tab = await ann.tab(model=QUICK)
    await tab.get_by_role("button", name="Options").click()
    await tab.get_by_label("Temperature").fill("7")
    await say(tab, "Too hot")

    await expect(tab.get_by_role("alert")).to_contain_text("Temperature: ")
    await expect(composer(tab)).to_have_value("Too hot")
    assert (await ann.get("/api/v1/conversations"))["items"] == []


async def test_how_long_a_reply_may_be_is_asked_for(ann: Visitor):
    tab = await ann.tab(model="demo/n=50,delay=0ms")
    await tab.get_by_role("button", name="Options").click()
    await tab.get_by_label("Longest reply, in tokens").fill("7")
    await say(tab, "Be short")
    reply = await answered(tab)

    await expect(reply).to_contain_text("7 tokens")
    await expect(reply).to_contain_text("it had reached its longest length")


async def test_a_model_is_chosen_from_the_list_or_by_its_name(ann: Visitor):
    tab = await ann.tab()
    choice = tab.get_by_label("Model", exact=True)
    await choice.select_option("demo")
    await choice.select_option(label="Another model…")
    await tab.get_by_label("Name of the model").fill("demo/n=3,delay=0ms")
    await say(tab, "Three, please")

    await expect(await answered(tab)).to_contain_text("3 tokens")


async def test_what_was_written_and_not_sent_outlives_a_reload(ann: Visitor):
    tab = await ann.tab()
    await composer(tab).fill("Half a thou")
    await tab.reload()

    await expect(composer(tab)).to_have_value("Half a thou")


async def test_enter_sends_and_shift_enter_begins_a_line(ann: Visitor):
    tab = await ann.tab(model=QUICK)
    await composer(tab).press_sequentially("One")
    await composer(tab).press("Shift+Enter")
    await composer(tab).press_sequentially("Two")
    await composer(tab).press("Enter")
    await answered(tab)

    await expect(questions(tab).locator("p")).to_have_text("One\nTwo")


async def test_a_message_and_a_block_of_code_are_copied_as_they_were_written(ann: Visitor):
    await ann.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = await ann.tab(model="demo/n=120,delay=0ms")
    await say(tab, "Copy **me**")
    reply = await answered(tab)
    copied = "navigator.clipboard.readText()"
    await reply.locator("figure, div").get_by_role("button", name="Copy").first.click()
    await expect(reply.get_by_text("Copied").first).to_be_attached()
    assert 'message = "Copy **me**"' in await tab.evaluate(copied)
    assert "```" not in await tab.evaluate(copied)

    await reply.get_by_role("button", name="Copy").last.click()
    # By its own word: that of the code before it may still be there.
    await expect(reply.locator("[role=status]").last).to_have_text("Copied")
    assert (await tab.evaluate(copied)).startswith("## You wrote to the demo model")


async def test_files_go_with_a_message(ann: Visitor, tmp_path: Path):
    note = tmp_path / "note.txt"
    note.write_text("What a sluice is.")
    picture = tmp_path / "dot.png"
    picture.write_bytes(pictures.saved(pictures.noise(side=8), "PNG"))
    tab = await ann.tab(model=QUICK)
    await tab.locator("input[type=file]").set_input_files([note, picture])
    chosen = tab.get_by_role("form", name="Message").get_by_role("listitem")
    await expect(chosen).to_have_count(2)
    await tab.get_by_role("button", name="Remove dot.png").click()
    await say(tab, "Read this")
    await answered(tab)

    await expect(questions(tab).get_by_role("link")).to_have_text(re.compile("note.txt"))
    await expect(chosen).to_have_count(0)
    async with tab.expect_download() as kept:
        await questions(tab).get_by_role("link").click()
    assert (await kept.value).suggested_filename == "note.txt"


@pytest.mark.parametrize("way", ["paste", "drop"])
async def test_a_picture_is_pasted_or_dropped(ann: Visitor, way: str):
    tab = await ann.tab(model=QUICK)
    bytes_ = list(pictures.saved(pictures.noise(side=8), "PNG"))
    await composer(tab).evaluate(
        """(box, [way, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "dot.png", {type: "image/png"}));
            const options = {bubbles: true, cancelable: true};
            box.dispatchEvent(way === "paste"
                ? new ClipboardEvent("paste", {...options, clipboardData: data})
                : new DragEvent("drop", {...options, dataTransfer: data}));
        }""",
        [way, bytes_],
    )
    picture = tab.get_by_role("form", name="Message").get_by_role("listitem").locator("img")

    await expect(picture).to_be_visible()
    assert await picture.evaluate("one => one.decode().then(() => one.naturalWidth)") == 8


async def test_a_file_that_is_refused_says_why_and_nothing_is_sent_with_it(
    ann: Visitor, tmp_path: Path
):
    program = tmp_path / "program.png"
    program.write_bytes(b"\x7fELF" + bytes(200))
    tab = await ann.tab(model=QUICK)
    await tab.locator("input[type=file]").set_input_files([program])

    chosen = tab.get_by_role("form", name="Message").get_by_role("listitem")
    await expect(chosen.get_by_role("alert")).not_to_be_empty()
    await composer(tab).fill("With that")
    await expect(tab.get_by_role("button", name="Send")).to_have_attribute("aria-disabled", "true")


async def test_the_view_stays_at_the_end_until_the_reader_scrolls_up(ann: Visitor):
    id = await ann.talk("One", "Two", "Three", model="demo/n=110,delay=0ms")
    tab = await ann.tab(f"/c/{id}", model=SLOW)
    log = tab.get_by_role("log")
    await expect(questions(tab).last).to_contain_text("Three")
    await say(tab, "Go on")
    reply = replies(tab).last
    for beyond in (300, 600):
        await grows(reply, beyond)
        assert await log.evaluate(FROM_END) < 60

    await log.hover()
    await tab.mouse.wheel(0, -400)
    back = tab.get_by_role("button", name="To the newest message")
    await expect(back).to_be_visible()
    top = await log.evaluate("log => log.scrollTop")
    await grows(reply, await length(reply) + 300)
    assert await log.evaluate("log => log.scrollTop") == top  # it does not jump under the eyes

    await back.click()
    await expect(back).to_be_hidden()
    await grows(reply, await length(reply))
    await tab.keyboard.press("Escape")
    await answered(tab)
    assert await log.evaluate(FROM_END) < 60


async def test_a_conversation_that_is_not_there_is_said_to_be_gone(ann: Visitor):
    tab = await ann.tab("/c/6a0f2f0e-0000-4000-8000-000000000000")

    await expect(tab.get_by_text("This conversation is not there.")).to_be_visible()
    await tab.get_by_role("link", name="Begin a new one").click()
    await expect(composer(tab)).to_be_visible()


async def test_a_screen_reader_is_told_sentences(ann: Visitor):
    tab = await ann.tab(model="demo/n=300,delay=10ms")
    await tab.evaluate(LISTEN)
    await say(tab, "Read it to me")
    await tab.wait_for_url("**/c/*")
    await answered(tab)
    await expect(tab.locator("p[aria-live=polite]")).to_contain_text("The reply is complete.")
    heard = await tab.evaluate("window.heard")

    assert heard[0] == "A reply is being written."
    assert "I am not a language model: I come with the server" in " ".join(heard)
    assert len(heard) < 12  # not one for each token
    assert [text for text in heard if text[-1] not in ".:?!"] == []


async def test_the_page_speaks_vietnamese_where_the_reader_does(chromium: Browser, server: Running):
    async with visiting(chromium, server.url, locale="vi-VN") as visitor:
        tab = await visitor.tab()

        await expect(tab.get_by_role("heading", name="Bạn muốn biết điều gì?")).to_be_visible()
        assert await tab.evaluate("document.documentElement.lang") == "vi"
