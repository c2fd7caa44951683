"""Nobody gets at what is somebody else's by its id, wherever an id can stand.

The table of routes is the OpenAPI document: a new route is asked, too, or fails for want of a
sample of its parameter.
"""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import httpx
import pytest

from tests.conftest import Running, running
from tests.security.world import (
    LONG,
    QUICK,
    Json,
    Person,
    administrator,
    rows,
    signed_up,
    stranger,
    streaming,
)

METHODS = ("get", "post", "put", "patch", "delete")
CONVERSATIONS = "/api/v1/conversations"
# The least that changes something, where a body is needed at all.
BODIES: dict[tuple[str, str], Json] = {
    ("patch", f"{CONVERSATIONS}/{{conversation_id}}"): {"title": "stolen"},
    ("patch", f"{CONVERSATIONS}/{{conversation_id}}/messages/{{message_id}}"): {"content": "mine"},
    ("patch", "/api/v1/admin/users/{user_id}"): {"disabled": True},
}
EVERYBODYS = {"name"}  # flows are nobody's
OPEN = ("/api/v1/runs/", "/api/chat/sessions/")  # strangers may have runs and sessions, too
KEPT = {
    "users": "id, username, email, role, disabled_at",
    "logins": "id, user_id, revoked_at",
    "api_keys": "id, user_id, revoked_at",
    "invitations": "id, used_by",
    "conversations": "id, user_id, title, deleted_at, message_count, name",
    "messages": "id, conversation_id, shown, content",
    "runs": "id, user_id, conversation_id, finish_reason",
}


class World(NamedTuple):
    """A server, its people, and what is the owner's, by the names of parameters."""

    server: Running
    owner: Person
    other: Person
    root: Person
    things: dict[str, list[str]]

    def kept(self) -> list[Any]:
        """What must stay as it is; what the other one adds is not looked at."""
        found = [
            rows(self.server, f"SELECT {columns} FROM {table} ORDER BY id")
            for table, columns in KEPT.items()
        ]
        mine = set(self.things["everything"])
        return [[row for row in table if mine & set(map(str, row))] for table in found]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("ids")
    with running(folder, SLUICE_DEFAULT_MODEL=QUICK) as server:
        owner, other = signed_up(server, "owner"), signed_up(server, "other")
        root = administrator(server)
        with streaming(
            owner.client(), "POST", "/api/v1/chat/stream", json={"message": "a", "model": LONG}
        ) as live:
            busy = live.next()
            assert busy is not None
            things = belongings(owner, root) | {"busy": [busy["conversation_id"]]}
            things["run_id"].append(live.run)
            things["conversation_id"].append(busy["conversation_id"])
            things["everything"] = [owner.id, *(id for ids in things.values() for id in ids)]
            yield World(server, owner, other, root, things)


def belongings(owner: Person, root: Person) -> dict[str, list[str]]:
    """Some of everything that has an id."""
    start, *_, end = owner.talk("Kept.")
    talk = start["conversation_id"]
    owner.talk("And more.", conversation_id=talk)
    path = f"{CONVERSATIONS}/{talk}/messages"
    messages = [one["id"] for one in owner.ask("GET", path).json()["items"]]
    deleted = owner.talk("Gone.")[0]["conversation_id"]
    assert owner.ask("DELETE", f"{CONVERSATIONS}/{deleted}").status_code == 204
    said = owner.ask("POST", "/api/chat", {"message": "hi", "session_id": "named"})
    assert said.status_code == 200
    logins = owner.ask("GET", "/api/v1/auth/sessions").json()["items"]
    invited = root.ask("POST", "/api/v1/admin/invitations", {}).json()
    return {
        "conversation_id": [talk, deleted],
        "message_id": [end["message_id"], *messages],
        "run_id": [start["run_id"]],
        "session_id": ["named", *(one["id"] for one in logins)],
        "key_id": [owner.ask("POST", "/api/v1/auth/keys", {"name": "script"}).json()["id"]],
        "user_id": [owner.id],
        "invitation_id": [invited["id"]],
        "media_id": [uploaded(owner)],
    }


def uploaded(owner: Person) -> str:
    """The id of a file."""
    with owner.client() as client:
        made = client.post("/api/media", files={"file": ("a.txt", b"Mine.", "text/plain")})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def operations(world: World) -> list[tuple[str, str, list[str]]]:
    """Every operation with a parameter in its path: method, path, and the names of those."""
    with stranger(world.server) as client:
        document = client.get("/openapi.json").json()
    found = [
        (method, path, re.findall(r"\{(\w+)\}", path))
        for path, entries in document["paths"].items()
        for method in METHODS
        if method in entries
    ]
    return [(m, p, names) for m, p, names in found if names and not EVERYBODYS & set(names)]


def asked(world: World, client: httpx.Client) -> Iterator[tuple[str, str, httpx.Response]]:
    """Ask every operation about each of the owner's things, in somebody else's name."""
    for method, path, names in operations(world):
        for ids in product(*(world.things[name] for name in names)):
            real = path.format(**dict(zip(names, ids, strict=True)))
            body = BODIES.get((method, path), {} if method in {"post", "patch"} else None)
            yield path, f"{method} {real}", client.request(method, real, json=body)


def test_every_route_with_an_id_is_asked(world: World):
    names = {name for _, _, names in operations(world) for name in names}
    assert names == set(world.things) - {"busy", "everything"}
    assert len(operations(world)) >= 20


def test_by_an_id_alone_nothing_of_anothers_is_seen_or_changed(world: World):
    before = world.kept()
    with world.other.client() as client:
        for path, what, answer in asked(world, client):
            expected = {403} if "/admin/" in path else {404}
            assert answer.status_code in expected, (what, answer.text)
            assert answer.json()["code"] in {"not_found", "forbidden"}, what
    assert world.kept() == before


def test_strangers_see_and_change_nothing_by_an_id(world: World):
    before = world.kept()
    with stranger(world.server) as client:
        for path, what, answer in asked(world, client):
            expected = 404 if path.startswith(OPEN) else 401
            assert answer.status_code == expected, (what, answer.text)
    assert world.kept() == before


def test_an_administrator_reads_nobodys_conversations(world: World):
    with world.root.client() as client:
        for method, path, names in operations(world):
            if "/admin/" in path or method != "get":
                continue
            for ids in product(*(world.things[name] for name in names)):
                real = path.format(**dict(zip(names, ids, strict=True)))
                assert client.get(real).status_code == 404, real


def test_an_id_in_a_body_or_a_query_string_is_looked_at_alike(world: World):
    other, things = world.other, world.things
    mine = other.talk("Mine.")[0]["conversation_id"]
    before = world.kept()
    for id in things["conversation_id"]:
        stream = "/api/v1/chat/stream"
        assert other.ask("POST", stream, {"message": "a", "conversation_id": id}).status_code == 404
        assert other.ask("GET", f"{stream}?message=a&conversation_id={id}").status_code == 404
    for id in things["message_id"]:
        path = f"{CONVERSATIONS}/{mine}"
        assert other.ask("GET", f"{path}/messages?branch={id}").status_code == 404
        assert other.ask("PATCH", path, {"active_message_id": id}).status_code in {404, 422}
        regenerate = f"{path}/messages/{id}/regenerate"
        assert other.ask("POST", regenerate).status_code == 404
        assert other.ask("PATCH", f"{path}/messages/{id}", {"content": "a"}).status_code == 404
    question = other.ask("GET", f"{CONVERSATIONS}/{mine}/messages").json()["items"][0]["id"]
    for id in things["media_id"]:
        said = {"media_files": [{"id": id}]}
        for stream in ("/api/v1/chat/stream", "/api/stream/stream-conversation"):
            assert other.ask("POST", stream, {"message": "a", **said}).status_code == 404
        path = f"{CONVERSATIONS}/{mine}/messages/{question}"
        assert other.ask("PATCH", path, {"content": "a", **said}).status_code == 404
    assert world.kept() == before


def test_ones_files_are_listed_for_oneself_alone(world: World):
    path = "/api/v1/media"
    mine = [one["id"] for one in world.owner.ask("GET", path).json()["items"]]
    assert mine == world.things["media_id"]
    for person in (world.other, world.root):
        assert person.ask("GET", path).json() == {"items": [], "next_cursor": None}
    with stranger(world.server) as nobody:
        assert nobody.get(path).status_code == 401


def test_a_cursor_of_anothers_leads_to_ones_own(world: World):
    page = world.owner.ask("GET", f"{CONVERSATIONS}?limit=1").json()
    theirs = {item["id"] for item in world.owner.ask("GET", CONVERSATIONS).json()["items"]}
    found = world.other.ask("GET", f"{CONVERSATIONS}?cursor={page['next_cursor']}")
    assert found.status_code in {200, 422}
    assert not theirs & {item["id"] for item in found.json().get("items", [])}


def test_search_finds_ones_own_alone(world: World):
    assert world.owner.ask("GET", "/api/v1/search?q=Kept").json()["items"]
    assert world.other.ask("GET", "/api/v1/search?q=Kept").json()["items"] == []
    assert world.other.ask("GET", f"{CONVERSATIONS}?q=Kept").json()["items"] == []


RESUMED = [
    ("POST", "/api/v1/chat/stream", {"message": "a"}),
    ("GET", "/api/v1/chat/stream?message=a", None),
    ("POST", "/api/chat/stream", {"message": "a"}),
    ("GET", "/api/chat/stream?message=a", None),
    ("POST", "/api/v1/query/stream", {"query": "a"}),
    ("POST", "/api/stream/chat", {"user_input": "a"}),
    ("GET", "/api/stream/chat-get?user_input=a", None),
    ("GET", "/api/stream/sse", None),
    ("POST", "/api/flows/ask/stream", {"user_input": "a"}),
]


@pytest.mark.parametrize(("method", "path", "body"), RESUMED)
def test_a_run_of_anothers_cannot_be_resumed(world: World, method: str, path: str, body: Any):
    for run in world.things["run_id"]:
        seen = {"last-event-id": f"{run}:1"}
        query = f"{path}{'&' if '?' in path else '?'}last_event_id={run}:1"
        with world.other.client() as other, stranger(world.server) as nobody:
            assert other.request(method, path, json=body, headers=seen).status_code == 410
            assert other.request(method, query, json=body).status_code == 410
            refused = nobody.request(method, path, json=body, headers=seen)
            assert refused.status_code == 410


def test_another_joins_no_session_by_its_name(world: World):
    before = rows(world.server, "SELECT count(*) FROM messages")
    said = world.other.ask("POST", "/api/chat", {"message": "mine", "session_id": "named"}).json()
    assert said["session_id"] == "named"  # one's own, of the same name
    path = "/api/chat/sessions/named"
    assert world.owner.ask("GET", path).json()["messages"] == 2
    assert world.other.ask("DELETE", path).status_code == 200
    assert world.owner.ask("GET", path).json()["messages"] == 2
    assert rows(world.server, "SELECT count(*) FROM messages") == before


def test_the_same_idempotency_key_of_another_is_another(world: World):
    key, body = {"idempotency-key": "one"}, {"message": "once"}
    runs = [
        person.ask("POST", "/api/v1/chat/stream", body, headers=key).headers["x-run-id"]
        for person in (world.owner, world.owner, world.other)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_ones_newest_live_run_is_ones_own(world: World):
    assert world.other.ask("GET", "/api/v1/chat/stream").status_code == 204
    with stranger(world.server) as nobody:
        assert nobody.get("/api/v1/chat/stream").status_code == 401
