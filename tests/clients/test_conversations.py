"""What users do with their conversations, each once, over real HTTP with a real server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.clients.person import QUICK, SLOW, STREAM, Person, place_of, signed_in, text_of
from tests.conftest import Running, Serve

pytestmark = pytest.mark.clients


@pytest_asyncio.fixture
async def ann(server: Running) -> AsyncIterator[Person]:
    async with signed_in(server.url) as person:
        yield person


async def texts(person: Person, place: str, branch: str = "") -> list[str]:
    """A branch: what the user said in it, and the ids of the replies."""
    query = f"?branch={branch}" if branch else ""
    page = await person.get(f"/api/v1/conversations/{place}/messages{query}")
    return [one["content"] if one["role"] == "user" else one["id"] for one in page["items"]]


async def runs_used(person: Person) -> int:
    return (await person.get("/api/v1/usage"))["total"]["runs"]


async def test_a_reply_is_written_anew_and_the_first_one_is_chosen_again(ann: Person):
    said = await ann.say("hello")
    place, first = place_of(said), said[-1].event["message_id"]
    path = f"/api/v1/conversations/{place}"
    anew = await ann.hear(f"{path}/messages/{first}/regenerate", {"model": QUICK})
    second = anew[-1].event["message_id"]

    assert await texts(ann, place) == ["hello", second]
    shown = await ann.get(f"{path}/messages")
    assert shown["items"][-1]["versions"] == [first, second]
    assert await texts(ann, place, branch=first) == ["hello", first]
    chosen = await ann.ask("PATCH", path, {"active_message_id": first})
    assert (chosen.status, await texts(ann, place)) == (200, ["hello", first])


async def test_a_question_in_other_words_begins_a_branch_and_both_go_on(ann: Person):
    said = await ann.say("hello")
    place = place_of(said)
    path = f"/api/v1/conversations/{place}"
    question = (await ann.get(f"{path}/messages"))["items"][0]["id"]
    body = {"content": "good morning", "model": QUICK}
    edited = await ann.hear(f"{path}/messages/{question}", body, "PATCH")
    await ann.say("and on", place)

    old, new = said[-1].event["message_id"], edited[-1].event["message_id"]
    assert (await texts(ann, place))[:3] == ["good morning", new, "and on"]
    await ann.ask("PATCH", path, {"active_message_id": old})
    await ann.say("elsewhere", place)
    assert (await texts(ann, place))[:3] == ["hello", old, "elsewhere"]
    assert (await texts(ann, place, branch=new))[:3] == ["good morning", new, "and on"]


async def test_a_conversation_is_taken_along_as_a_file(ann: Person):
    place = place_of(await ann.say("Xin chào"))
    path = f"/api/v1/conversations/{place}"
    await ann.ask("PATCH", path, {"title": "Tiếng Việt"})
    kept = await ann.get(f"{path}/export?format=json")
    written = await ann.get(f"{path}/export?format=markdown")

    assert (kept["id"], kept["title"]) == (place, "Tiếng Việt")
    assert [one["role"] for one in kept["messages"]] == ["user", "assistant"]
    assert written.startswith("# Tiếng Việt\n\n## You, ")
    assert "\nXin chào\n" in written
    assert kept["messages"][1]["content"] in written


async def test_what_was_said_is_found_deleted_and_taken_back(ann: Person):
    place = place_of(await ann.say("the sluice of Huế"))
    path = f"/api/v1/conversations/{place}"

    async def found() -> tuple[int, int, int]:
        words = await ann.get("/api/v1/search?q=hue%20slu")
        named = await ann.get("/api/v1/conversations?q=sluice")
        gone = await ann.get("/api/v1/conversations?deleted=true")
        return (
            len({one["conversation_id"] for one in words["items"]}),
            len(named["items"]),
            len(gone["items"]),
        )

    assert await found() == (1, 1, 0)
    assert (await ann.ask("DELETE", path)).status == 204
    assert (await ann.ask("GET", path)).status == 404
    assert await found() == (0, 0, 1)
    assert (await ann.ask("POST", f"{path}/restore")).status == 200
    assert await found() == (1, 1, 0)


async def test_usage_is_told_by_day_and_by_model(ann: Person):
    tokens = [
        (await ann.say(text, model=model))[-1].event["tokens_used"]
        for text, model in (("one", QUICK), ("two", QUICK), ("three", "demo/n=3,delay=0ms"))
    ]
    days = await ann.get("/api/v1/usage?group_by=day")
    models = await ann.get("/api/v1/usage?group_by=model")

    assert [item["runs"] for item in days["items"]] == [3]
    assert {item["model"]: item["runs"] for item in models["items"]} == {"demo": 3}
    total = days["total"]
    assert total == models["total"]
    assert total["input_tokens"] + total["output_tokens"] == sum(tokens)
    assert total["output_tokens"] == 13


async def test_the_models_are_listed_with_the_one_that_answers_unless_told(ann: Person):
    listed = await ann.get("/api/v1/models")

    assert listed["default"] == "demo"
    assert [(one["id"], one["default"]) for one in listed["models"]] == [("demo", True)]


async def test_a_key_is_a_bearer_for_scripts_until_it_is_revoked(ann: Person):
    made = (await ann.ask("POST", "/api/v1/auth/keys", {"name": "cron"})).body
    script = Person(ann.session, {"Authorization": f"Bearer {made['key']}"})
    place = place_of(await script.say("by key"))

    assert made["key"].startswith("sk-sluice-")
    assert (await texts(ann, place))[0] == "by key"
    assert (await ann.ask("DELETE", f"/api/v1/auth/keys/{made['id']}")).status == 204
    refused = await script.ask("POST", STREAM, {"message": "again"})
    assert (refused.status, refused.body["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("path", "field"),
    [(STREAM, "message"), ("/api/v1/query/stream", "query"), ("/api/v1/query", "query")],
)
async def test_whoever_asks_again_with_the_same_key_joins_the_run_and_pays_once(
    ann: Person, path: str, field: str
):
    model = "demo/n=40,delay=20ms"
    body = {field: "hello", "model": model}
    lost = asyncio.create_task(ann.ask("POST", path, body, **{"Idempotency-Key": "k1"}))
    while not await live(ann):
        continue  # each look is a request of its own
    lost.cancel()
    await asyncio.wait([lost])  # and here its connection is lost

    more = {**ann.headers, "Idempotency-Key": "k1"}
    runs: list[str] = []
    for _ in ("while it goes on", "once it has ended"):
        async with ann.session.post(path, json=body, headers=more) as response:
            assert (response.status, bool(await response.text())) == (200, True)
            runs.append(response.headers["X-Run-Id"])
    other = await ann.ask("POST", path, {**body, field: "bye"}, **{"Idempotency-Key": "k1"})

    assert len(set(runs)) == 1
    assert (other.status, other.body["code"]) == (422, "idempotency_mismatch")
    assert await runs_used(ann) == 1


async def live(person: Person) -> bool:
    """Whether anything of this user's goes on."""
    async with person.session.get(STREAM, headers=person.headers) as response:
        return response.status == 200


async def test_a_retried_message_is_in_its_conversation_once(ann: Person):
    place = (await ann.ask("POST", "/api/v1/conversations", {})).body["id"]
    body = {"message": "hello", "conversation_id": place, "model": "demo/n=40,delay=20ms"}
    async with ann.streaming(STREAM, body, Idempotency_Key="k2") as stream:
        begun = await stream.events(most=3)
    whole = await ann.hear(STREAM, body, Idempotency_Key="k2")

    assert whole[:3] == begun
    assert whole[-1].event["finish_reason"] == "stop"
    assert await texts(ann, place) == ["hello", whole[-1].event["message_id"]]
    assert await runs_used(ann) == 1


async def test_many_watch_one_run_while_it_goes_on_and_after_its_end(ann: Person):
    body = {"message": "hello", "model": "demo/n=30,delay=10ms"}
    async with ann.streaming(STREAM, body) as stream:
        path = f"/api/v1/runs/{stream.run}/events"
        begun = await stream.events(most=6)
        back = {"Last_Event_ID": begun[-1].id}
        watchers = [ann.hear(path, None, "GET") for _ in range(3)]
        late = ann.hear(path, None, "GET", **back)
        rest, behind, *watched = await asyncio.gather(stream.events(), late, *watchers)
    after = await ann.hear(path, None, "GET")

    assert behind == rest
    assert watched == [begun + rest] * 3
    assert after == begun + rest


async def test_a_run_that_memory_has_lost_is_told_from_the_store(serve: Serve):
    server = serve(SLUICE_RUN_RETENTION="0")
    async with signed_in(server.url) as ann:
        whole = await ann.say("hello")
        run = whole[0].event["run_id"]
        path = f"/api/v1/runs/{run}/events"
        told = await ann.hear(path, None, "GET")
        again = await ann.hear(path, None, "GET", Last_Event_ID=told[1].id)
        used = await runs_used(ann)

    assert [one.event["type"] for one in told] == ["start", "chunk", "end"]
    assert (text_of(told), told[-1].event) == (text_of(whole), whole[-1].event)
    assert (told[0], told[-1].id) == (whole[0], whole[-1].id)
    assert again == told[2:]
    assert used == 1


async def test_a_run_is_stopped_with_a_receipt_and_what_was_written_is_kept(ann: Person):
    async with ann.streaming(STREAM, {"message": "hello", "model": SLOW}) as stream:
        begun = await stream.events(most=5)
        receipt = (await ann.ask("POST", f"/api/v1/runs/{stream.run}/cancel")).body
        rest = await stream.events()
    place, end = place_of(begun), rest[-1].event
    stored = (await ann.get(f"/api/v1/conversations/{place}/messages"))["items"][-1]

    assert (receipt["state"], end["type"], end["finish_reason"]) == (
        "cancelled", "end", "cancelled",
    )  # fmt: skip
    said = text_of([*begun, *rest])
    assert (stored["id"], stored["status"]) == (end["message_id"], "partial")
    assert stored["content"] == said
    assert receipt["text_length"] == len(said)
    assert receipt["tokens_used"] == end["tokens_used"]
    assert await runs_used(ann) == 1


@pytest.mark.parametrize(("background", "status"), [(True, "complete"), (False, "partial")])
async def test_a_run_in_the_background_needs_no_listener(
    serve: Serve, background: bool, status: str
):
    server = serve(SLUICE_DISCONNECT_GRACE="0")
    async with signed_in(server.url) as ann:
        body = {"message": "hello", "model": "demo/n=60,delay=5ms", "background": background}
        async with ann.streaming(STREAM, body) as stream:
            begun = await stream.events(most=3)
        path = f"/api/v1/conversations/{place_of(begun)}"
        while (await ann.get(path))["active_run_id"] is not None:
            continue  # each look is a request of its own
        stored: list[dict[str, Any]] = (await ann.get(f"{path}/messages"))["items"]

    assert stored[-1]["status"] == status
