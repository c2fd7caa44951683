"""Dialect `interactions` over the real application: streams, what they cost, and who may ask."""

import asyncio
from typing import Any

import pytest

from tests.transports.driver import DEMO, Exchange, Local, frames, started, until

Json = dict[str, Any]
Who = dict[str, str]

STREAM, SIMPLE = "/api/stream/stream-conversation", "/api/stream/stream-simple"
SLOW = "demo/n=50,first=0ms,delay=60s"
NOBODYS = "00000000-0000-4000-8000-000000000000"


async def join(local: Local, name: str = "ada") -> Who:
    """Somebody who is signed in."""
    return {"authorization": f"Bearer {await local.member(name)}"}


def says(local: Local, who: Who, message: str = "hi", **more: Any) -> Exchange:
    return local.ask(STREAM, {"message": message, "model": DEMO, **more}, headers=who)


async def said(local: Local, who: Who, message: str = "hi", **more: Any) -> list[Json]:
    exchange = await says(local, who, message, **more).over()
    assert exchange.status == 200, exchange.body
    return exchange.events


async def points(local: Local, who: Who) -> Json:
    found = (await local.ask("/api/v1/points", headers=who).over()).json
    assert sum(entry["amount"] for entry in found["entries"]) == found["balance"]
    return found


async def stop(local: Local, who: Who, exchange: Exchange) -> None:
    path = f"/api/v1/runs/{exchange.run_id}/cancel"
    await local.ask(path, method="POST", headers=who).over()
    await exchange.over()


async def test_a_message_begins_an_interaction_and_its_reply_streams():
    async with started() as local:
        who = await join(local)
        me = (await local.ask("/api/v1/auth/me", headers=who).over()).json
        exchange = await says(local, who).over()

    first, *tokens, last = exchange.events
    assert first == {
        "type": "metadata",
        "interaction_id": first["interaction_id"],
        "is_new_interaction": True,
        "user_id": me["id"],
    }
    assert [token["type"] for token in tokens] == ["token"] * 5
    assert all(isinstance(token["timestamp"], float) for token in tokens)
    assert last == {
        "type": "complete",
        "content": "".join(token["content"] for token in tokens),
        "tokens_used": last["tokens_used"],
        "points_cost": -(-last["tokens_used"] // 30),
        "timestamp": last["timestamp"],
        "finish_reason": "stop",
        "cached": False,
        "model": "demo",
    }
    assert last["timestamp"] >= tokens[0]["timestamp"]
    assert next(id for id, _ in frames(exchange.body)) == f"{exchange.run_id}:1"
    assert exchange.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_an_interaction_goes_on_where_it_is_named():
    async with started() as local:
        who = await join(local)
        place = (await said(local, who))[0]["interaction_id"]
        second = await said(local, who, "and then?", interaction_id=place)
        simple = local.ask(f"{SIMPLE}?message=more&interaction_id={place}", headers=who)
        third = (await simple.over()).events

    assert (second[0]["interaction_id"], second[0]["is_new_interaction"]) == (place, False)
    assert {word["type"] for word in third} == {"token", "complete"}
    assert third[-1]["interaction_id"] == place


async def test_the_simple_stream_begins_an_interaction_too():
    async with started() as local:
        who = await join(local)
        simple = await local.ask(f"{SIMPLE}?message=hi", headers=who).over()
        place = simple.events[-1]["interaction_id"]
        second = await said(local, who, interaction_id=place)

    assert second[0]["interaction_id"] == place


async def test_an_interaction_is_no_conversation_of_the_other_resources():
    async with started() as local:
        who = await join(local)
        place = (await said(local, who, "the sluice of Huế"))[0]["interaction_id"]
        listed = (await local.ask("/api/v1/conversations", headers=who).over()).json
        found = (await local.ask("/api/v1/search?q=sluice", headers=who).over()).json
        other = {"message": "a", "conversation_id": place}
        crossed = await local.ask("/api/v1/chat/stream", other, headers=who).over()

    assert (listed["items"], found["items"], crossed.status) == ([], [], 404)


@pytest.mark.parametrize("given", [{}, {"authorization": "Bearer nonsense"}])
@pytest.mark.parametrize("path", [STREAM, f"{SIMPLE}?message=hi"])
async def test_strangers_are_told_to_sign_in(path: str, given: Who):
    async with started() as local:
        body = {"message": "hi"} if path == STREAM else None
        exchange = await local.ask(path, body, headers=given).over()

    assert (exchange.status, exchange.json["code"]) == (401, "unauthorized")
    assert set(exchange.json) == {"detail", "code"}
    assert exchange.headers["www-authenticate"] == "Bearer"


REFUSED: list[tuple[object, int, str, str | None]] = [
    ({"message": " "}, 400, "invalid_request", "message"),
    (b"{}", 400, "invalid_request", "message"),
    (b"{", 400, "invalid_request", "body"),
    ({"message": "a", "interaction_id": "1"}, 400, "invalid_request", "interaction_id"),
    ({"message": "a", "max_tokens": 1 << 20}, 400, "invalid_request", "max_tokens"),
    ({"message": "a", "interaction_id": NOBODYS}, 404, "not_found", None),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), REFUSED)
async def test_what_makes_no_sense_is_refused_before_it_runs(
    body: object, status: int, code: str, field: str | None
):
    async with started() as local:
        who = await join(local)
        exchange = await local.ask(STREAM, body, headers=who).over()
        left = await points(local, who)

    assert (exchange.status, exchange.json["code"]) == (status, code)
    assert [one["field"] for one in exchange.json.get("errors", [])] == ([field] if field else [])
    assert (left["balance"], left["reserved"]) == (1000, 0)


async def test_anothers_interaction_is_not_there():
    async with started() as local:
        ada, bob = await join(local), await join(local, "bob")
        place = (await said(local, ada))[0]["interaction_id"]
        tried = await says(local, bob, interaction_id=place).over()

    assert (tried.status, tried.json["code"]) == (404, "not_found")


async def test_a_lost_stream_is_taken_up_again():
    async with started() as local:
        who = await join(local)
        exchange = await says(local, who).over()
        ids = [id for id, _ in frames(exchange.body)]
        back = {**who, "last-event-id": ids[2] or ""}
        rest = await local.ask(STREAM, {"message": "hi"}, headers=back).over()

    assert [word["type"] for word in rest.events] == ["token"] * 3 + ["complete"]
    assert rest.events[-1] == exchange.events[-1]


async def test_a_new_user_has_points_and_each_reply_is_a_line_in_the_ledger():
    async with started(points_at_registration=50) as local:
        who = await join(local)
        before = await points(local, who)
        exchange = await says(local, who).over()
        after = await points(local, who)
        usage = (await local.ask("/api/v1/usage", headers=who).over()).json["total"]

    cost = exchange.events[-1]["points_cost"]
    assert (before["balance"], before["entries"][0]["note"]) == (50, "registration")
    assert (after["balance"], after["reserved"]) == (50 - cost, 0)
    line, first = after["entries"]
    assert (line["kind"], line["amount"], line["run_id"]) == ("charge", -cost, exchange.run_id)
    assert (first["kind"], first["amount"], first["run_id"]) == ("grant", 50, None)
    assert usage["points"] == cost > 0


async def test_too_few_points_are_refused_in_this_apis_words():
    async with started(points_at_registration=1) as local:
        who = await join(local)
        exchange = await says(local, who).over()

    assert (exchange.status, exchange.json["code"]) == (402, "insufficient_points")
    assert set(exchange.json) == {"detail", "code"}


async def test_while_a_reply_is_written_its_points_are_reserved():
    async with started() as local:
        who = await join(local)
        slow = says(local, who, model=SLOW)
        await slow.until(b'"token"')
        during = await points(local, who)
        await stop(local, who, slow)
        after = await points(local, who)

    assert (during["balance"], after["reserved"]) == (1000, 0)
    assert during["reserved"] > 0


async def test_who_cancels_pays_for_what_was_written():
    async with started() as local:
        who = await join(local)
        slow = says(local, who, model=SLOW)
        await slow.until(b'"token"')
        await stop(local, who, slow)
        left = await points(local, who)

    last = slow.events[-1]
    assert (last["type"], last["finish_reason"]) == ("complete", "cancelled")
    assert last["points_cost"] == -(-last["tokens_used"] // 30) == 1000 - left["balance"] > 0


async def test_a_reply_that_fails_costs_nothing():
    async with started() as local:
        who = await join(local)
        failing = "demo/n=50,first=0ms,delay=0ms,fail=provider_timeout@40"
        words = await said(local, who, model=failing)
        left = await points(local, who)

    assert (words[-1]["type"], words[-1]["code"]) == ("error", "provider_timeout")
    assert isinstance(words[-1]["timestamp"], float)
    assert (left["balance"], left["reserved"], len(left["entries"])) == (1000, 0, 1)


async def test_of_a_hundred_at_once_no_more_are_answered_than_there_are_points_for():
    """A reply is thought to cost 17 points: 500 tokens, and two or so that are asked."""
    async with started(points_at_registration=170, max_runs_per_user=200) as local:
        who = await join(local)
        asked = [says(local, who, "hi", model=SLOW) for _ in range(100)]
        settled = [await one for one in map(_known, asked)]
        for exchange in asked:
            if exchange.status == 200:
                await stop(local, who, exchange)
        left = await points(local, who)

    paid = [one.events[-1]["points_cost"] for one in asked if one.status == 200]
    assert sorted(set(settled)) == [200, 402]
    assert settled.count(200) == 10
    assert (left["balance"], left["reserved"]) == (170 - sum(paid), 0)


async def _known(exchange: Exchange) -> int:
    """The status, once there is one."""
    await until(lambda: exchange.status)
    return exchange.status


@pytest.mark.parametrize(
    ("where", "charged"), [("interactions", False), ("all", True), ("off", False)]
)
async def test_where_points_are_charged_is_a_setting(where: str, charged: bool):
    async with started(points=where) as local:
        who = await join(local)
        query = {"query": "hi", "model": DEMO}
        await local.ask("/api/v1/query", query, headers=who).over()
        left = (await points(local, who))["balance"]
        (*_, end) = await said(local, who)

    assert (left < 1000) == charged
    assert (end["points_cost"] > 0) == (where != "off")


async def test_an_administrator_grants_points_and_it_is_noted_down():
    async with started(first_user_admin=True) as local:
        root, bob = await join(local, "root"), await join(local, "bob")
        me = (await local.ask("/api/v1/auth/me", headers=bob).over()).json
        path = f"/api/v1/admin/users/{me['id']}/points"
        given = await local.ask(path, {"amount": -400, "note": "too many"}, headers=root).over()
        held = await points(local, bob)
        noted = (await local.ask("/api/v1/admin/audit", headers=root).over()).json["items"][0]
        refused = [
            await local.ask(path, {"amount": 1}, headers=bob).over(),
            await local.ask(path, {"amount": 1}).over(),
            await local.ask(path, {"amount": 0}, headers=root).over(),
            await local.ask(path, {"amount": 1, "note": "a\nb"}, headers=root).over(),
            await local.ask(path, {"amount": 1, "note": "x" * 201}, headers=root).over(),
            await local.ask(path, {"amount": 1 << 40}, headers=root).over(),
            await local.ask(path.replace(me["id"], NOBODYS), {"amount": 1}, headers=root).over(),
        ]

    assert (given.status, given.json) == (200, {"balance": 600})
    assert (held["balance"], held["entries"][0]["note"]) == (600, "too many")
    assert (noted["action"], noted["subject"]) == ("points_grant", me["id"])
    assert [one.status for one in refused] == [403, 401, 422, 422, 422, 422, 404]


async def test_who_is_not_signed_in_has_no_points():
    async with started() as local:
        assert (await local.ask("/api/v1/points").over()).status == 401


async def test_whether_it_is_well_is_told_to_everybody():
    async with started() as local:
        exchange = await local.ask("/api/stream/health").over()

    assert exchange.status == 200
    assert exchange.json == {
        "status": "healthy",
        "service": "interaction-streaming",
        "timestamp": exchange.json["timestamp"],
    }
    assert exchange.json["timestamp"] > 1_700_000_000


async def test_a_reply_goes_on_in_the_background():
    async with started(disconnect_grace=0) as local:
        who = await join(local)
        slow = says(local, who, model="demo/n=5,delay=5ms", background=True)
        await slow.until(b'"token"')
        slow.leave()
        await slow.over()
        await asyncio.wait_for(local.idle(), 20)
        left = await points(local, who)

    assert left["entries"][0]["kind"] == "charge"
