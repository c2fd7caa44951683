"""A server that is killed in the middle of fifty streams, and the one that comes after it."""

import asyncio
import time
from typing import Any, NamedTuple

import pytest

from tests.chaos.homes import Home, assert_discreet
from tests.chaos.people import (
    QUERY,
    SESSION,
    STREAM,
    Headers,
    Stream,
    Town,
    recital,
    town,
)  # fmt: skip

pytestmark = pytest.mark.chaos

MODEL = "demo/n=3000,first=0ms,delay=10ms"
SHORT = "demo/n=3,delay=0ms"
USERS, TALKS, SESSIONS, QUERIES = 4, 6, 13, 13
KEPT = 3.0  # seconds: what was said before that is stored
BUDGET = {"SLUICE_DAILY_TOKENS": "100000000"}


class Talk(NamedTuple):
    """A stream that somebody has asked for; `once` is its idempotency key."""

    who: Headers
    stream: Stream
    once: str = ""


async def begin(people: Town, talk: Talk) -> None:
    given = {"Idempotency_Key": talk.once} if talk.once else {}
    await people.listen(talk.stream.path, talk.stream.body, talk.who, talk.stream, **given)


def asked(who: Headers, path: str, once: str = "", **body: Any) -> Talk:
    return Talk(who, Stream(path, {"model": MODEL, **body}), once)


async def fifty(people: Town) -> list[Talk]:
    """Conversations old and new, sessions, and what nobody remembers."""
    users = [await people.join(f"user{n}") for n in range(USERS)]
    talks: list[Talk] = []
    for at, who in enumerate(users):
        old = await people.listen(STREAM, {"message": "first", "model": SHORT}, who)
        talks.append(asked(who, STREAM, message="again", conversation_id=old.place))
        for n in range(1, TALKS):
            talks.append(asked(who, STREAM, f"key {at} {n}", message=f"Tell me about {n} of {at}"))
    for n in range(SESSIONS):
        talks.append(
            asked({}, SESSION, message=f"Tell me about session {n}", session_id=f"session-{n}")
        )
    for n in range(QUERIES):
        talks.append(asked(users[0] if n % 2 else {}, QUERY, query=f"Tell me about query {n}"))
    return talks


async def test_what_is_left_of_fifty_streams(home: Home):
    with home.serving(**BUDGET) as server:
        async with town(server.url) as people:
            talks = await fifty(people)
            assert len(talks) == 50
            tasks = [asyncio.create_task(begin(people, talk)) for talk in talks]
            await asyncio.gather(*(talk.stream.begun.wait() for talk in talks))
            begun = time.monotonic()
            await asyncio.sleep(KEPT + 0.7)
            server.process.kill()
            killed = time.monotonic()
            await asyncio.gather(*tasks)
    assert killed - begun > KEPT
    assert all(talk.stream.cut and talk.stream.status == 200 for talk in talks)
    ids = await taken(home)

    with home.serving(**BUDGET) as server:
        assert await home.broken() == {}
        await check_rows(home, talks, killed - KEPT)
        async with town(server.url) as people:
            await asyncio.gather(*(check_talk(people, talk) for talk in talks))
            await asyncio.gather(*(go_on(people, talk) for talk in talks))
        assert await home.broken() == {}
        assert len(await taken(home)) > len(ids)
        assert await taken(home) >= ids
    assert_discreet(server)


async def taken(home: Home) -> set[str]:
    """All ids of runs and messages, each of which stands in one row."""
    rows = await home.rows("SELECT id FROM runs UNION ALL SELECT id FROM messages")
    found = {row.id for row in rows}
    assert len(found) == len(rows)
    return found


async def check_rows(home: Home, talks: list[Talk], until: float) -> None:
    """Each run has its one row, and each stored reply what had been said by then."""
    rows = {row.id: row for row in await home.rows("SELECT * FROM runs")}
    assert len(rows) == len(talks) + USERS
    replies = {
        row.run_id: row for row in await home.rows("SELECT * FROM messages WHERE role='assistant'")
    }
    for talk in talks:
        stream = talk.stream
        row = rows[stream.run]
        assert (row.status, row.code, bool(row.estimated)) == ("crashed", "interrupted", True)
        assert row.output_tokens > 0
        assert row.ended_at is not None
        least = stream.said_until(until)
        assert least > 0
        if stream.path == QUERY:
            assert row.text_length >= least
            assert stream.run not in replies
            continue
        reply = replies[stream.run]
        whole = recital(MODEL, stream.body["message"])
        assert reply.status == "partial"
        assert whole.startswith(reply.content)
        assert whole.startswith(stream.text)
        assert len(reply.content) >= least


async def check_talk(people: Town, talk: Talk) -> None:
    """It opens, and its run can be read from the beginning, and from nowhere else."""
    stream, who = talk.stream, talk.who
    if stream.path == STREAM:
        path = f"/api/v1/conversations/{stream.place}"
        status, found = await people.call("GET", path, who=who)
        assert (status, found["active_run_id"]) == (200, None)
        _, said = await people.call("GET", f"{path}/messages?limit=100", who=who)
        assert len(said["items"]) == found["message_count"]
        (reply,) = [one for one in said["items"] if one["run_id"] == stream.run and one["model"]]
        assert reply["status"] == "partial"
        again = await people.listen(f"/api/v1/runs/{stream.run}/events", who=who)
        assert (again.status, again.text) == (200, reply["content"])
        assert (again.events[-1]["type"], again.events[-1]["code"]) == ("error", "interrupted")
    if stream.path == SESSION:
        status, found = await people.call("GET", f"/api/chat/sessions/{stream.place}")
        assert (status, found["messages"]) == (200, 2)
    for id in (stream.ids[5], stream.ids[-1]):
        back = await people.listen(stream.path, stream.body, who, Last_Event_ID=id)
        assert (back.status, back.events[0]["code"]) == (410, "run_expired")


async def go_on(people: Town, talk: Talk) -> None:
    """The same request again is the same run; the next message is answered."""
    stream, who = talk.stream, talk.who
    if talk.once:
        again = await people.listen(STREAM, stream.body, who, Idempotency_Key=talk.once)
        assert (again.status, again.run) == (200, stream.run)
        assert again.events[-1]["code"] == "interrupted"
    body: dict[str, Any] = {"model": SHORT, "message": "and now?", "query": "and now?"}
    if stream.path == STREAM:
        body["conversation_id"] = stream.place
    if stream.path == SESSION:
        body["session_id"] = stream.place
    after = await people.listen(stream.path, body, who)
    assert (after.status, after.cut) == (200, False)
    assert after.run != stream.run
    assert after.text == recital(SHORT, "and now?")
