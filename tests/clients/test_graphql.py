"""GraphQL as other people's clients speak it, against a real server."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.clients.conftest import Javascript
from tests.clients.person import Person, signed_in
from tests.conftest import Running, Serve
from tests.graphql.conftest import ending

pytestmark = pytest.mark.clients

AUDITS = 61
HARD = "demo/n=40,delay=1ms,text=unicode"
SLOW = "demo/n=2000,first=0ms,delay=20ms"
SUBSCRIPTION = """
subscription ($message: String!, $model: String) {
  conversation(message: $message, model: $model) { type content user_id code tokens_used }
}"""


@pytest_asyncio.fixture
async def ann(server: Running) -> AsyncIterator[Person]:
    async with signed_in(server.url) as person:
        yield person


def graphql_ws(npm_parts: Path) -> Path:
    return npm_parts / "graphql-ws" / "dist" / "client.js"


def address(server: Running) -> str:
    return server.url.replace("http", "ws", 1) + "/graphql"


def events(lines: list[Any]) -> list[Any]:
    return [line["data"]["conversation"] for line in lines if line.get("data")]


async def test_every_audit_of_graphql_http_answers_ok(
    serve: Serve, javascript: Javascript, npm_parts: Path
):
    server = serve()
    module = npm_parts / "graphql-http" / "lib" / "index.js"
    async with signed_in(server.url) as ann:
        done = await javascript("graphql_audit.mjs", module, server.url + "/graphql", ann.token)

    assert [line for line in done.lines if line[0] != "ok"] == []
    assert len(done.lines) == AUDITS


async def test_a_subscription_by_graphql_ws(
    server: Running, ann: Person, javascript: Javascript, npm_parts: Path
):
    given = json.dumps({"message": "Xin chào", "model": HARD})
    done = await javascript(
        "graphql_ws.mjs", graphql_ws(npm_parts), address(server), ann.token, SUBSCRIPTION, given
    )

    *told, end = done.lines
    first, *tokens, last = events(told)
    assert (first["type"], last["type"], end) == ("metadata", "complete", {"over": True})
    assert {one["type"] for one in tokens} == {"token"}
    assert "".join(one["content"] for one in tokens) == last["content"]


async def test_who_unsubscribes_stops_the_run_at_once(
    server: Running, ann: Person, javascript: Javascript, npm_parts: Path
):
    given = json.dumps({"message": "On and on", "model": SLOW})
    done = await javascript(
        "graphql_ws.mjs", graphql_ws(npm_parts), address(server), ann.token, SUBSCRIPTION, given,
        "5",
    )  # fmt: skip

    assert len(events(done.lines)) == 5
    assert await ending(ann) == "partial"  # long before its grace is over


REFUSED = {
    "a blank message": ({"message": " "}, "invalid_request"),
    "a model that nobody serves": ({"message": "Hi", "model": "demo/n=x"}, "invalid_request"),
}


@pytest.mark.parametrize(("variables", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_is_refused_is_told_as_an_error_with_our_code(
    server: Running,
    ann: Person,
    javascript: Javascript,
    npm_parts: Path,
    variables: dict[str, str],
    code: str,
):
    done = await javascript(
        "graphql_ws.mjs", graphql_ws(npm_parts), address(server), ann.token, SUBSCRIPTION,
        json.dumps(variables),
    )  # fmt: skip

    result, end = done.lines
    assert [error["extensions"]["code"] for error in result["errors"]] == [code]
    assert end == {"over": True}


async def test_a_stranger_is_told_4403(server: Running, javascript: Javascript, npm_parts: Path):
    for token in ("", "nonsense"):
        done = await javascript(
            "graphql_ws.mjs", graphql_ws(npm_parts), address(server), token, SUBSCRIPTION,
            '{"message":"Hi"}',
        )  # fmt: skip
        assert done.lines == [{"closed": 4403}]
