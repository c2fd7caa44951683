"""A server that is killed while thirty replies are written that cost points."""

import asyncio
from random import Random
from typing import Any

import pytest

from tests.chaos.homes import Home, assert_discreet
from tests.chaos.people import Headers, Stream, Town, town

pytestmark = pytest.mark.chaos

STREAM = "/api/stream/stream-conversation"
RUNS, USERS = 30, 3
LONG, SHORT = "demo/n=3000,first=0ms,delay=10ms", "demo/n=40,first=0ms,delay=5ms"
GRANT = 5000


def asked(at: int, chance: Random) -> Stream:
    """One of many: some end before the server does, some fail, most are cut off."""
    model = chance.choice([LONG, LONG, SHORT, f"{SHORT},fail=provider_timeout@20"])
    return Stream(STREAM, {"message": f"Tell me about {at}", "model": model})


async def points(people: Town, who: Headers) -> dict[str, Any]:
    status, found = await people.call("GET", "/api/v1/points?limit=200", who=who)
    assert status == 200, found
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_no_point_is_lost_or_charged_twice(home: Home, seed: int):
    chance = Random(seed)
    settings = {"SLUICE_POINTS_AT_REGISTRATION": str(GRANT)}
    with home.serving(**settings) as server:
        async with town(server.url) as people:
            users = [await people.join(f"user{n}") for n in range(USERS)]
            streams = [(asked(at, chance), users[at % USERS]) for at in range(RUNS)]
            await people.begin(*streams)
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            server.process.kill()
            await asyncio.gather(*people.tasks)
    told = {
        stream.run: stream.events[-1]["points_cost"]
        for stream, _ in streams
        if stream.events and stream.events[-1]["type"] == "complete"
    }

    with home.serving(**settings) as server:
        assert await home.broken() == {}
        async with town(server.url) as people:
            left = [await points(people, who) for who in users]
            await check(left, told, {stream.run for stream, _ in streams})
            after = [
                await people.listen(STREAM, {"message": "and now?", "model": SHORT}, who)
                for who in users
            ]
        assert [stream.events[-1]["type"] for stream in after] == ["complete"] * USERS
        assert await home.broken() == {}
    assert_discreet(server)


async def check(left: list[dict[str, Any]], told: dict[str, int], runs: set[str]) -> None:
    """Nothing is held any more, each run is charged at most once, and as its client was told."""
    charged: dict[str, int] = {}
    for found in left:
        assert found["reserved"] == 0
        assert found["balance"] == sum(entry["amount"] for entry in found["entries"])
        for entry in found["entries"]:
            if entry["kind"] == "charge":
                assert entry["run_id"] not in charged
                charged[entry["run_id"]] = -entry["amount"]
    assert set(charged) <= runs
    assert {run: charged[run] for run in told} == told
    total = sum(found["balance"] for found in left)
    assert total == USERS * GRANT - sum(charged.values())
