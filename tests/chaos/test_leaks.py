"""Two thousand short runs, well and badly ended, after which nothing of them is left."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sluice.core.runs import Follower, Run
from sluice.services.checkpoints import Checkpoints
from sluice.services.guests import PlacesPerCaller
from sluice.services.ledger import Ledger
from sluice.services.lookups import Lookups
from sluice.services.persistence import Persistence
from sluice.services.recorder import Recorder
from sluice.services.repeats import Repeats
from sluice.services.standing import Vigil, Watchman
from sluice.services.tickets import TicketBox
from sluice.services.turns import Turns
from sluice.transports.pulse import Pulse
from sluice.transports.pump import Pump
from tests.chaos.homes import Home
from tests.transports.driver import Exchange, Local, started, until

pytestmark = pytest.mark.chaos

SEED = 20261121
RUNS, AT_ONCE = 2000, 40
QUICK, SLOW = "demo/n=3,delay=0ms", "demo/n=3,first=0ms,delay=60s"
FAILING = "demo/n=3,delay=0ms,fail=provider_unavailable@1"
QUERY, SESSION, STREAM = "/api/v1/query/stream", "/api/chat/stream", "/api/v1/chat/stream"
JSON = ("/api/v1/query", "/api/chat")

Headers = dict[str, str]
Act = Callable[[Local, Headers, Random], Awaitable[Any]]


def ask(local: Local, who: Headers, chance: Random, model: str, path: str = "") -> Exchange:
    """One request, in a dialect that takes it."""
    path = path or chance.choice([QUERY, SESSION, STREAM, *JSON])
    body: dict[str, Any] = {"message": "hi", "query": "hi", "model": model}
    if path in {SESSION, "/api/chat"} and chance.random() < 0.5:
        body["session_id"] = f"session-{chance.randrange(5)}"
    headers = dict(who)
    if chance.random() < 0.2:
        headers["idempotency-key"] = f"key-{chance.random()}"
    return local.ask(path, body, headers=headers)


async def hears_all(local: Local, who: Headers, chance: Random) -> None:
    found = await ask(local, who, chance, QUICK).over()
    assert found.status == 200, found.body


async def hears_of_a_failure(local: Local, who: Headers, chance: Random) -> None:
    assert (await ask(local, who, chance, FAILING).over()).status in {200, 503}


async def hears_a_flow(local: Local, who: Headers, chance: Random) -> None:
    body = {"user_input": "hi", "model": QUICK}
    found = await local.ask("/api/stream/chat", body, headers=who).over()
    assert found.status == 200, found.body


async def is_refused(local: Local, who: Headers, chance: Random) -> None:
    wrong = chance.choice([{"model": "demo/odd=1"}, {"max_tokens": 1 << 30}, {"message": ""}])
    body = {"message": "hi", "query": "hi", **wrong}
    if "message" in wrong:
        body["query"] = ""
    found = await local.ask(chance.choice([QUERY, STREAM]), body, headers=who).over()
    assert found.status in {400, 422}, found.body


async def leaves(local: Local, who: Headers, chance: Random) -> None:
    exchange = ask(local, who, chance, SLOW, chance.choice([QUERY, SESSION, STREAM]))
    if chance.random() < 0.7:
        await exchange.until(b"data: ")
    else:
        await asyncio.sleep(chance.random() * 0.01)
    exchange.leave()
    await exchange.over()


async def is_cancelled(local: Local, who: Headers, chance: Random) -> None:
    exchange = ask(local, who, chance, SLOW, chance.choice([QUERY, STREAM]))
    await exchange.until(b"data: ")
    path = f"/api/v1/runs/{exchange.run_id}/cancel"
    assert (await local.ask(path, method="POST", headers=who).over()).status == 200
    await exchange.over()


async def comes_back(local: Local, who: Headers, chance: Random) -> None:
    exchange = await ask(local, who, chance, QUICK, STREAM).over()
    again = {**who, "last-event-id": f"{exchange.run_id}:{chance.randrange(5)}"}
    assert (await local.ask(QUERY, b"{}", headers=again).over()).status == 200


async def comes_with_a_ticket(local: Local, who: Headers, chance: Random) -> None:
    made = await local.ask("/api/v1/auth/ticket", method="POST", headers=who).over()
    query = f"message=hi&model=demo&ticket={made.json['ticket']}"
    exchange = local.ask(f"{STREAM}?{query}")
    await exchange.until(b"data: ")
    exchange.leave()
    await exchange.over()


async def talks_on_a_socket(local: Local, who: Headers, chance: Random) -> None:
    socket = local.connect(who)
    socket.say({"query": "hi", "model": QUICK})
    await socket.until("end")
    if chance.random() < 0.5:
        socket.say({"query": "hi", "model": SLOW})
        await socket.until("start", 2)
    socket.close()
    await socket.task


ACTS: list[Act] = [
    hears_all, hears_all, hears_of_a_failure, hears_a_flow, is_refused, leaves, is_cancelled,
    comes_back, comes_with_a_ticket, talks_on_a_socket,
]  # fmt: skip


def alive(kind: type[Any]) -> list[Any]:
    return [one for one in gc.get_objects() if type(one) is kind]


def the(kind: type[Any], local: Local) -> Any:
    """The one of this kind that the application has."""
    (found,) = alive(kind)
    return found


async def test_nothing_is_left_of_two_thousand_runs(tmp_path: Path):
    home, chance = Home(tmp_path, None), Random(SEED)
    home.data.mkdir()
    gc.collect()
    before = len(alive(Run))
    async with started(
        data_dir=home.data, disconnect_grace=0.0, run_retention=0.0, daily_tokens=10**9,
        max_runs_per_user=RUNS,
    ) as local:  # fmt: skip
        known: Headers = {"authorization": f"Bearer {await local.member()}"}
        tasks_before = len(asyncio.all_tasks())

        async def one_after_another(chance: Random) -> None:
            for _ in range(RUNS // AT_ONCE):
                act = chance.choice(ACTS)
                await act(local, known, chance)

        await asyncio.gather(*(one_after_another(Random(chance.random())) for _ in range(AT_ONCE)))
        await asyncio.gather(*(one.task for one in local._open))
        local._open.clear()
        await local.idle()
        recorder: Recorder = the(Recorder, local)
        await recorder.close()
        await until(lambda: not the(Ledger, local)._writing)
        await the(Checkpoints, local).look()
        gc.collect()
        assert left(local) == {}
        assert len(asyncio.all_tasks()) <= tasks_before
        assert await home.broken() == {}
        rows = await home.rows("SELECT count(*) AS many FROM runs")
        assert rows[0].many > RUNS / 2
    gc.collect()
    assert len(alive(Run)) <= before


def left(local: Local) -> dict[str, Any]:
    """What is not as if nothing had happened."""
    recorder, ledger, engine = the(Recorder, local), the(Ledger, local), local.engine
    turns, repeats, tickets = the(Turns, local), the(Repeats, local), the(TicketBox, local)
    found = {
        "runs": engine.live,
        "runs that arrive": engine._arriving,
        "followers": len(alive(Follower)),
        "pumps": len(alive(Pump)),
        "vigils": len(alive(Vigil)),
        "streams in the pulse": len(the(Pulse, local)),
        "watched": len(the(Watchman, local)),
        "seats": len(the(PlacesPerCaller, local)),
        "turns": len(turns._locks),
        "keys without a run": [one for one in repeats._known.values() if not one.run.done()],
        "given up": len(recorder._ending),
        "rows that begin": len(ledger._beginning),
        "rows that run": len(ledger._running),
        "rows that end": len(ledger._ending),
        "ends that are owed": len(the(Persistence, local)),
        "checkpoints reached": len(the(Checkpoints, local)._reached),
        "open tickets": len(tickets._open),
        "lookups": sum(len(one._asked) for one in alive(Lookups)),
    }
    return {name: value for name, value in found.items() if value}
