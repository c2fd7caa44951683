"""The OpenAPI document: valid, and saying what the route tables and structs say."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.request import urlopen

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from sluice.api.openapi import document
from sluice.core.commands import Ask, Attach
from sluice.core.errors import InvalidRequest, SluiceError
from sluice.core.events import Failed
from sluice.dialects import conversations
from sluice.dialects.base import Dialect, Doc, Inbound, Route
from tests.conftest import Running

Json = dict[str, Any]


class Question(msgspec.Struct):
    """What is asked."""

    text: Annotated[str, msgspec.Meta(min_length=1, description="In any language.")]
    model: str | None = None
    loud: bool = False


class Placed(msgspec.Struct):
    """Where it is asked, which can be left out."""

    conversation_id: str | None = None


class Word(msgspec.Struct, tag_field="type", tag="word"):
    """A piece of the answer."""

    text: str


class Over(msgspec.Struct, tag_field="type", tag="over"):
    """The last event."""

    words: int


class Whole(msgspec.Struct):
    """The answer."""

    text: str


def ask(_: Inbound) -> Ask:
    return Ask(())


def follow(_: Inbound) -> Attach:
    return Attach()


def either(_: Inbound) -> Ask | Attach:
    return Attach()


def refuse(error: SluiceError) -> bytes:
    return msgspec.json.encode({"detail": error.message, "code": error.code})


def failure(failed: Failed, _: str | int | None) -> bytes:
    return msgspec.json.encode({"code": failed.code})


EVENTS = (Word, Over)
JSON = Route("json", "POST", "/ask", ask, Doc("Ask", request=Question, response=Whole))
SSE = Route(
    "sse", "POST", "/ask/stream", ask, Doc("Watch", request=Question, events=EVENTS), done=b"[DONE]"
)
GET = Route("sse", "GET", "/ask/get", ask, Doc("Watch", request=Question, events=EVENTS))
NAMED = Route("json", "POST", "/flows/{name}", ask, Doc("Run", request=Question, response=Whole))
SOCKET = Route(
    "websocket", "GET", "/ask/ws", ask, Doc("Talk", request=Question, events=EVENTS)
)  # fmt: skip
PLACED = Route("sse", "PATCH", "/ask/again", ask, Doc("Again", request=Placed, events=EVENTS))
EITHER = Route("sse", "GET", "/ask/any", either, Doc("Watch", request=Placed, events=EVENTS))
FOLLOW = Route("sse", "GET", "/runs/{id}", follow, Doc("Watch", events=EVENTS))
ROUTES = (JSON, SSE, GET, NAMED, SOCKET, PLACED, EITHER, FOLLOW)


def dialect(
    *routes: Route, name: str = "toy", invalid_status: int = 422, members: bool = False
) -> Dialect:
    return Dialect(name, routes, refuse, failure, invalid_status, members)


def described(*routes: Route, **options: Any) -> Json:
    return valid([dialect(*routes)], **options)


def valid(dialects: Sequence[Dialect], **options: Any) -> Json:
    made = document(dialects, version="1.2.3", **options)
    OpenAPIV31SpecValidator(msgspec.json.decode(msgspec.json.encode(made))).validate()
    return made


def operation(route: Route) -> Json:
    return described(route)["paths"][route.path][route.method.lower()]


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def test_a_document_of_every_kind_of_route_is_valid_openapi_3_1():
    made = described(*ROUTES)

    assert made["openapi"] == "3.1.0"
    assert made["info"]["version"] == "1.2.3"
    assert list(made["paths"]) == [route.path for route in ROUTES]
    names = {"ToyQuestion", "ToyPlaced", "ToyWord", "ToyOver", "ToyWhole", "ErrorBody"}
    assert set(made["components"]["schemas"]) == names


@pytest.mark.parametrize(
    ("route", "statuses"),
    [
        (JSON, "200 400 401 402 403 413 415 422 429 500 502 503 504"),
        (SSE, "200 204 400 401 402 403 410 413 415 422 429 500 503"),
        (GET, "200 204 401 402 403 410 422 429 500 503"),
        (NAMED, "200 400 401 402 403 404 413 415 422 429 500 502 503 504"),
        (SOCKET, "101 401 403 426 500 503"),
        (PLACED, "200 204 400 401 402 403 404 409 410 413 415 422 429 500 503"),
        (EITHER, "200 204 401 402 403 404 409 410 422 429 500 503"),
        (FOLLOW, "200 204 401 403 404 410 422 500 503"),
    ],
    ids=lambda value: value.path if isinstance(value, Route) else "",
)
def test_each_kind_of_route_has_its_statuses(route: Route, statuses: str):
    assert " ".join(operation(route)["responses"]) == statuses


def test_a_post_has_its_request_in_the_body_with_the_least_that_can_be_sent_as_example():
    assert operation(JSON)["requestBody"] == {
        "required": True,
        "content": {
            "application/json": {"schema": ref("ToyQuestion"), "example": {"text": "Hello"}}
        },
    }


def test_a_body_in_which_nothing_is_required_can_be_left_out():
    assert operation(PLACED)["requestBody"]["required"] is False


def test_an_example_that_a_struct_shows_is_used():
    class Shown(msgspec.Struct):
        text: Annotated[str, msgspec.Meta(examples=["Xin chào"])]

    route = JSON._replace(doc=Doc("Ask", request=Shown, response=Whole))
    media = operation(route)["requestBody"]["content"]["application/json"]

    assert media["example"] == {"text": "Xin chào"}


def test_a_get_has_its_request_in_the_query_string_and_no_body():
    found = operation(GET)

    assert "requestBody" not in found
    assert [(each["in"], each["name"], each["schema"]) for each in found["parameters"]] == [
        ("query", "text", {"type": "string", "minLength": 1, "description": "In any language."}),
        ("query", "model", {"type": "string"}),
        ("query", "loud", {"type": "boolean", "default": False}),
        ("header", "Last-Event-ID", {"type": "string"}),
        ("query", "last_event_id", {"type": "string"}),
        ("query", "ticket", {"type": "string"}),
    ]
    assert [each.get("required", False) for each in found["parameters"]] == [True] + [False] * 5


def test_what_stands_in_braces_in_a_path_is_a_parameter():
    assert operation(NAMED)["parameters"][0] == {
        "name": "name", "in": "path", "required": True, "schema": {"type": "string"}
    }  # fmt: skip


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_what_has_a_body_takes_a_key_and_what_opens_without_headers_takes_a_ticket(route: Route):
    names = {each["name"] for each in operation(route).get("parameters", ())}
    has_body = route in {JSON, SSE, NAMED, PLACED}

    assert ("Idempotency-Key" in names, "ticket" in names) == (has_body, not has_body)


@pytest.mark.parametrize(
    ("route", "members", "schemes"),
    [
        (SSE, False, ["", "bearer", "cookie"]),
        (GET, False, ["", "bearer", "cookie", "ticket"]),
        (SOCKET, False, ["", "bearer", "cookie", "ticket"]),
        (SSE, True, ["bearer", "cookie"]),
        (EITHER, True, ["bearer", "cookie", "ticket"]),
    ],
)
def test_each_route_says_who_may_ask(route: Route, members: bool, schemes: list[str]):
    made = valid([dialect(route, members=members)])
    ways = made["paths"][route.path][route.method.lower()]["security"]

    assert ["".join(way) for way in ways] == schemes
    assert set(made["components"]["securitySchemes"]) == {"bearer", "cookie", "ticket"}


def test_what_counts_against_a_limit_says_how_that_stands():
    limits = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
    asked, followed = operation(GET)["responses"], operation(FOLLOW)["responses"]

    assert limits <= set(asked["200"]["headers"])
    assert set(asked["429"]["headers"]) == {*limits, "Retry-After"}
    assert set(followed["200"]["headers"]) == {"X-Run-Id"}


def test_a_stream_names_its_events_in_order_and_how_it_ends():
    answer = operation(SSE)["responses"]["200"]
    schema = answer["content"]["text/event-stream"]["schema"]

    farewell, words = schema["properties"]["data"]["anyOf"]
    assert farewell == {"const": "[DONE]"}
    assert words["contentSchema"]["oneOf"] == [ref("ToyWord"), ref("ToyOver")]
    assert words["contentSchema"]["x-event-order"] == ["ToyWord", "ToyOver"]
    assert "data: [DONE]" in schema["description"]
    assert next(iter(answer["headers"])) == "X-Run-Id"


def test_a_websocket_is_a_handshake_whose_messages_stand_beside_it():
    found = operation(SOCKET)

    assert "requestBody" not in found
    assert [each["name"] for each in found["parameters"]] == ["ticket"]
    assert found["x-websocket"] == {
        "client": ref("ToyQuestion"),
        "server": {
            "oneOf": [ref("ToyWord"), ref("ToyOver")],
            "x-event-order": ["ToyWord", "ToyOver"],
        },
    }


def test_errors_share_a_schema_and_show_the_dialects_own_bodies():
    found = operation(JSON)["responses"]["400"]
    media = found["content"]["application/json"]

    assert media["schema"] == ref("ErrorBody")
    assert media["examples"]["MalformedJSON"]["value"] == {
        "detail": "The body is not valid JSON.",
        "code": "invalid_request",
    }


def test_a_dialect_chooses_the_status_of_invalid_input():
    made = document([dialect(JSON, invalid_status=400)], version="1")
    responses = made["paths"]["/ask"]["post"]["responses"]

    examples = {
        status: set(responses[status]["content"]["application/json"]["examples"])
        for status in ("400", "422")
    }
    assert InvalidRequest.__name__ in examples["400"]
    assert examples["422"] == {"IdempotencyMismatch"}


def test_another_document_is_taken_in():
    theirs: Json = {
        "paths": {"/health": {"get": {"responses": {"200": {"description": "Fine"}}}}},
        "components": {"schemas": {"Health": {"type": "object"}}, "headers": {}},
        "tags": [{"name": "operation"}],
    }
    made = described(JSON, extra=theirs)

    assert list(made["paths"]) == ["/ask", "/health"]
    assert {"Health", "ToyQuestion"} <= set(made["components"]["schemas"])
    assert made["components"]["headers"] == {}
    assert [tag["name"] for tag in made["tags"]] == ["toy", "operation"]


def test_a_resource_is_for_whoever_is_signed_in_unless_it_says_so_or_is_open():
    answer = {"responses": {"200": {"description": "Fine"}}}
    theirs: Json = {
        "paths": {
            "/health": {"get": answer},
            "/api/v1/auth/session": {"post": answer, "get": answer},
            "/mine": {"get": answer, "delete": {**answer, "security": [{}]}, "summary": "Mine"},
        }
    }
    paths = described(JSON, extra=theirs)["paths"]
    found = {
        f"{method} {path}": operation["security"]
        for path in theirs["paths"]
        for method, operation in paths[path].items()
        if method != "summary"
    }

    assert found == {
        "get /health": [],
        "post /api/v1/auth/session": [],
        "get /api/v1/auth/session": [{"bearer": []}, {"cookie": []}],
        "get /mine": [{"bearer": []}, {"cookie": []}],
        "delete /mine": [{}],
    }


@pytest.mark.parametrize(
    "theirs",
    [
        {"paths": {"/ask": {"post": {"responses": {}}}}},
        {"components": {"schemas": {"ToyQuestion": {"type": "string"}}}},
    ],
    ids=["an operation", "a component"],
)
def test_two_accounts_of_one_thing_are_refused(theirs: Json):
    with pytest.raises(ValueError, match="described twice"):
        document([dialect(JSON)], version="1", extra=theirs)


def test_structs_of_one_name_in_two_dialects_stay_apart():
    class Whole(msgspec.Struct):
        other: int

    second = JSON._replace(path="/second", doc=Doc("Ask", request=Question, response=Whole))
    made = valid([dialect(JSON), dialect(second, name="other")])
    shapes = [
        made["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        for path in ("/ask", "/second")
    ]

    assert shapes == [ref("ToyWhole"), ref("OtherWhole")]
    assert made["components"]["schemas"]["OtherWhole"]["required"] == ["other"]
    with pytest.raises(ValueError, match="the same name"):
        document([dialect(JSON, second)], version="1")


def test_a_struct_in_a_struct_is_found_under_its_name():
    class Part(msgspec.Struct):
        text: str

    class ToyParts(msgspec.Struct):
        """Says `"$ref":"#/components/schemas/Part"` of no schema."""

        parts: list[Part]
        last: Part

    route = JSON._replace(doc=Doc("Ask", request=ToyParts, response=Part))
    schemas = described(route)["components"]["schemas"]

    assert schemas["ToyParts"]["properties"]["parts"]["items"] == ref("ToyPart")
    assert schemas["ToyParts"]["properties"]["last"] == ref("ToyPart")
    assert '"#/components/schemas/Part"' in schemas["ToyParts"]["description"]


def test_the_conversations_dialect_is_described():
    made = valid([conversations.DIALECT, conversations.RUNS])
    stream = made["paths"]["/api/v1/chat/stream"]

    assert set(stream) == {"post", "get"}
    body = stream["post"]["requestBody"]["content"]["application/json"]
    assert (body["schema"], body["example"]) == (ref("ConversationsSaid"), {"message": "Hello"})
    assert {each["name"] for each in stream["get"]["parameters"] if each.get("required")} == set()
    events = stream["get"]["responses"]["200"]["content"]["text/event-stream"]["schema"]
    assert events["properties"]["data"]["contentSchema"]["x-event-order"] == [
        "ConversationsStart", "ConversationsChunk", "ConversationsEnd", "ConversationsError",
    ]  # fmt: skip


def test_the_servers_own_document_is_valid_and_holds_its_dialects_and_its_resources(
    server: Running,
):
    with urlopen(f"{server.url}/openapi.json") as answer:
        made = msgspec.json.decode(answer.read())

    OpenAPIV31SpecValidator(made).validate()
    assert {"/api/v1/query/stream", "/api/stream/chat-get", "/health"} <= set(made["paths"])
