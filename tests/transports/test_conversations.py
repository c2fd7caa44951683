"""Dialect `conversations` over the real application: streams, branches, and who may follow."""

from typing import Any

import pytest

from tests.transports.driver import DEMO, Exchange, Local, frames, started

Json = dict[str, Any]
STREAM = "/api/v1/chat/stream"
SLOW = "demo/n=4,first=0ms,delay=60s"
NOBODYS = "00000000-0000-4000-8000-000000000000"


async def join(local: Local, name: str = "ada") -> dict[str, str]:
    """Register and sign in; returns the header by which that is known."""
    user = {"username": name, "email": f"{name}@example.com", "password": "correct horse battery"}
    registered = await local.ask("/api/v1/auth/register", user).over()
    assert registered.status == 201, registered.body
    login = {"username": name, "password": user["password"]}
    grant = (await local.ask("/api/v1/auth/login", login).over()).json
    return {"authorization": f"Bearer {grant['access_token']}"}


def says(local: Local, who: dict[str, str], message: str = "hi", **more: Any) -> Exchange:
    return local.ask(STREAM, {"message": message, "model": DEMO, **more}, headers=who)


async def said(local: Local, who: dict[str, str], message: str = "hi", **more: Any) -> list[Json]:
    exchange = await says(local, who, message, **more).over()
    assert exchange.status == 200, exchange.body
    return exchange.events


async def messages(local: Local, who: dict[str, str], conversation: str) -> list[Json]:
    path = f"/api/v1/conversations/{conversation}/messages"
    return (await local.ask(path, headers=who).over()).json["items"]


async def test_a_message_begins_a_conversation_and_its_reply_streams():
    async with started() as local:
        exchange = await says(local, await join(local)).over()

    first, *chunks, last = exchange.events
    assert first == {
        "type": "start",
        "message": "Starting response generation...",
        "conversation_id": first["conversation_id"],
        "run_id": exchange.run_id,
        "model": "demo",
    }
    assert [chunk["type"] for chunk in chunks] == ["chunk"] * 5
    assert last == {
        "type": "end",
        "message": "Response completed",
        "conversation_id": first["conversation_id"],
        "message_id": last["message_id"],
        "tokens_used": last["tokens_used"],
        "finish_reason": "stop",
        "model": "demo",
    }
    assert last["tokens_used"] > 5
    assert first["conversation_id"] != last["message_id"]
    ids = [id for id, _ in frames(exchange.body)]
    assert ids[0] == f"{exchange.run_id}:1"
    assert b'"type":"start","message":' in exchange.body


async def test_a_conversation_goes_on_where_it_is_named():
    async with started() as local:
        who = await join(local)
        first = await said(local, who)
        place = first[0]["conversation_id"]
        second = await said(local, who, "and then?", conversation_id=place)
        stored = await messages(local, who, place)

    assert second[0]["conversation_id"] == place
    assert second[-1]["message_id"] != first[-1]["message_id"]
    assert {(one["role"], one["status"]) for one in stored} == {
        ("user", "complete"), ("assistant", "complete"),
    }  # fmt: skip
    assert len(stored) == 4


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", STREAM, {"message": "hi"}),
        ("GET", STREAM, None),
        ("GET", f"{STREAM}?message=hi", None),
        ("POST", f"/api/v1/conversations/{NOBODYS}/messages/{NOBODYS}/regenerate", {}),
        ("PATCH", f"/api/v1/conversations/{NOBODYS}/messages/{NOBODYS}", {"content": "a"}),
    ],
)
async def test_strangers_are_told_to_sign_in(method: str, path: str, body: Json | None):
    async with started() as local:
        exchange = await local.ask(path, body, method=method).over()

    assert (exchange.status, exchange.json["code"]) == (401, "unauthorized")
    assert exchange.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"message": " "}, 422, "invalid_request", "message"),
        ({}, 422, "invalid_request", "message"),
        ({"message": "a", "conversation_id": "1"}, 422, "invalid_request", "conversation_id"),
        ({"message": "a", "max_tokens": 1 << 20}, 422, "invalid_request", "max_tokens"),
        ({"message": "a", "conversation_id": NOBODYS}, 404, "not_found", None),
    ],
)
async def test_what_makes_no_sense_is_refused_before_it_runs(
    body: Json, status: int, code: str, field: str | None
):
    async with started() as local:
        exchange = await local.ask(STREAM, body or b"{}", headers=await join(local)).over()

    assert (exchange.status, exchange.json["code"]) == (status, code)
    if field is not None:
        assert exchange.json["detail"][0]["loc"] == ["body", field]


async def test_anothers_conversation_and_messages_are_not_there():
    async with started() as local:
        ada, bob = await join(local), await join(local, "bob")
        last = (await said(local, ada))[-1]
        place, reply = last["conversation_id"], last["message_id"]
        base = f"/api/v1/conversations/{place}/messages/{reply}"
        tried = [
            await says(local, bob, conversation_id=place).over(),
            await local.ask(f"{base}/regenerate", b"{}", headers=bob).over(),
            await local.ask(base, {"content": "a"}, method="PATCH", headers=bob).over(),
        ]

    assert [(one.status, one.json["code"]) for one in tried] == [(404, "not_found")] * 3


async def test_a_reply_is_written_anew_beside_the_old_one():
    async with started(default_model=DEMO) as local:
        who = await join(local)
        last = (await said(local, who))[-1]
        place, reply = last["conversation_id"], last["message_id"]
        path = f"/api/v1/conversations/{place}/messages/{reply}/regenerate"
        again = await local.ask(path, {"model": DEMO}, headers=who).over()
        bare = await local.ask(path, method="POST", headers=who).over()
        stored = await messages(local, who, place)

    for exchange in (again, bare):
        assert exchange.events[0]["conversation_id"] == place
        assert exchange.events[-1]["type"] == "end"
    made = {again.events[-1]["message_id"], bare.events[-1]["message_id"]}
    assert len(made | {reply}) == 3
    shown = next(one for one in stored if one["role"] == "assistant")
    assert set(shown["versions"]) == made | {reply}


async def test_a_question_in_other_words_begins_a_branch():
    async with started() as local:
        who = await join(local)
        place = (await said(local, who, "first"))[0]["conversation_id"]
        question = next(
            one for one in await messages(local, who, place) if one["role"] == "user"
        )  # fmt: skip
        path = f"/api/v1/conversations/{place}/messages/{question['id']}"
        body = {"content": "second", "model": DEMO}
        exchange = await local.ask(path, body, method="PATCH", headers=who).over()
        stored = await messages(local, who, place)

    assert exchange.events[-1]["type"] == "end"
    shown = [one for one in stored if one["role"] == "user"]
    assert [one["content"] for one in shown] == ["second"]
    assert len(shown[0]["versions"]) == 2


async def test_two_streams_at_once_in_one_conversation_are_one_too_many():
    async with started() as local:
        who = await join(local)
        place = (await said(local, who))[0]["conversation_id"]
        slow = says(local, who, model=SLOW, conversation_id=place)
        await slow.until(b'"start"')
        busy = await says(local, who, conversation_id=place).over()
        elsewhere = await said(local, who)
        await local.ask(f"/api/v1/runs/{slow.run_id}/cancel", method="POST", headers=who).over()

    assert (busy.status, busy.json["code"]) == (409, "conversation_busy")
    assert elsewhere[-1]["type"] == "end"


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_bad_key_on_purpose_arrives_as_an_error_in_the_stream(method: str):
    async with started() as local:
        who = await join(local)
        if method == "POST":
            exchange = await says(local, who, use_invalid_key=True).over()
        else:
            query = "message=hi&use_invalid_key=true"
            exchange = await local.ask(f"{STREAM}?{query}", headers=who).over()

    first, last = exchange.events
    assert (exchange.status, first["type"]) == (200, "start")
    assert (last["type"], last["code"]) == ("error", "provider_auth")
    assert last["error"] == last["message"] != ""


async def test_a_bad_key_on_purpose_has_a_limit_of_its_own():
    async with started(rate_limit_enabled=True) as local:
        who = await join(local)
        tried = [await says(local, who, use_invalid_key=True).over() for _ in range(6)]
        other = await says(local, who).over()

    assert [one.status for one in tried] == [200] * 5 + [429]
    assert tried[-1].json["code"] == "rate_limited"
    assert int(tried[-1].headers["retry-after"]) >= 1
    assert other.status == 200


async def test_without_a_message_the_newest_live_run_is_followed():
    async with started() as local:
        who = await join(local)
        before = await local.ask(STREAM, headers=who).over()
        slow = says(local, who, model=SLOW)
        await slow.until(b'"chunk"')
        other = await local.ask(STREAM, headers=await join(local, "bob")).over()
        attached = local.ask(STREAM, headers=who)
        await attached.until(b'"chunk"')
        await local.ask(f"/api/v1/runs/{slow.run_id}/cancel", method="POST", headers=who).over()
        await slow.over()
        await attached.over()

    assert (before.status, other.status) == (204, 204)
    assert attached.run_id == slow.run_id
    assert attached.events == slow.events


async def test_an_ended_run_is_followed_from_any_event_on():
    async with started() as local:
        who = await join(local)
        stream = await says(local, who).over()
        path = f"/api/v1/runs/{stream.run_id}/events"
        whole = await local.ask(path, headers=who).over()
        ids = [id for id, _ in frames(stream.body)]
        for at, id in enumerate(ids):
            rest = await local.ask(path, headers={**who, "last-event-id": id or ""}).over()
            expected = stream.events[at + 1 :]
            assert (rest.status, rest.events) == (200 if expected else 204, expected)

    assert whole.events == stream.events
    assert [id for id, _ in frames(whole.body)] == ids


async def test_only_its_owner_follows_a_run_and_anybody_a_strangers():
    async with started() as local:
        ada, bob = await join(local), await join(local, "bob")
        stream = await says(local, ada).over()
        path = f"/api/v1/runs/{stream.run_id}/events"
        seen = {"last-event-id": f"{stream.run_id}:1"}
        asked = {"query": "hi", "model": DEMO}
        strangers = await local.ask("/api/v1/query/stream", asked).over()
        refused = [
            (await local.ask(path, headers=headers).over())
            for headers in ({}, bob, seen, {**bob, **seen})
        ]
        nobodys = await local.ask("/api/v1/runs/nobody/events", headers=ada).over()
        followed = await local.ask(f"/api/v1/runs/{strangers.run_id}/events", headers=bob).over()

    assert [(one.status, one.json["code"]) for one in [*refused, nobodys]] == [
        (404, "not_found"), (404, "not_found"), (410, "run_expired"), (410, "run_expired"),
        (404, "not_found"),
    ]  # fmt: skip
    first, *_, last = followed.events
    assert (first["type"], first["conversation_id"]) == ("start", None)
    assert (last["type"], last["message_id"]) == ("end", None)


async def test_a_ticket_opens_one_stream_and_comes_back_to_its_run_alone():
    async with started(default_model=DEMO) as local:
        who = await join(local)
        ticket = (await local.ask("/api/v1/auth/ticket", method="POST", headers=who).over()).json
        query = f"message=hi&ticket={ticket['ticket']}"
        stream = await local.ask(f"{STREAM}?{query}").over()
        used = await local.ask(f"{STREAM}?{query}").over()
        back = await local.ask(f"{STREAM}?{query}&last_event_id={stream.run_id}:1").over()

    assert stream.events[-1]["type"] == "end"
    assert (used.status, used.json["code"]) == (401, "unauthorized")
    assert back.events == stream.events[1:]
