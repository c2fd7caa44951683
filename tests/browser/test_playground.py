"""The playground, in a real browser: every way of asking, what it shows of it, and its programs."""

import asyncio
import os
import re
import secrets
import sys
from collections.abc import Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect
from tests.browser.conftest import Watch
from tests.clients.person import PASSWORD
from tests.conftest import Running, free_port, running
from tests.proxies.nginx import serving, site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

QUICK = "demo/n=5,delay=0ms"
SLOW = "demo/n=2000,delay=20ms"  # goes on for longer than any test
STREAMS = (
    "query.sse",
    "query.ws",
    "chat.sse",
    "chat.get",
    "chat.socketio",
    "conversations.sse",
    "conversations.get",
    "interactions.sse",
    "interactions.get",
    "interactions.graphql-ws",
    "interactions.graphql-sse",
    "flows.sse",
    "flows.get",
    "flows.demo",
    "openai.sse",
)
WHOLE = ("query.json", "chat.json", "interactions.mutation", "flows.json", "openai.json")
RUNS = "runs.get"
# The same ways, by other means of this page's.
OTHERWISE = (
    ("chat.get", {"reader": "EventSource"}),
    ("conversations.get", {"reader": "EventSource"}),
    ("flows.demo", {"reader": "EventSource"}),
    ("chat.socketio", {"carriage": "polling"}),
)
# Holds everything back until it has enough of it, whatever the server says of buffering.
HOLDING = (
    "proxy_ignore_headers X-Accel-Buffering;",
    "gzip on;",
    "gzip_types text/event-stream;",
    "gzip_proxied any;",
    "gzip_min_length 1;",
)
GUEST = "guest-" + secrets.token_hex(6)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def account(chromium: Browser, server: Running) -> str:
    """Somebody who may sign in at the server."""
    context = await chromium.new_context(base_url=server.url)
    body = {"username": GUEST, "email": f"{GUEST}@example.com", "password": PASSWORD}
    assert (await context.request.post("/api/v1/auth/register", data=body)).ok
    await context.close()
    return GUEST


@pytest_asyncio.fixture(loop_scope="session")
async def member(page: Page, account: str) -> Page:
    """A tab of somebody who is signed in by the page's cookie."""
    given = {"username": account, "password": PASSWORD}
    assert (await page.request.post("/api/v1/auth/session", data=given)).ok
    return page


def outcome(page: Page) -> Locator:
    return page.locator("[data-outcome]")


async def begin(page: Page, way: str, model: str = QUICK, **values: str) -> None:
    """Open the playground at a set-up, and send it."""
    fields = "&".join(f"{name}={value}" for name, value in values.items())
    await page.goto(f"/playground?way={way}&model={model}&{fields}")
    await page.get_by_role("button", name="Send").click()


async def ended(page: Page) -> None:
    await expect(outcome(page)).to_have_attribute("data-outcome", "ended")


async def count(page: Page) -> int:
    """How many events are said to have arrived."""
    heading = await page.get_by_role("heading", name=re.compile("^Events")).inner_text()
    return int(heading.removeprefix("Events").strip())


async def program(page: Page, language: str) -> str:
    await page.get_by_role("tab", name=language).click()
    return await page.get_by_role("region", name=language).inner_text()


async def test_the_page_offers_these_ways_and_no_other(page: Page):
    await page.goto("/playground")
    found: list[str] = []
    dialects = page.get_by_label("API", exact=True)
    await dialects.wait_for()
    for dialect in await dialects.locator("option").all():
        await dialects.select_option(await dialect.get_attribute("value"))
        ways = await page.get_by_label("Transport").locator("option").all()
        found += [await way.get_attribute("value") or "" for way in ways]

    assert sorted(found) == sorted([*STREAMS, *WHOLE, RUNS])


@pytest.mark.parametrize(
    ("way", "values"), [*((way, {}) for way in (*STREAMS, *WHOLE)), *OTHERWISE]
)
async def test_each_way_shows_a_member_what_arrives(member: Page, way: str, values: dict[str, str]):
    await begin(member, way, **values)

    await ended(member)
    await expect(member.get_by_text(f"Signed in as {GUEST}")).to_be_visible()
    assert await count(member) >= (5 if way in STREAMS else 1)
    kind = await member.locator("[data-kind]").get_attribute("data-kind")
    assert (kind == "whole") == (way in WHOLE)


@pytest.mark.parametrize("dialect", ["query", "chat", "flows", "openai"])
async def test_strangers_ask_what_is_open_to_them(page: Page, dialect: str):
    await begin(page, f"{dialect}.sse")

    await ended(page)
    await expect(page.get_by_text("You are a stranger here.")).to_be_visible()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("way", ["conversations.get", "interactions.mutation"])
async def test_strangers_see_how_the_server_turns_them_away(page: Page, way: str):
    await begin(page, way)

    await expect(outcome(page)).to_have_attribute("data-outcome", "refused")
    await expect(outcome(page)).to_contain_text("401 unauthorized: Sign in first.")
    await expect(page.get_by_text("401 Unauthorized", exact=True)).to_be_visible()


async def test_a_run_is_read_again_from_an_event_on(page: Page):
    await begin(page, "query.sse")
    await ended(page)
    await page.get_by_role("button", name="Read this run again").click()
    await page.get_by_label("Behind event number").fill("3")
    await page.get_by_role("button", name="Send").click()

    await ended(page)
    rows = page.locator("ol [data-index]")
    await expect(rows.first).to_contain_text('"type":"chunk"')
    await expect(rows.first).to_contain_text(re.compile(r"id: \S+:4\b"))


async def test_an_event_is_shown_as_on_the_wire_and_opens_to_its_json(page: Page):
    await begin(page, "query.sse")
    await ended(page)
    first = page.locator('ol [data-index="0"]')
    await expect(first).to_contain_text("retry: 1000")
    await first.get_by_role("button").click()

    await expect(first.locator("pre")).to_contain_text('"type": "start"')
    await expect(page.get_by_text("text/event-stream; charset=utf-8")).to_be_visible()


async def test_the_time_line_marks_a_stall(page: Page):
    await begin(page, "query.sse", "demo/n=30,delay=0ms,stall=1s@10")
    await ended(page)

    await expect(page.locator("[data-gap]").first).to_be_attached()
    await expect(page.get_by_role("img", name="Time line")).to_be_visible()
    await expect(page.get_by_role("rowheader", name="Gap").first).to_be_attached()


async def test_an_error_in_a_stream_is_told_as_the_server_says_it(page: Page):
    await begin(page, "query.sse", "demo/n=5,delay=0ms,fail=provider_auth@2")

    await expect(outcome(page)).to_have_attribute("data-outcome", "failed")
    await expect(outcome(page)).to_contain_text("provider_auth: ")
    status = page.get_by_role("status").filter(has_text="Failed: provider_auth")
    await expect(status).to_be_attached()


@pytest.fixture(scope="module")
def held_back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server behind an nginx that buffers."""
    with running(tmp_path_factory.mktemp("behind")) as found:
        port = free_port()
        rest = site(port, found.port, "proxy_set_header Host $http_host;", *HOLDING)
        with serving(tmp_path_factory.mktemp("nginx") / "prefix", port, rest) as url:
            yield url


async def test_the_verdict_finds_a_proxy_that_buffers(chromium: Browser, held_back: str):
    context = await chromium.new_context(base_url=held_back)
    page = await context.new_page()
    watch = Watch(page)
    await begin(page, "query.sse", "demo/n=100,delay=20ms")
    await ended(page)
    verdict = page.locator("[data-kind]")
    await expect(verdict).to_contain_text(
        "Something between here and the model buffers: 100 tokens"
    )
    await expect(verdict).to_contain_text("The server had the first token")
    await expect(page.locator("[data-burst]").first).to_be_attached()
    await context.close()
    assert watch.complaints == []


@pytest.mark.parametrize(
    ("way", "values"), [("query.sse", {}), ("conversations.get", {"reader": "EventSource"})]
)
async def test_stop_cancels_the_run_and_says_so(member: Page, way: str, values: dict[str, str]):
    await begin(member, way, SLOW, **values)
    events = member.locator("ol:has([data-index])")  # any of them: the first scroll out of sight
    await expect(events).to_contain_text(re.compile(r"id: \S+:\d"))
    run = re.search(r"id: (\S+):", await events.inner_text())
    assert run is not None
    await member.get_by_role("button", name="Stop").click()

    await expect(outcome(member)).to_have_attribute("data-outcome", "stopped")
    found = await (await member.request.get(f"/api/v1/runs/{run[1]}")).json()
    assert found["state"] == "cancelled"


@pytest.mark.parametrize("way", ["query.ws", "chat.socketio", "interactions.graphql-ws"])
async def test_stop_ends_what_a_socket_carries(member: Page, way: str):
    await begin(member, way, SLOW)
    await member.locator("ol [data-index]").first.wait_for()
    await member.get_by_role("button", name="Stop").click()

    await expect(outcome(member)).to_have_attribute("data-outcome", "stopped")


async def test_the_program_is_shown_in_three_languages_by_mouse_and_by_keyboard(page: Page):
    await page.goto("/playground?way=query.sse&message=it's")
    assert "curl -sN 'http" in await program(page, "curl")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("region", name="Python")).to_contain_text("import httpx")
    await page.keyboard.press("ArrowRight")
    code = page.get_by_role("region", name="JavaScript")
    await expect(code).to_contain_text("/sluice.js")
    await expect(code).to_contain_text('"it\'s"')
    await expect(code).not_to_contain_text("SLUICE_KEY")


HARD = 'it\'s "quoted" $HOME `id` \\n 你好 👩‍👩‍👧'
RUNNABLE = (
    "query.json",
    "flows.get",
    "conversations.sse",
    "interactions.graphql-sse",
    "openai.sse",
)
SOCKETS = ("query.ws", "chat.socketio", "interactions.graphql-ws")


async def key_of(page: Page) -> str:
    made = await page.request.post(
        "/api/v1/auth/keys", data={"name": "snippet"}, headers={"X-Sluice-Request": "page"}
    )
    assert made.ok, await made.text()
    key = (await made.json())["key"]
    listed = (await (await page.request.get("/api/v1/auth/keys")).json())["items"]
    if len(listed) > 40:  # of 50 that one may have
        await page.request.delete(
            f"/api/v1/auth/keys/{listed[-1]['id']}", headers={"X-Sluice-Request": "page"}
        )
    return key


async def output(*command: str, key: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "SLUICE_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    return said.decode()


async def prepared(page: Page, way: str, language: str) -> tuple[str, str]:
    """A program for a hard message, as the page shows it, and a key to run it with."""
    await page.goto(f"/playground?way={way}&model=demo/n=60,delay=0ms")
    await page.get_by_label("Message").fill(HARD)
    await expect(page.get_by_text(f"Signed in as {GUEST}")).to_be_visible()
    return await program(page, language), await key_of(page)


@pytest.mark.parametrize("way", RUNNABLE)
async def test_what_is_shown_for_curl_runs(member: Page, way: str):
    text, key = await prepared(member, way, "curl")

    said = await output("sh", "-c", text, key=key)
    assert "quoted" in said
    assert "你好" in said


@pytest.mark.parametrize("way", [*RUNNABLE, *SOCKETS])
async def test_what_is_shown_for_python_runs(member: Page, way: str):
    text, key = await prepared(member, way, "Python")

    said = await output(sys.executable, "-c", text, key=key)
    assert "你好" in said


@pytest.mark.parametrize(
    ("way", "last"),
    [
        ("query.json", "full_response"),
        ("query.ws", '"type":"end"'),
        ("conversations.sse", "end"),
        ("conversations.get", '"type":"end"'),
        ("interactions.graphql-ws", '"type":"complete"'),
        ("interactions.graphql-sse", "event: complete"),
    ],
)
async def test_what_is_shown_for_javascript_runs(
    member: Page, chromium: Browser, server: Running, way: str, last: str
):
    text, key = await prepared(member, way, "JavaScript")
    context = await chromium.new_context(base_url=server.url, bypass_csp=True)
    tab = await context.new_page()
    tab.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept(key)))
    await tab.goto("/health")
    async with tab.expect_console_message(lambda message: last in message.text):
        await tab.add_script_tag(content=text, type="module")
    await context.close()


async def test_the_address_keeps_the_set_up_but_nothing_that_opens_something(page: Page):
    await page.goto("/playground?way=chat.get")
    await page.get_by_label("Message").fill("a & b?")
    await page.get_by_label("Session", exact=True).fill("somebody's")
    await page.get_by_role("button", name="A stall of 3 s").click()
    await page.wait_for_url("**/playground?way=chat.get&message=a+*&model=demo*")
    await page.reload()

    await expect(page.get_by_label("Message")).to_have_value("a & b?")
    await expect(page.get_by_label("Model")).to_have_value("demo/stall=3s@20")
    await expect(page.get_by_label("Session", exact=True)).to_have_value("")
    pressed = page.get_by_role("button", name="A stall of 3 s")
    await expect(pressed).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("width", [360, 820, 1440])
async def test_nothing_sticks_out_sideways(
    chromium: Browser, server: Running, width: int, language: str
):
    context = await chromium.new_context(base_url=server.url, locale=language)
    page = await context.new_page()
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto("/playground?way=conversations.sse&model=demo/n=40,delay=0ms,text=unicode")
    await page.get_by_label("API", exact=True).select_option("query")
    await page.locator("form button[type=submit]").click()
    await ended(page)
    await page.locator('ol button[aria-expanded="false"]').last.click()

    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.evaluate("document.documentElement.lang") == language
    await context.close()


async def test_the_older_pages_are_still_reached(page: Page):
    await page.goto("/playground")
    more = page.get_by_role("contentinfo").get_by_role("link")
    await more.last.wait_for()
    addresses = [await link.get_attribute("href") or "" for link in await more.all()]

    names = [address.rpartition("/")[2] for address in addresses]
    assert names == ["streaming_examples.html", "test_stream.html", "docs", "graphql", "health"]
    for address in addresses:
        assert (await page.request.get(address, headers={"Accept": "text/html"})).ok
