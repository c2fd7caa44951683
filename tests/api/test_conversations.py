"""Stored conversations over HTTP: what one does with them, and what nobody else does."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.api.library import ALL, Library, library
from tests.stores.rows import add_message

JSON = {"content-type": "application/json"}


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Library]:
    async with library(tmp_path) as found:
        yield found


@pytest.fixture
async def ann(local: Library) -> AsyncIterator[httpx.AsyncClient]:
    async with local.client("ann") as client:
        yield client


async def begin(client: httpx.AsyncClient, title: str = "Bread") -> str:
    return (await client.post(ALL, json={"title": title})).json()["id"]


async def test_what_a_bash_script_cuts_out_of_a_new_conversation_is_there(ann: httpx.AsyncClient):
    made = await ann.post(ALL, json={"title": "Bánh mì"})
    assert made.status_code == 201
    assert made.text == (
        '{"id":"c0ffee00-0001","title":"Bánh mì","created_at":"2026-11-21T12:00:00Z",'
        '"updated_at":"2026-11-21T12:00:00Z","message_count":0}'
    )
    assert re.findall(r'"id":"[^"]*', made.text) == ['"id":"c0ffee00-0001']
    assert made.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("body", [{}, {"title": None}, {"title": ""}, {"title": " "}])
async def test_a_conversation_without_a_title_gets_one(ann: httpx.AsyncClient, body: Any):
    assert (await ann.post(ALL, json=body)).json()["title"] == "New conversation"


@pytest.mark.parametrize(
    ("body", "kind", "status", "text"),
    [
        (b'{"title":1}', JSON, 422, "title"),
        (b'{"title":"%b"}' % (b"x" * 201), JSON, 422, "title"),
        (b"[]", JSON, 422, ""),
        (b"{", JSON, 400, "JSON"),
        (b'{"title":"\\ud800"}', JSON, 400, "JSON"),
        (b"{}", {"content-type": "text/plain"}, 415, "application/json"),
        (b"{}", {}, 415, "application/json"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(
    ann: httpx.AsyncClient, body: bytes, kind: dict[str, str], status: int, text: str
):
    made = await ann.post(ALL, content=body, headers=kind)
    assert (made.status_code, made.json().keys() - {"field"}) == (status, {"detail", "code"})
    assert text in made.json()["detail"]
    changed = await ann.patch(f"{ALL}/{await begin(ann)}", content=body, headers=kind)
    assert changed.status_code == status


async def test_conversations_come_in_pages_and_name_the_run_that_writes(
    local: Library, ann: httpx.AsyncClient
):
    ids: list[str] = []
    for n in range(5):
        local.later(minutes=1)
        ids.append(await begin(ann, f"Number {n}"))
    await local.change(ids[4], active_run_id="run")
    first = (await ann.get(ALL, params={"limit": 2})).json()
    second = (await ann.get(ALL, params={"limit": 3, "cursor": first["next_cursor"]})).json()

    assert [one["id"] for one in first["items"]] == ids[:2:-1]
    assert [one["id"] for one in second["items"]] == ids[2::-1]
    assert second["next_cursor"] is None
    assert [one["active_run_id"] for one in first["items"]] == ["run", None]
    assert first["items"][0].keys() == {
        "id", "title", "created_at", "updated_at", "message_count", "active_run_id", "deleted_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{ALL}?limit=0", "limit"),
        (f"{ALL}?limit=101", "limit"),
        (f"{ALL}?limit=x", "limit"),
        (f"{ALL}?cursor=x", "cursor"),
        (f"{ALL}?cursor=", "cursor"),
        (f"{ALL}?cursor=WyIyMDI2LTExLTIxVDEyOjAwOjAwIiwiYSJd", "cursor"),  # no time zone
        (f"{ALL}?cursor=NTU", "cursor"),
        (f"{ALL}?cursor=%00", "cursor"),
        (f"{ALL}?cursor={'x' * 501}", "cursor"),
        (f"{ALL}?deleted=perhaps", "deleted"),
        (f"{ALL}?q={'x' * 201}", "q"),
        (f"{ALL}/ID/messages?order=random", "order"),
        (f"{ALL}/ID/messages?cursor=OTk5OTk5OTk5OTk5", "cursor"),
        (f"{ALL}/ID/export?format=pdf", "format"),
        ("/api/v1/search", "q"),
        ("/api/v1/search?q=a&limit=1000", "limit"),
        ("/api/v1/search?q=a&cursor=LTE", "cursor"),
        ("/api/v1/search?q=%ff", ""),
    ],
)
async def test_a_query_that_makes_no_sense_names_the_parameter(
    ann: httpx.AsyncClient, path: str, field: str
):
    found = await ann.get(path.replace("ID", await begin(ann)))
    assert (found.status_code, found.json()["code"]) == (422, "invalid_request")
    assert field in found.json()["detail"]


async def test_a_conversation_is_renamed_deleted_and_taken_back(
    local: Library, ann: httpx.AsyncClient
):
    id = await begin(ann)
    await local.change(id, active_run_id="run")
    local.later(minutes=1)
    renamed = (await ann.patch(f"{ALL}/{id}", json={"title": "Rye"})).json()
    assert (renamed["title"], renamed["updated_at"]) == ("Rye", "2026-11-21T12:01:00Z")

    assert (await ann.delete(f"{ALL}/{id}")).status_code == 204
    assert local.stopped == ["run"]
    assert (await ann.get(f"{ALL}/{id}")).status_code == 404
    assert (await ann.delete(f"{ALL}/{id}")).status_code == 404
    assert (await ann.get(ALL)).json()["items"] == []
    (deleted,) = (await ann.get(ALL, params={"deleted": "true"})).json()["items"]
    assert (deleted["id"], deleted["deleted_at"]) == (id, "2026-11-21T12:01:00Z")

    local.later(days=29)
    restored = await ann.post(f"{ALL}/{id}/restore")
    assert (restored.status_code, restored.json()["deleted_at"]) == (200, None)
    assert (await ann.get(f"{ALL}/{id}")).json() == restored.json()


async def test_after_thirty_days_nothing_is_taken_back_and_tidying_forgets_it(
    local: Library, ann: httpx.AsyncClient
):
    ids = [await begin(ann) for _ in range(30)]
    for id in ids:
        await ann.delete(f"{ALL}/{id}")
    assert await local.keeping.tidy() == 0
    local.later(days=30)
    assert (await ann.post(f"{ALL}/{ids[0]}/restore")).status_code == 404
    assert (await ann.get(ALL, params={"deleted": "1"})).json()["items"] == []
    assert await local.keeping.tidy() == 30


async def test_a_blank_title_is_none(ann: httpx.AsyncClient):
    found = await ann.patch(f"{ALL}/{await begin(ann)}", json={"title": "  "})
    assert (found.status_code, "title" in found.json()["detail"]) == (422, True)


async def test_nothing_to_change_changes_nothing(ann: httpx.AsyncClient):
    id = await begin(ann)
    body = {"title": None, "active_message_id": None}
    assert (await ann.patch(f"{ALL}/{id}", json=body)).json()["title"] == "Bread"


async def test_a_branch_is_looked_at_and_chosen_unless_a_reply_is_being_written(
    local: Library, ann: httpx.AsyncClient
):
    id = await begin(ann)
    await local.say(id, "question", "answer")
    await local.database.write(
        add_message("other", id, "another answer", parent_id="m1", depth=2, shown=False)
    )
    path = f"{ALL}/{id}"

    async def shown(**query: str) -> list[str]:
        found = (await ann.get(f"{path}/messages", params=query)).json()
        return [one["id"] for one in found["items"]]

    assert await shown() == ["m1", "m2"]
    assert await shown(branch="other") == ["m1", "other"]
    assert await shown(branch="other", order="desc") == ["other", "m1"]
    await local.change(id, active_run_id="run")
    busy = await ann.patch(path, json={"active_message_id": "other", "title": "Not either"})
    assert (busy.status_code, busy.json()["code"]) == (409, "conversation_busy")
    assert (await ann.get(path)).json()["title"] == "Bread"
    assert (await ann.patch(path, json={"title": "Still"})).status_code == 200
    await local.change(id, active_run_id=None)
    assert (await ann.patch(path, json={"active_message_id": "other"})).status_code == 200
    assert await shown() == ["m1", "other"]
    for unknown in ("nobody", "\0", "x" * 99):
        refused = await ann.patch(path, json={"active_message_id": unknown})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert (await ann.get(f"{path}/messages", params={"branch": unknown})).status_code == 404


async def test_a_message_is_shown_with_all_that_is_known_of_it(
    local: Library, ann: httpx.AsyncClient
):
    id = await begin(ann)
    known = {"status": "partial", "model": "demo", "tokens": 3, "run_id": "r1"}
    await local.say(id, "Xin chào \0 👍", **known, finish_reason="length", code="interrupted")
    found = (await ann.get(f"{ALL}/{id}/messages")).json()
    assert found == {
        "items": [
            {
                "id": "m1",
                "role": "user",
                "content": "Xin chào \0 👍",
                "created_at": "2026-11-21T12:00:00Z",
                "finish_reason": "length",
                "code": "interrupted",
                "parent_id": None,
                "versions": ["m1"],
                "files": [],
                "input_tokens": None,
                "cost": None,
                "points": None,
                "duration": None,
                "first_token": None,
                "estimated": None,
                **known,
            }
        ],
        "next_cursor": None,
    }


async def test_messages_come_in_pages_in_either_order(local: Library, ann: httpx.AsyncClient):
    id = await begin(ann)
    await local.say(id, *"abcde")
    for order, pages in (("asc", ["ab", "cd", "e"]), ("desc", ["ed", "cb", "a"])):
        query = {"limit": "2", "order": order}
        found: list[str] = []
        while True:
            page = (await ann.get(f"{ALL}/{id}/messages", params=query)).json()
            found.append("".join(one["content"] for one in page["items"]))
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert found == pages


async def test_messages_are_found_with_what_fits_marked(local: Library, ann: httpx.AsyncClient):
    id = await begin(ann, "Đường")
    await local.say(id, "Con đường", "What road?", "Đường nào")
    found = (await ann.get("/api/v1/search", params={"q": "duong", "limit": 1})).json()
    assert found["items"] == [
        {
            "conversation_id": id,
            "title": "Đường",
            "message_id": "m3",
            "role": "user",
            "created_at": "2026-11-21T12:00:00Z",
            "snippet": "Đường nào",
            "matches": [[0, 5]],
        }
    ]
    query = {"q": "duong", "cursor": found["next_cursor"]}
    found = (await ann.get("/api/v1/search", params=query)).json()
    assert [one["message_id"] for one in found["items"]] == ["m1"]
    assert found["next_cursor"] is None
    listed = (await ann.get(ALL, params={"q": "road"})).json()
    assert [one["id"] for one in listed["items"]] == [id]
    for nothing in ("\0", "?!", ""):
        found = await ann.get("/api/v1/search", params={"q": nothing})
        assert found.json() == {"items": [], "next_cursor": None}


REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "{}", None),
    ("PATCH", "{}", {"title": "Mine"}),
    ("PATCH", "{}", {"active_message_id": "m1"}),
    ("DELETE", "{}", None),
    ("POST", "{}/restore", None),
    ("GET", "{}/messages", None),
    ("GET", "{}/messages?branch=m1", None),
    ("GET", "{}/export", None),
    ("GET", "{}/export?format=markdown", None),
]
ROUTES: list[tuple[str, str, Any]] = [
    *((method, f"{ALL}/{path}", body) for method, path, body in REQUESTS),
    ("POST", ALL, {}),
    ("GET", ALL, None),
    ("GET", "/api/v1/search?q=a", None),
    ("GET", "/api/v1/usage", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
@pytest.mark.parametrize("deleted", [False, True])
async def test_anothers_conversation_is_as_one_that_is_not_there(
    local: Library, ann: httpx.AsyncClient, method: str, path: str, body: Any, deleted: bool
):
    id = await begin(ann)
    await local.say(id, "a", "b")
    if deleted:
        await ann.delete(f"{ALL}/{id}")
    async with local.client("bob") as bob:
        await begin(bob)
        for wanted in (id, "00000000-0000-4000-8000-000000000000", "%00", "x" * 300, "%F0%9F%91"):
            found = await bob.request(method, f"{ALL}/{path.format(wanted)}", json=body)
            assert (found.status_code, found.json()["code"]) == (404, "not_found")


async def test_another_users_words_are_neither_listed_nor_found(
    local: Library, ann: httpx.AsyncClient
):
    await local.say(await begin(ann, "Bread"), "bread")
    async with local.client("bob") as bob:
        for path in (ALL, f"{ALL}?q=bread", f"{ALL}?deleted=1", "/api/v1/search?q=bread"):
            assert (await bob.get(path)).json()["items"] == []


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a_stranger_is_asked_to_sign_in(local: Library, method: str, path: str, body: Any):
    async with local.client(None) as stranger:
        found = await stranger.request(method, path.format("some-id"), json=body)
    assert (found.status_code, found.json()["code"]) == (401, "unauthorized")
    assert found.headers["www-authenticate"] == "Bearer"


async def test_everything_is_documented(local: Library):
    document = local.app.openapi_schema.to_schema()
    OpenAPIV31SpecValidator(document).validate()
    routes = {
        (method.upper(), path) for path, found in document["paths"].items() for method in found
    }
    assert routes == {
        (method, path.partition("?")[0].replace("{}", "{conversation_id}"))
        for method, path, _ in ROUTES
    }
    for path, found in document["paths"].items():
        for method, operation in found.items():
            assert {"401", "500", "503"} <= operation["responses"].keys(), (method, path)
            assert ("404" in operation["responses"]) == ("{" in path)
