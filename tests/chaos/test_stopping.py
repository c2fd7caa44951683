"""A server that is told to stop while people talk in stored conversations."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.homes import Home, assert_discreet
from tests.chaos.people import QUERY, SESSION, STREAM, Stream, Town, recital, town

pytestmark = pytest.mark.chaos

SLOW = "demo/n=3000,first=0ms,delay=100ms"
SOON = "demo/n=80,first=0ms,delay=10ms"
DRAIN = 2.0  # seconds
STOP = 60.0  # seconds for all that is to be done then, at most: the slow ones would take 300
QUESTION = "Tell me about stopping"


async def talks(people: Town) -> list[Stream]:
    """Streams of each kind, of which some end soon; all have begun."""
    who = await people.join("ada")
    asked = [
        (Stream(path, {"message": QUESTION, "query": QUESTION, "model": model}), whose)
        for path, whose in ((STREAM, who), (SESSION, {}), (QUERY, who))
        for model in (SOON, SLOW, SLOW)
    ]
    await people.begin(*asked)
    return [one for one, _ in asked]


async def check(home: Home, streams: list[Stream]) -> None:
    """What was told of each is what is stored."""
    runs = {row.id: row for row in await home.rows("SELECT * FROM runs")}
    replies = {row.run_id: row for row in await home.rows("SELECT * FROM messages")}
    assert runs.keys() == {one.run for one in streams}
    for one in streams:
        done = one.body["model"] == SOON
        assert not one.cut
        assert recital(one.body["model"], QUESTION).startswith(one.text)
        assert runs[one.run].status == ("done" if done else "failed")
        assert runs[one.run].output_tokens > 0
        if not done:
            assert one.events[-1]["code"] == runs[one.run].code == "interrupted"
        if one.path != QUERY:
            reply = replies[one.run]
            assert (reply.status, reply.content) == ("complete" if done else "partial", one.text)


async def test_all_ends_are_stored_and_told(home: Home):
    with home.serving(SLUICE_DRAIN=str(DRAIN)) as server:
        async with town(server.url) as people:
            streams = await talks(people)
            began = time.monotonic()
            code = await asyncio.to_thread(server.stop, signal.SIGTERM)
            assert code == 0
            assert time.monotonic() - began < DRAIN + STOP
            await asyncio.gather(*people.tasks)
        await check(home, streams)
        assert await home.broken() == {}
        assert_discreet(server)


async def test_a_second_signal_leaves_no_more_than_a_crash_does(tmp_path: Path):
    home = Home(tmp_path / "home", None)
    with home.serving(SLUICE_DRAIN="600") as server:
        async with town(server.url) as people:
            streams = await talks(people)
            os.kill(server.process.pid, signal.SIGTERM)
            await asyncio.sleep(0.1)
            code = await asyncio.to_thread(server.stop, signal.SIGTERM)
            assert code == 128 + signal.SIGTERM
            await asyncio.gather(*people.tasks)
    with home.serving():
        assert await home.broken() == {}
    rows = await home.rows("SELECT id, status FROM runs")
    assert {row.id for row in rows} == {one.run for one in streams}
    assert {row.status for row in rows} <= {"done", "crashed"}
