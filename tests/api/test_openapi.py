"""The OpenAPI document: valid, and saying what the route tables and structs say."""

from typing import Annotated, Any
from urllib.request import urlopen

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.conftest import Running

from sluice.api.openapi import document
from sluice.core.commands import Ask
from sluice.core.errors import InvalidRequest, SluiceError
from sluice.core.events import Failed
from sluice.dialects.base import Dialect, Doc, Inbound, Route

Json = dict[str, Any]


class Question(msgspec.Struct):
    """What is asked."""

    text: Annotated[str, msgspec.Meta(min_length=1, description="In any language.")]
    model: str | None = None
    loud: bool = False


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


def dialect(*routes: Route, invalid_status: int = 422) -> Dialect:
    return Dialect("toy", routes, refuse, failure, invalid_status)


def described(*routes: Route, **options: Any) -> Json:
    made = document([dialect(*routes)], version="1.2.3", **options)
    OpenAPIV31SpecValidator(msgspec.json.decode(msgspec.json.encode(made))).validate()
    return made


def operation(route: Route) -> Json:
    return described(route)["paths"][route.path][route.method.lower()]


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def test_a_document_of_every_kind_of_route_is_valid_openapi_3_1():
    made = described(JSON, SSE, GET, NAMED, SOCKET)

    assert made["openapi"] == "3.1.0"
    assert made["info"]["version"] == "1.2.3"
    assert list(made["paths"]) == ["/ask", "/ask/stream", "/ask/get", "/flows/{name}", "/ask/ws"]
    assert set(made["components"]["schemas"]) == {"Question", "Word", "Over", "Whole", "ErrorBody"}


@pytest.mark.parametrize(
    ("route", "statuses"),
    [
        (JSON, "200 400 401 403 413 415 422 500 502 503 504"),
        (SSE, "200 204 400 401 403 410 413 415 422 500 503"),
        (GET, "200 204 401 403 410 422 500 503"),
        (NAMED, "200 400 401 403 404 413 415 422 500 502 503 504"),
        (SOCKET, "101 401 403 500 503"),
    ],
    ids=lambda value: value.path if isinstance(value, Route) else "",
)
def test_each_kind_of_route_has_its_statuses(route: Route, statuses: str):
    assert " ".join(operation(route)["responses"]) == statuses


def test_a_post_has_its_request_in_the_body_with_the_least_that_can_be_sent_as_example():
    assert operation(JSON)["requestBody"] == {
        "required": True,
        "content": {"application/json": {"schema": ref("Question"), "example": {"text": "Hello"}}},
    }


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
    ]
    assert [each.get("required", False) for each in found["parameters"]] == [True] + [False] * 4


def test_what_stands_in_braces_in_a_path_is_a_parameter():
    assert operation(NAMED)["parameters"] == [
        {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    ]


def test_a_stream_names_its_events_in_order_and_how_it_ends():
    answer = operation(SSE)["responses"]["200"]
    schema = answer["content"]["text/event-stream"]["schema"]

    assert schema["oneOf"] == [ref("Word"), ref("Over")]
    assert schema["x-event-order"] == ["Word", "Over"]
    assert "data: [DONE]" in schema["description"]
    assert list(answer["headers"]) == ["X-Run-Id"]


def test_a_websocket_is_a_handshake_whose_messages_stand_beside_it():
    found = operation(SOCKET)

    assert "requestBody" not in found
    assert "parameters" not in found
    assert found["x-websocket"] == {
        "client": ref("Question"),
        "server": {"oneOf": [ref("Word"), ref("Over")], "x-event-order": ["Word", "Over"]},
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

    assert "422" not in responses
    assert InvalidRequest.__name__ in responses["400"]["content"]["application/json"]["examples"]


def test_another_document_is_taken_in():
    theirs: Json = {
        "paths": {"/health": {"get": {"responses": {"200": {"description": "Fine"}}}}},
        "components": {"schemas": {"Health": {"type": "object"}}, "securitySchemes": {}},
        "tags": [{"name": "operation"}],
    }
    made = described(JSON, extra=theirs)

    assert list(made["paths"]) == ["/ask", "/health"]
    assert {"Health", "Question"} <= set(made["components"]["schemas"])
    assert made["components"]["securitySchemes"] == {}
    assert [tag["name"] for tag in made["tags"]] == ["toy", "operation"]


@pytest.mark.parametrize(
    "theirs",
    [
        {"paths": {"/ask": {"post": {"responses": {}}}}},
        {"components": {"schemas": {"Question": {"type": "string"}}}},
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
    made = described(JSON, second)
    shapes = [
        made["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        for path in ("/ask", "/second")
    ]

    assert shapes[0] != shapes[1]


def test_the_servers_own_document_is_valid_and_holds_its_dialects_and_its_resources(
    server: Running,
):
    with urlopen(f"{server.url}/openapi.json") as answer:
        made = msgspec.json.decode(answer.read())

    OpenAPIV31SpecValidator(made).validate()
    assert {"/api/v1/query/stream", "/api/stream/chat-get", "/health"} <= set(made["paths"])
