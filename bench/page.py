"""What the chat page costs its reader: how much is loaded, how soon it can be used, how smoothly it
shows two replies at 200 tokens a second in conversations of 1,000 messages.

usage: .venv/bin/python -m bench.page [--seconds 12] [--loads 7]

A real Chromium against a real server with the demo model. Work is what the tracing of the browser
says of the renderer's main thread, in CPU time: what others do on the machine counts little.
"""

import argparse
import asyncio
import gzip
import json
import shutil
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright
from tests.browser.conftest import ARGUMENTS
from tests.conftest import running

Event = dict[str, Any]

TURNS = 500  # of two messages each
PACE = "demo/n={tokens},delay=5ms"  # 200 tokens a second
NAMES = ("ann", "bob")
MARK = {"X-Sluice-Request": "bench"}
CATEGORIES = "toplevel,devtools.timeline"  # finer ones cost time themselves
LONG = 50.0  # ms of a task that a reader feels
READY = """
new MutationObserver(() => {
  if (window.ready === undefined && document.querySelector("form textarea")) {
    window.ready = performance.now();
  }
}).observe(document, {childList: true, subtree: true});
"""


class Reader(NamedTuple):
    """Somebody before a browser of his own, signed in."""

    browser: Browser
    context: BrowserContext


class Load(NamedTuple):
    """The first visit: bytes of what was fetched, and ms until one can write."""

    files: dict[str, int]
    ready: float


class Smoothness(NamedTuple):
    """Work of one tab's main thread, in ms: of each frame, and the tasks that took too long."""

    frames: list[float]
    long_tasks: list[float]


async def main(seconds: int, loads: int) -> None:
    """Measure, and print."""
    executable = shutil.which("chromium")
    assert executable, "this needs chromium on the path"
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        async with async_playwright() as playwright:
            # A browser each: of two tabs in one, that which is not in front draws once a second.
            readers: list[Reader] = []
            for name in NAMES:
                browser = await playwright.chromium.launch(
                    executable_path=executable, args=list(ARGUMENTS)
                )
                readers.append(Reader(browser, await reader(browser, server.url, name)))
            browser, context = readers[0]
            cookies = await context.cookies()
            measured = [await load(browser, server.url, cookies) for _ in range(loads)]
            print_loads(measured)
            print_smoothness(await streaming(readers, seconds))
            for browser, _ in readers:
                await browser.close()


async def reader(browser: Browser, url: str, name: str) -> BrowserContext:
    """A browser's profile in which somebody is signed in."""
    account = {"username": name, "email": f"{name}@example.com", "password": "correct horse"}
    context = await browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
    await context.request.post("/api/v1/auth/register", data=account)
    assert (await context.request.post("/api/v1/auth/session", data=account)).ok
    return context


async def load(browser: Browser, url: str, cookies: Any) -> Load:
    """One visit with an empty cache."""
    context = await browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
    await context.add_cookies(cookies)
    page = await context.new_page()
    await page.add_init_script(READY)
    files: dict[str, int] = {}
    bodies: list[asyncio.Task[None]] = []

    async def weigh(response: Any) -> None:
        path = urlsplit(response.url).path
        if "/api/" not in path:
            files[path] = len(gzip.compress(await response.body(), 9))

    page.on("response", lambda response: bodies.append(asyncio.ensure_future(weigh(response))))
    await page.goto("/", wait_until="networkidle")
    await page.get_by_role("textbox", name="Message", exact=True).wait_for()
    await asyncio.gather(*bodies)
    ready = await page.evaluate("window.ready")
    await context.close()
    return Load(files, ready)


async def conversation(context: BrowserContext) -> str:
    """A conversation of 1,000 messages."""
    place: dict[str, str] = {}
    for turn in range(TURNS):
        said = {"message": f"Question {turn}: what is it?", "model": "demo/n=110,delay=0ms"}
        answer = await context.request.post(
            "/api/v1/chat/stream", data={**said, **place}, headers=MARK
        )
        start = json.loads((await answer.text()).split("data: ", 1)[1].split("\n", 1)[0])
        place = {"conversation_id": start["conversation_id"]}
    return place["conversation_id"]


async def streaming(readers: Sequence[Reader], seconds: int) -> list[Smoothness]:
    """Each with a reply in a long conversation, traced while both grow."""
    model = json.dumps({"model": PACE.format(tokens=200 * (seconds + 4))})
    tabs: list[Page] = []
    for _, context in readers:
        tab = await context.new_page()
        await tab.goto("/theme.js")
        await tab.evaluate(f"localStorage.setItem('sluice.options', {json.dumps(model)})")
        await tab.goto(f"/c/{await conversation(context)}", wait_until="networkidle")
        tabs.append(tab)
    await read_back(tabs)
    for tab in tabs:
        box = tab.get_by_role("textbox", name="Message", exact=True)
        await box.fill("Go on for a while")
        await box.press("Enter")
        await tab.get_by_role("button", name="Stop").wait_for()
    await asyncio.sleep(1)
    sessions = [await one.browser.new_browser_cdp_session() for one in readers]
    traces = await asyncio.gather(*(trace(session, seconds) for session in sessions))
    return [found for events in traces for found in smoothness(events)]


async def read_back(tabs: Iterable[Page]) -> None:
    """Scrolls to the first message and to the end again: the page knows all 1,000 then."""
    for tab in tabs:
        log = tab.get_by_role("log")
        await log.evaluate(
            """async (log) => {
                const first = () => log.innerText.includes("Question 0:");
                while (!first()) {
                    log.scrollTop = 0;
                    await new Promise((resolve) => setTimeout(resolve, 50));
                }
                log.scrollTop = log.scrollHeight;
            }"""
        )
        await tab.get_by_role("button", name="To the newest message").wait_for(state="detached")


async def trace(session: CDPSession, seconds: int) -> list[Event]:
    """What the browser did for so long."""
    events: list[Event] = []
    done = asyncio.Event()
    session.on("Tracing.dataCollected", lambda said: events.extend(said["value"]))
    session.on("Tracing.tracingComplete", lambda _: done.set())
    await session.send("Tracing.start", {"categories": CATEGORIES, "transferMode": "ReportEvents"})
    await asyncio.sleep(seconds)
    await session.send("Tracing.end")
    await done.wait()
    return events


def smoothness(events: Sequence[Event]) -> list[Smoothness]:
    """By main thread: those of tabs that have drawn frames all the time."""
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    found: list[Smoothness] = []
    for thread in threads:
        own = sorted(
            (event for event in events if (event["pid"], event["tid"]) == thread),
            key=lambda event: event.get("ts", 0),
        )
        frames = [
            event["ts"] for event in own if event["name"] == "AnimationFrame" and event["ph"] == "b"
        ]
        tasks = [
            (event["ts"], event["tdur"] / 1000)
            for event in own
            if event["name"] == "ThreadControllerImpl::RunTask" and "tdur" in event
        ]
        if len(frames) > 100:
            long_tasks = [took for _, took in tasks if took > LONG]
            found.append(Smoothness(per_frame(frames, tasks), long_tasks))
    return found


def per_frame(frames: Sequence[float], tasks: Sequence[tuple[float, float]]) -> list[float]:
    """How long the tasks took that began between one frame and the next."""
    work = [0.0] * len(frames)
    at = 0
    for began, took in tasks:
        while at + 1 < len(frames) and frames[at + 1] <= began:
            at += 1
        if began >= frames[at]:
            work[at] += took
    return work


def print_loads(measured: Sequence[Load]) -> None:
    """The first visits."""
    files = measured[0].files
    for path, size in sorted(files.items(), key=lambda one: -one[1]):
        print(f"{size / 1000:8.1f} kB  {path}")
    print(f"{sum(files.values()) / 1000:8.1f} kB  gzipped at the first load (at most 200)")
    ready = sorted(one.ready for one in measured)
    print(
        f"{statistics.median(ready):8.0f} ms  until one can write, the median of {len(ready)} "
        f"(at most 1000; {ready[0]:.0f} to {ready[-1]:.0f})"
    )


def print_smoothness(found: Sequence[Smoothness]) -> None:
    """Each tab."""
    for one in found:
        cuts = statistics.quantiles(one.frames, n=100)
        print(
            f"{cuts[94]:8.1f} ms  of work in a frame, 95th percentile of {len(one.frames)} "
            f"(at most 8); median {cuts[49]:.1f}, 99th {cuts[98]:.1f}, most {max(one.frames):.1f}; "
            f"tasks over {LONG:.0f} ms: {len(one.long_tasks)}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=12, help="of streaming")
    parser.add_argument("--loads", type=int, default=7, help="first visits")
    given = parser.parse_args()
    asyncio.run(main(given.seconds, given.loads))
