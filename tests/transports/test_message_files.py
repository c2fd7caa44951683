"""Files that go with the messages of conversations, over the real application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.hostile.pictures import blank, header, png
from tests.providers.stub import END, HEAD, Stub, say, stub
from tests.transports.driver import DEMO, Exchange, Local, started

Json = dict[str, Any]
Who = dict[str, str]
STREAM, TALKS, FILES = "/api/v1/chat/stream", "/api/v1/conversations", "/api/v1/media"
NOBODYS = "00000000-0000-4000-8000-000000000000"
CAT = png(header(8, 8), blank(8, 8))
NOTE = b"A sluice lets water through."
FRAMED = '<document name="{}">\nA sluice lets water through.\n</document>'
BLIND = "openai/gpt-3.5-turbo"


class Room(NamedTuple):
    """The application, and the model that answers in it, which sees."""

    local: Local
    model: Stub

    def asked(self) -> list[Any]:
        """What the model was asked last: each question, a picture in it as `picture`."""
        turns = msgspec.json.decode(self.model.requests[-1][1])["messages"]
        return [_told(turn["content"]) for turn in turns if turn["role"] == "user"]


def _told(content: Any) -> Any:
    """A turn's text, or its parts."""
    if isinstance(content, str):
        return content
    return [part.get("text", "picture") for part in content]


@asynccontextmanager
async def seeing(**given: Any) -> AsyncIterator[Room]:
    says = stub(HEAD, say("That."), say(None, "stop"), END)
    async with says as model:
        openai = {"openai_base_url": model.url, "openai_api_key": "sk-test"}
        async with started(**openai, default_model="openai/gpt-4o", **given) as local:
            yield Room(local, model)


async def join(local: Local, name: str = "ada") -> Who:
    return {"authorization": f"Bearer {await local.member(name)}"}


async def upload(local: Local, who: Who, data: bytes = NOTE, name: str = "note.txt") -> Json:
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    form = head.encode() + data + b"\r\n--x--\r\n"
    kind = {"content-type": "multipart/form-data; boundary=x"}
    made = await local.ask("/api/media", form, headers=who | kind).over()
    assert made.status == 201, made.body
    return made.json


def says(local: Local, who: Who, **body: Any) -> Exchange:
    return local.ask(STREAM, body, headers=who)


async def said(local: Local, who: Who, **body: Any) -> Exchange:
    exchange = await says(local, who, **body).over()
    assert exchange.status == 200, exchange.body
    return exchange


async def stored(local: Local, who: Who, place: str) -> list[Json]:
    return (await local.ask(f"{TALKS}/{place}/messages", headers=who).over()).json["items"]


def place_of(exchange: Exchange) -> tuple[str, str]:
    """The ids of the conversation and of the reply."""
    end = exchange.events[-1]
    return end["conversation_id"], end["message_id"]


async def test_files_go_with_a_message_and_are_listed_beside_it():
    async with seeing() as room:
        local, who = room.local, await join(room.local)
        note, cat = await upload(local, who), await upload(local, who, CAT, "C:\\my cat.png")
        files = [{"id": cat["id"]}, {"id": note["id"]}]
        place, _ = place_of(await said(local, who, message="What is it?", media_files=files))
        first = room.asked()
        await said(local, who, message="And then?", conversation_id=place)
        question, reply, *_ = await stored(local, who, place)

    assert question["files"] == [
        {**{key: cat[key] for key in ("id", "url", "content_type", "size")}, "name": "my cat.png"},
        {**{key: note[key] for key in ("id", "url", "content_type", "size")}, "name": "note.txt"},
    ]
    assert reply["files"] == []
    assert first == [["picture", FRAMED.format("note.txt"), "What is it?"]]
    assert room.asked() == [*first, "And then?"]


async def test_a_reply_is_listed_with_what_its_run_took():
    async with started(points="all") as local:
        who = await join(local)
        exchange = await said(local, who, message="hi", model=DEMO)
        question, reply = await stored(local, who, place_of(exchange)[0])
        run = (await local.ask(f"/api/v1/runs/{exchange.run_id}", headers=who).over()).json

    names = ("input_tokens", "cost", "points", "duration", "first_token", "estimated")
    assert [question[name] for name in names] == [None] * 6
    assert reply["input_tokens"] == run["tokens"]["prompt"]
    assert reply["tokens"] == run["tokens"]["completion"]
    assert (reply["cost"], reply["estimated"]) == (0.0, run["tokens"]["estimated"])
    assert reply["points"] == -(-run["tokens"]["total"] // 30)
    assert 0 < reply["first_token"] <= reply["duration"]


async def test_while_a_reply_is_written_nothing_is_known_of_what_it_takes():
    async with started() as local:
        who = await join(local)
        slow = says(local, who, message="hi", model="demo/n=4,first=0ms,delay=60s")
        await slow.until(b'"chunk"')
        _, reply = await stored(local, who, slow.events[0]["conversation_id"])
        await local.ask(f"/api/v1/runs/{slow.run_id}/cancel", method="POST", headers=who).over()

    assert (reply["status"], reply["tokens"]) == ("streaming", None)
    names = ("input_tokens", "cost", "points", "duration", "first_token", "estimated")
    assert [reply[name] for name in names] == [None] * 6


@pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": None}])
async def test_a_file_can_be_all_that_is_said(body: Json):
    async with seeing() as room:
        local, who = room.local, await join(room.local)
        note = await upload(local, who)
        await said(local, who, **body, media_files=[{"id": note["id"]}])
        found = (await local.ask(TALKS, headers=who).over()).json["items"]

    assert room.asked() == [FRAMED.format("note.txt")]
    assert [one["title"] for one in found] == ["New conversation"]


async def test_a_reply_that_is_written_anew_sees_the_files_of_its_question():
    async with seeing() as room:
        local, who = room.local, await join(room.local)
        cat = await upload(local, who, CAT, "cat.png")
        first = await said(local, who, message="Who?", media_files=[{"id": cat["id"]}])
        place, reply = place_of(first)
        before = room.asked()
        path = f"{TALKS}/{place}/messages/{reply}/regenerate"
        again = await local.ask(path, method="POST", headers=who).over()

    assert again.status == 200
    assert room.asked() == before == [["picture", "Who?"]]
    assert room.model.requests[-1][1] == room.model.requests[0][1]  # the same picture


REWORDED: dict[str, tuple[Json, list[str]]] = {
    "left out": ({"content": "Why?"}, ["note"]),
    "null": ({"content": "Why?", "media_files": None}, ["note"]),
    "none": ({"content": "Why?", "media_files": []}, []),
    "others": ({"content": "Why?", "media_files": ["other"]}, ["other"]),
    "files alone": ({"content": "", "media_files": ["other", "note"]}, ["other", "note"]),
}


@pytest.mark.parametrize(("body", "names"), REWORDED.values(), ids=REWORDED.keys())
async def test_a_question_in_other_words_has_these_files(body: Json, names: list[str]):
    async with seeing() as room:
        local, who = room.local, await join(room.local)
        ids = {name: (await upload(local, who, NOTE, name))["id"] for name in ("note", "other")}
        first = await said(local, who, message="What?", media_files=[{"id": ids["note"]}])
        place, _ = place_of(first)
        question = (await stored(local, who, place))[0]["id"]
        if files := body.get("media_files"):
            body = {**body, "media_files": [{"id": ids[name]} for name in files]}
        path = f"{TALKS}/{place}/messages/{question}"
        again = await local.ask(path, body, method="PATCH", headers=who).over()
        shown = (await stored(local, who, place))[0]

    assert again.status == 200, again.body
    told = [*map(FRAMED.format, names), *filter(None, [body["content"]])]
    assert room.asked() == ["\n\n".join(told)]
    assert [file["name"] for file in shown["files"]] == names


async def test_a_file_that_is_deleted_is_gone_from_the_message():
    async with seeing() as room:
        local, who = room.local, await join(room.local)
        note = await upload(local, who)
        exchange = await said(local, who, message="What?", media_files=[{"id": note["id"]}])
        place, reply = place_of(exchange)
        await local.ask(note["url"], method="DELETE", headers=who).over()
        path = f"{TALKS}/{place}/messages/{reply}/regenerate"
        await local.ask(path, method="POST", headers=who).over()
        shown = (await stored(local, who, place))[0]

    assert (shown["files"], room.asked()) == ([], ["What?"])


async def test_a_picture_is_not_put_to_a_model_that_takes_none():
    async with seeing() as room:
        local, who = room.local, await join(room.local)
        cat = await upload(local, who, CAT, "cat.png")
        files = {"media_files": [{"id": cat["id"]}]}
        first = await said(local, who, message="Who?", **files)
        place, reply = place_of(first)
        question = (await stored(local, who, place))[0]["id"]
        path = f"{TALKS}/{place}/messages"
        tried = [
            says(local, who, message="Who?", model=BLIND, **files),
            local.ask(f"{path}/{reply}/regenerate", {"model": BLIND}, headers=who),
            local.ask(
                f"{path}/{question}", {"content": "a", "model": BLIND}, method="PATCH", headers=who
            ),
        ]
        refused = [await one.over() for one in tried]
        after = await stored(local, who, place)

    for one in refused:
        assert (one.status, one.json["code"]) == (422, "invalid_request")
        assert one.json["detail"][0]["loc"] == ["body", "media_files"]
    assert [one["id"] for one in after] == [question, reply]
    assert len(room.model.requests) == 1


WRONG: list[tuple[Json, str]] = [
    ({}, "message"),
    ({"media_files": []}, "message"),
    ({"message": "a", "media_files": [{}]}, "media_files[0]"),
    ({"message": "a", "media_files": [{"id": NOBODYS}] * 11}, "media_files"),
    ({"message": "a", "media_files": [{"url": "http://example.com/a"}]}, "media_files[0].url"),
    ({"message": "a", "media_files": [{"url": "https://127.0.0.1/a"}]}, "media_files[0].url"),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
async def test_files_that_make_no_sense_are_refused_in_this_apis_words(body: Json, field: str):
    async with started() as local:
        exchange = await local.ask(STREAM, body or b"{}", headers=await join(local)).over()

    assert (exchange.status, exchange.json["code"]) == (422, "invalid_request")
    assert [one["loc"] for one in exchange.json["detail"]] == [["body", field]]


async def test_anothers_file_is_not_there():
    async with started(default_model=DEMO) as local:
        ada, bob = await join(local), await join(local, "bob")
        note = await upload(local, ada)
        files = [{"id": note["id"]}]
        place, _ = place_of(await said(local, bob, message="mine"))
        question = (await stored(local, bob, place))[0]["id"]
        path = f"{TALKS}/{place}/messages/{question}"
        body = {"content": "a", "media_files": files}
        tried = [
            await says(local, bob, message="a", media_files=files).over(),
            await says(local, bob, message="a", media_files=[{"id": NOBODYS}]).over(),
            await local.ask(path, body, method="PATCH", headers=bob).over(),
        ]
        listed = (await local.ask(FILES, headers=bob).over()).json

    assert [(one.status, one.json["code"]) for one in tried] == [(404, "not_found")] * 3
    assert listed == {"items": [], "next_cursor": None}


async def test_ones_files_are_listed_and_deleted():
    async with started() as local:
        who = await join(local)
        made = [await upload(local, who, name=f"{n}.txt") for n in range(3)]
        first = (await local.ask(f"{FILES}?limit=2", headers=who).over()).json
        path = f"{FILES}?limit=2&cursor={first['next_cursor']}"
        rest = (await local.ask(path, headers=who).over()).json
        await local.ask(made[1]["url"], method="DELETE", headers=who).over()
        left = (await local.ask(FILES, headers=who).over()).json["items"]

    shown = [*first["items"], *rest["items"]]
    assert [one["name"] for one in shown] == ["2.txt", "1.txt", "0.txt"]
    assert rest["next_cursor"] is None
    assert [one["name"] for one in left] == ["2.txt", "0.txt"]
    assert {key: shown[0][key] for key in made[2]} == made[2]
    assert shown[0].keys() - made[2].keys() == {"name", "created_at"}
