"""One's own account on its page: profile, password, looks, keys, sessions, files, and leaving."""

import re
import secrets
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Locator, Page, expect
from tests.browser.rooms import Rooms
from tests.browser.visitor import MARK, Visitor, visiting
from tests.clients.person import PASSWORD, Person
from tests.conftest import Running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OTHER = "another password"


@pytest_asyncio.fixture(loop_scope="session")
async def ann(rooms: Rooms, server: Running) -> AsyncIterator[Visitor]:
    async with visiting(rooms, server.url) as visitor:
        yield visitor


def part(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def item(page: Page, name: str, text: str) -> Locator:
    return part(page, name).get_by_role("listitem").filter(has_text=text)


async def confirm(page: Page, action: str) -> None:
    await page.get_by_role("alertdialog").get_by_role("button", name=action).click()


async def status(url: str, bearer: str) -> int:
    """How the server answers to who brings this."""
    async with aiohttp.ClientSession(url) as session:
        person = Person(session, {"Authorization": f"Bearer {bearer}"})
        return (await person.ask("GET", "/api/v1/auth/me")).status


async def logged_in(url: str, name: str, password: str = PASSWORD) -> tuple[int, str]:
    """How the server answers to a sign-in, and the token, if there is one."""
    async with aiohttp.ClientSession(url) as session:
        given = {"username": name, "password": password}
        answer = await Person(session, {}).ask("POST", "/api/v1/auth/login", given)
        return answer.status, answer.body.get("access_token", "")


async def test_the_name_is_changed_and_a_taken_one_is_told_at_its_field(
    ann: Visitor, chromium: Browser
):
    page = await ann.tab("/settings")
    profile = part(page, "Profile")
    name = f"ann-{secrets.token_hex(5)}"
    await profile.get_by_label("Name").fill(name)
    await profile.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Your profile is saved.")).to_be_visible()
    await expect(page.get_by_role("button", name=f"Account of {name}")).to_be_attached()
    assert (await ann.get("/api/v1/auth/me"))["username"] == name

    async with visiting(chromium, ann.url) as bob:
        await profile.get_by_label("Name").fill(bob.name)
        await profile.get_by_role("button", name="Save").click()
        field = profile.get_by_label("Name")
        await expect(field).to_have_accessible_description(re.compile("is taken"))
        await expect(field).to_be_focused()
    await profile.get_by_label("Name").fill(name)
    await profile.get_by_label("E-mail").fill("a..b@example.com")
    await profile.get_by_role("button", name="Save").click()
    await expect(profile.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")


async def test_another_password_ends_the_other_sessions(ann: Visitor):
    _, elsewhere = await logged_in(ann.url, ann.name)
    page = await ann.tab("/settings")
    form = part(page, "Password")
    await form.get_by_label("Current password").fill("not the password")
    await form.get_by_label("New password").fill(OTHER)
    await form.get_by_role("button", name="Change the password").click()
    current = form.get_by_label("Current password")
    await expect(current).to_have_accessible_description("The password is wrong.")

    await current.fill(PASSWORD)
    await form.get_by_role("button", name="Change the password").click()
    await expect(page.get_by_text("Your password is changed.")).to_be_visible()
    await expect(part(page, "Sessions").get_by_role("listitem")).to_have_count(1)
    assert await status(ann.url, elsewhere) == 401
    assert (await logged_in(ann.url, ann.name))[0] == 401
    assert (await logged_in(ann.url, ann.name, OTHER))[0] == 200


async def test_the_colours_and_the_language_are_kept_on_this_device(ann: Visitor):
    page = await ann.tab("/settings")
    await page.emulate_media(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)
    await page.get_by_role("radio", name="Dark").check()
    await expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
    assert await page.evaluate(ground) != light
    await page.get_by_label("Language").select_option("vi")
    await expect(page).to_have_title("Cài đặt · Sluice")
    await page.reload()

    await expect(page.get_by_role("heading", name="Cài đặt")).to_be_visible()
    await expect(page.get_by_role("radio", name="Tối")).to_be_checked()
    await expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
    await page.get_by_role("radio", name="Theo hệ thống").check()
    assert await page.evaluate(ground) == light


async def test_enter_begins_a_new_line_for_who_wants_that(ann: Visitor):
    page, chat = await ann.tab("/settings"), await ann.tab("/")
    box = chat.get_by_role("textbox", name="Message")
    await expect(box).to_be_visible()
    await page.get_by_role("radio", name="Begins a new line").check()
    await box.fill("One")
    await box.press("End")
    await box.press("Enter")
    await expect(box).to_have_value("One\n")

    await page.reload()
    await expect(page.get_by_role("radio", name="Begins a new line")).to_be_checked()


async def test_a_key_is_shown_once_and_is_good_until_it_is_revoked(ann: Visitor):
    await ann.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await ann.tab("/settings")
    keys = part(page, "API keys")
    await expect(keys.get_by_text("You have no keys.")).to_be_visible()
    await keys.get_by_label("What it is for").fill("laptop")
    await keys.get_by_label("Valid for").select_option("30 days")
    await keys.get_by_role("button", name="Create a key").click()
    secret = await keys.get_by_label("Key", exact=True).input_value()
    await keys.get_by_role("button", name="Copy").click()
    await expect(keys.get_by_role("status")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == secret
    assert await status(ann.url, secret) == 200

    await page.reload()
    kept = item(page, "API keys", "laptop")
    await expect(kept).to_contain_text("Last used")
    await expect(kept).to_contain_text("Expires")
    assert secret not in await page.content()
    await kept.get_by_role("button", name="Revoke “laptop”").click()
    await confirm(page, "Revoke")
    await expect(keys.get_by_text("You have no keys.")).to_be_visible()
    assert await status(ann.url, secret) == 401


async def test_a_session_elsewhere_is_called_by_its_name_and_ended(ann: Visitor):
    _, elsewhere = await logged_in(ann.url, ann.name)
    page = await ann.tab("/settings")
    await expect(item(page, "Sessions", "Chrome on Linux")).to_contain_text("This one")
    other = item(page, "Sessions", "Python (aiohttp)")
    await other.get_by_role("button", name="End").click()
    await confirm(page, "End")
    await expect(other).to_have_count(0)
    assert await status(ann.url, elsewhere) == 401

    await item(page, "Sessions", "This one").get_by_role("button", name="End").click()
    await confirm(page, "End")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_files_are_listed_and_deleted(ann: Visitor):
    text = b"A sluice lets water through."
    note = FilePayload(name="note.txt", mimeType="text/plain", buffer=text)
    sent = await ann.context.request.post("/api/media", multipart={"file": note}, headers=MARK)
    address = (await sent.json())["url"]
    page = await ann.tab("/settings")
    file = item(page, "My files", "note.txt")
    await expect(file).to_contain_text("text/plain")
    link = file.get_by_role("link", name="Open note.txt")
    assert await link.get_attribute("href") == f"{ann.url}{address}"
    await file.get_by_role("button", name="Delete note.txt").click()
    await confirm(page, "Delete")

    await expect(part(page, "My files").get_by_text("You have no files here.")).to_be_visible()
    assert (await ann.context.request.get(address)).status == 404


async def test_one_leaves_for_good_by_the_password_and_not_by_mistake(ann: Visitor):
    page = await ann.tab("/settings")
    form = part(page, "Delete the account")
    password = form.get_by_label("Your password")
    leave = form.get_by_role("button", name="Delete the account")
    await password.fill("not the password")
    await leave.click()
    await confirm(page, "Delete for good")
    await expect(password).to_have_accessible_description("The password is wrong.")
    await password.fill(PASSWORD)
    await leave.click()
    await confirm(page, "Cancel")
    await ann.get("/api/v1/auth/me")

    await leave.click()
    await confirm(page, "Delete for good")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert (await logged_in(ann.url, ann.name))[0] == 401


@pytest.mark.parametrize("width", [360, 1440])
async def test_nothing_sticks_out_sideways(ann: Visitor, width: int):
    await ann.post("/api/v1/auth/keys", {"name": "W" * 100})
    page = await ann.tab("/settings")
    await page.set_viewport_size({"width": width, "height": 800})
    await expect(item(page, "API keys", "WWW")).to_be_visible()
    await expect(item(page, "Sessions", "This one")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    wide = "[...document.querySelectorAll('main *')].filter(e => e.scrollWidth > innerWidth).length"
    assert await page.evaluate(wide) == 0
