"""The administration on its page: users, live runs, limits, invitations, the audit."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from tests.browser.rooms import Rooms
from tests.browser.visitor import SLOW, Visitor, visiting
from tests.clients.person import STREAM
from tests.conftest import Running, running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose first user is its administrator."""
    folder = tmp_path_factory.mktemp("house")
    with running(folder, SLUICE_FIRST_USER_ADMIN="true", SLUICE_DAILY_TOKENS="123456") as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def boss(rooms: Rooms, house: Running) -> AsyncIterator[Visitor]:
    async with visiting(rooms, house.url) as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="session")
async def ann(rooms: Rooms, house: Running, boss: Visitor) -> AsyncIterator[Visitor]:
    """Somebody who came after the administrator."""
    async with visiting(rooms, house.url) as visitor:
        yield visitor


async def at(boss: Visitor, tab: str) -> Page:
    """The administrator's tab, at a part of the page that is loaded anew."""
    return await boss.again(f"/admin?tab={tab}")


async def found(page: Page, name: str) -> Locator:
    """The line of a user, who is searched for."""
    await page.get_by_role("searchbox").fill(name)
    line = page.get_by_role("list", name="Users").get_by_role("listitem")
    await expect(line).to_have_count(1)
    await expect(line).to_contain_text(name)
    return line


async def choose(page: Page, name: str, action: str) -> None:
    await page.get_by_role("button", name=f"Actions for {name}").click()
    await page.get_by_role("menuitem", name=action).click()


async def confirm(page: Page, action: str) -> None:
    await page.get_by_role("alertdialog").get_by_role("button", name=action).click()


async def test_it_is_for_administrators(ann: Visitor):
    page = await ann.tab("/admin?tab=audit")
    await expect(page.get_by_text("This is for administrators.")).to_be_visible()
    await expect(page.get_by_role("tab")).to_have_count(0)
    await page.get_by_role("link", name="To the conversations").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()


async def test_the_tab_stands_in_the_address_and_keys_lead_from_one_to_the_next(boss: Visitor):
    page = await at(boss, "limits")
    await expect(page.get_by_role("tab", name="Limits")).to_have_attribute("aria-selected", "true")
    await page.get_by_role("tab", name="Limits").press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{boss.url}/admin?tab=invitations")
    await expect(page.get_by_role("region", name="Invitations")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("region", name="Invitations")).to_be_visible()


async def test_a_user_is_found_disabled_and_enabled(boss: Visitor, ann: Visitor):
    page = await at(boss, "users")
    line = await found(page, ann.name)
    await choose(page, ann.name, "Disable")
    await confirm(page, "Disable")
    await expect(line.get_by_text("Disabled")).to_be_visible()
    assert (await ann.context.request.get("/api/v1/auth/me")).status == 401
    await choose(page, ann.name, "Enable")
    await expect(line.get_by_text("Disabled")).to_have_count(0)
    await page.get_by_role("searchbox").fill("nobody is called that")
    await expect(page.get_by_text("There is no such user.")).to_be_visible()


async def test_a_role_and_limits_are_set_and_taken_back(boss: Visitor, ann: Visitor):
    page = await at(boss, "users")
    line = await found(page, ann.name)
    await choose(page, ann.name, "Role and limits")
    await page.get_by_label("Role", exact=True).select_option("admin")
    await page.get_by_label("Runs at once").fill("3")
    await page.get_by_label("Tokens a day").fill("5000")
    await page.get_by_role("button", name="Save").click()
    await expect(line).to_contain_text("Administrator")
    await expect(line).to_contain_text("3 runs at once")
    await expect(line).to_contain_text("5,000 tokens a day")
    theirs = await ann.tab("/admin")
    await expect(theirs.get_by_role("tab")).to_have_count(5)

    await choose(page, ann.name, "Role and limits")
    await page.get_by_label("Role", exact=True).select_option("user")
    await page.get_by_label("Runs at once").fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(line).not_to_contain_text("Administrator")
    await expect(line).not_to_contain_text("runs at once")


async def test_points_are_given(boss: Visitor, ann: Visitor):
    page = await at(boss, "users")
    await found(page, ann.name)
    await choose(page, ann.name, "Give points")
    await page.get_by_label("Points", exact=True).fill("0")
    await page.get_by_role("button", name="Give").click()
    await expect(page.get_by_role("dialog").get_by_text("Expected a number")).to_be_visible()
    await page.get_by_label("Points", exact=True).fill("250")
    await page.get_by_label("Note, for the ledger").fill("for the report")
    await page.get_by_role("button", name="Give").click()

    await expect(page.get_by_text(f"{ann.name} now has 1,250 points.")).to_be_visible()
    entry = (await ann.get("/api/v1/points"))["entries"][0]
    assert (entry["amount"], entry["note"]) == (250, "for the report")


async def test_a_user_is_deleted(boss: Visitor, ann: Visitor):
    page = await at(boss, "users")
    await found(page, ann.name)
    await choose(page, ann.name, "Delete")
    await confirm(page, "Delete")
    await expect(page.get_by_text("There is no such user.")).to_be_visible()
    assert (await ann.context.request.get("/api/v1/auth/me")).status == 401


async def test_the_last_administrator_stays_and_is_told_why(boss: Visitor, ann: Visitor):
    page = await at(boss, "users")
    await found(page, ann.name)
    line = await found(page, boss.name)
    await choose(page, boss.name, "Disable")
    await confirm(page, "Disable")
    await expect(line.get_by_role("alert")).to_have_text("This is the last administrator.")
    await choose(page, boss.name, "Role and limits")
    await page.get_by_label("Role", exact=True).select_option("user")
    await page.get_by_role("button", name="Save").click()
    role = page.get_by_label("Role", exact=True)
    await expect(role).to_have_accessible_description("This is the last administrator.")


async def test_a_run_is_seen_while_it_goes_on_and_stopped(boss: Visitor, ann: Visitor):
    chat = await ann.tab("/")
    begin = """([path, body]) => { void fetch(path, {method: "POST", body: JSON.stringify(body),
        headers: {"Content-Type": "application/json", "X-Sluice-Request": "test"}}) }"""
    said = {"message": "Hello", "model": SLOW, "background": True}
    await chat.evaluate(begin, [STREAM, said])
    page = await at(boss, "runs")
    row = page.get_by_role("row").filter(has_text=ann.name)
    await expect(row).to_be_visible()
    cells = row.get_by_role("cell")
    await expect(cells.nth(0)).to_have_text("demo")
    await expect(cells.nth(1)).to_have_text("conversations")
    await expect(cells.nth(6)).to_have_text("Yes")
    time, length = await cells.nth(2).inner_text(), await cells.nth(4).inner_text()
    await expect(cells.nth(2)).not_to_have_text(time)
    await expect(cells.nth(4)).not_to_have_text(length)

    await row.get_by_role("button", name=f"Stop the run of {ann.name}").click()
    await confirm(page, "Stop")
    await expect(row).to_have_count(0)
    await expect(page.get_by_text("Nothing is being written just now.")).to_be_visible()


async def test_the_limits_are_shown(boss: Visitor):
    page = await at(boss, "limits")
    await expect(page.get_by_text("123,456")).to_be_visible()
    limits = await boss.get("/api/v1/admin/limits")
    await expect(page.locator("dd").nth(1)).to_have_text(f"{limits['max_runs_per_user']:,}")
    await expect(page.get_by_text("Rates are not limited on this server.")).to_be_visible()


async def test_an_invitation_is_shown_once_and_revoked(boss: Visitor):
    page = await at(boss, "invitations")
    address = f"{secrets.token_hex(5)}@example.com"
    await page.get_by_label("E-mail").fill(address)
    await page.get_by_label("Valid for days").fill("3")
    await page.get_by_role("button", name="Invite", exact=True).click()
    secret = await page.get_by_label("Invitation", exact=True).input_value()
    assert await page.get_by_label("Link").input_value() == f"{boss.url}/#invitation={secret}"
    await page.get_by_role("button", name="Done").click()
    line = page.get_by_role("list", name="Invitations").get_by_role("listitem")
    line = line.filter(has_text=address)
    await expect(line).to_contain_text(f"By {boss.name}")
    assert secret not in await page.content()

    await line.get_by_role("button", name="Revoke").click()
    await confirm(page, "Revoke")
    await expect(line).to_have_count(0)


async def test_the_audit_is_read_page_by_page_and_calls_people_by_name(boss: Visitor, ann: Visitor):
    for name in range(26):
        key = await (await ann.post("/api/v1/auth/keys", {"name": f"key {name}"})).json()
        revoked = await ann.context.request.delete(
            f"/api/v1/auth/keys/{key['id']}", headers={"X-Sluice-Request": "test"}
        )
        assert revoked.ok
    page = await at(boss, "audit")
    rows = page.get_by_role("table", name="Audit").get_by_role("row")
    await expect(rows).to_have_count(51)
    await expect(rows.nth(1)).to_contain_text("Revoked a key")
    await expect(rows.nth(1)).to_contain_text(ann.name)
    await page.get_by_role("button", name="Show more").click()

    registered = rows.filter(has_text="Registered").filter(has_text=ann.name)
    await expect(registered).to_have_count(1)


async def test_users_come_page_by_page(boss: Visitor, ann: Visitor):
    for number in range(31):
        name = f"z-crowd-{number:02}"
        account = {"username": name, "email": f"{name}@example.com", "password": "correct horse"}
        await boss.post("/api/v1/auth/register", account)
    page = await at(boss, "users")
    await page.get_by_role("searchbox").fill("crowd-")
    lines = page.get_by_role("list", name="Users").get_by_role("listitem")
    await expect(lines.first).to_contain_text("z-crowd-00")  # others come before, if not searched
    await expect(lines).to_have_count(30)
    await page.get_by_role("button", name="Show more").click()
    await expect(lines).to_have_count(31)
    await expect(page.get_by_role("button", name="Show more")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("tab", ["users", "runs", "limits", "invitations", "audit"])
async def test_nothing_sticks_out_sideways(boss: Visitor, width: int, tab: str):
    page = await at(boss, tab)
    await page.set_viewport_size({"width": width, "height": 800})
    await expect(page.get_by_role("tabpanel").get_by_role("region").first).to_be_visible()
    await expect(page.get_by_text("Loading…")).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollWidth") == width
