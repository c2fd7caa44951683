"""The OpenAPI 3.1 document of the dialects, made from their route tables and structs. Pure.

It knows no dialect by name and no web framework: what a framework documents of its own routes
comes in as `extra`. The format: https://spec.openapis.org/oas/v3.1.0.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sluice.api import refusals, security
from sluice.api.shapes import REF, Shapes, collect
from sluice.dialects.base import Dialect, Doc, Route

Json = dict[str, Any]

ERROR = "ErrorBody"
# What a field that must be given looks like in an example, where its struct shows none.
SAMPLES: Json = {"string": "Hello", "integer": 1, "number": 1.0, "boolean": False}

INFO = (
    "A streaming chat server for language models. It speaks several chat APIs, one under each tag "
    "below. While no provider is configured, the demo model answers."
)
STREAM = (
    "The answer is an event stream: each event is a line `id: <run>:<seq>`, one line `data: ` of "
    "JSON, and a blank line; `seq` rises and may have gaps. There is no `event:` line. Lines that "
    "begin with a colon keep the connection alive. A request that carries the id of the last event "
    "that it saw follows the same run from there, without a new generation."
)
SOCKET = (
    "OpenAPI has no words for a WebSocket: this is its handshake. Each text message from the "
    "client is one request, and each from the server one event, both JSON; the shapes are under "
    "`x-websocket`. It cannot be tried from this page."
)


RUN_ID = {"X-Run-Id": refusals.header("The run's id, by which it can be resumed or cancelled.")}
RESUME = (
    ("header", "Last-Event-ID", "The id of the last event seen: resume that run after it."),
    ("query", "last_event_id", "The same, for clients that cannot set headers."),
)
RESUMED = "There is nothing more to say: that event was the run's last, or no run goes on."
TICKET = ("query", "ticket", "Says who asks, for clients that cannot set headers.")
ONCE = (
    "header",
    "Idempotency-Key",
    "The same key and request from the same caller join the run that exists.",
)
METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


def document(
    dialects: Sequence[Dialect], *, version: str, extra: Json | None = None
) -> dict[str, Any]:
    """An OpenAPI 3.1 document of all the dialects' routes.

    `extra` is another OpenAPI document, whose paths, components and tags are taken in. Raises
    `ValueError` where both describe the same operation, or differ about a component of one name.
    """
    shapes = collect(dialects)
    theirs = extra or {}
    tags = [{"name": dialect.name} for dialect in dialects]
    components = {
        "schemas": {**shapes.schemas, ERROR: refusals.body_schema()},
        "securitySchemes": security.SCHEMES,
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sluice",
            "version": version,
            "description": INFO,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "paths": _merged(_paths(dialects, shapes), _guarded(theirs.get("paths", {}))),
        "components": _merged(components, theirs.get("components", {})),
        "tags": [*tags, *(tag for tag in theirs.get("tags", ()) if tag not in tags)],
    }


def _paths(dialects: Iterable[Dialect], shapes: Shapes) -> Json:
    paths: Json = {}
    for dialect in dialects:
        for route in dialect.routes:
            method = "get" if route.over == "websocket" else route.method.lower()
            operation = _operation(dialect, route, shapes)
            operation["operationId"] = _operation_id(method, route.path)
            paths = _merged(paths, {route.path: {method: operation}})
    return paths


def _operation_id(method: str, path: str) -> str:
    return re.sub(r"\W+", "_", f"{method} {path}").strip("_")


def _operation(dialect: Dialect, route: Route, shapes: Shapes) -> Json:
    general = {"sse": STREAM if route.ids else "", "websocket": SOCKET, "json": ""}[route.over]
    operation: Json = {
        "tags": [dialect.name],
        "summary": route.doc.summary,
        "description": "\n\n".join(filter(None, (route.doc.description, general))),
        "responses": {
            **_success(route, shapes),
            **refusals.responses(dialect, route, REF.format(name=ERROR)),
        },
    }
    if parameters := _parameters(route, shapes):
        operation["parameters"] = parameters
    known = security.TICKETS if _reads_only(route) else security.MEMBERS
    operation["security"] = known if dialect.members else security.optional(known)
    if route.over == "websocket":
        operation["x-websocket"] = _messages(route.doc, shapes)
    elif refusals.has_body(route) and route.doc.request is not None:
        operation["requestBody"] = _request_body(route.doc.request, shapes)
    return operation


def _request_body(request: type, shapes: Shapes) -> Json:
    schema = shapes.body(request)
    media = {"schema": shapes.of(request), "example": _example(schema)}
    return {"required": bool(schema.get("required")), "content": {"application/json": media}}


def _example(schema: Json) -> Json:
    """The least that can be sent: what must be given, or has an example of its own, and nothing
    else that has a default.
    """
    needed = schema.get("required", ())
    fields: Json = {
        name: field
        for name, field in schema["properties"].items()
        if name in needed or "examples" in field
    }
    return {
        name: field["examples"][0] if "examples" in field else SAMPLES.get(field.get("type", ""))
        for name, field in fields.items()
    }


def _parameters(route: Route, shapes: Shapes) -> list[Json]:
    """The path's, then the query's (a `GET` has its request there), then what they all take."""
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in refusals.parameters(route)
    ]
    if route.doc.request is not None and route.over != "websocket" and not refusals.has_body(route):
        found += _query_parameters(shapes.body(route.doc.request))
    common = [
        *(RESUME if route.over == "sse" else ()),
        *((TICKET,) if _reads_only(route) else ()),
        *((ONCE,) if refusals.has_body(route) else ()),
    ]
    known = {(parameter["in"], parameter["name"]) for parameter in found}
    found += [
        {"name": name, "in": place, "description": text, "schema": {"type": "string"}}
        for place, name, text in common
        if (place, name) not in known
    ]
    return found


def _reads_only(route: Route) -> bool:
    """Whether it is a stream or a connection that clients open which can set no header."""
    return route.over == "websocket" or (route.over == "sse" and route.method == "GET")


def _query_parameters(schema: Json) -> list[Json]:
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _given(field)}
        for name, field in schema["properties"].items()
    ]


def _given(field: Json) -> Json:
    """A field's schema without null: in a query string, what is absent is left out."""
    choices = [choice for choice in field.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {name: value for name, value in field.items() if name != "anyOf"}
    if field.get("default", ...) is None:
        del rest["default"]
    if len(choices) == 1:
        return {**rest, **choices[0]}
    return {**rest, "anyOf": choices} if choices else rest


def _success(route: Route, shapes: Shapes) -> Json:
    doc = route.doc
    rate = refusals.RATE if refusals.asks(route) else {}
    match route.over:
        case "websocket":
            return {"101": {"description": "The connection is now a WebSocket."}}
        case "json":
            content: Json = {"schema": shapes.of(doc.response)} if doc.response else {}
            answer = {
                "description": "The whole answer.",
                "headers": {**RUN_ID, **rate},
                "content": {"application/json": content},
            }
            return {"200": answer}
        case "sse":
            streams: Json = {"text/event-stream": {"schema": _stream(route, shapes)}}
            if doc.response is not None:
                streams["application/json"] = {"schema": shapes.of(doc.response)}
            answer = {
                "description": "The answer, as it is written.",
                "headers": {**RUN_ID, **rate},
                "content": streams,
            }
            return {"200": answer, "204": {"description": RESUMED}}


def _stream(route: Route, shapes: Shapes) -> Json:
    """An event: its fields, of which `data` holds JSON, as JSON Schema 2020-12 (8) words that."""
    words: Json = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": _one_of(route.doc.events, shapes),
    }
    farewell = route.done.decode()
    about = f" After the last comes `data: {farewell}`, without an id." if farewell else ""
    return {
        "type": "object",
        "description": f"An event. Its `data:` line is JSON.{about}",
        "properties": {
            "id": {"type": "string", "description": "`<run id>:<seq>`"},
            "retry": {"type": "integer", "description": "With the first only: milliseconds."},
            "data": {"anyOf": [{"const": farewell}, words]} if farewell else words,
        },
        "required": ["data"],
    }


def _one_of(events: Sequence[type], shapes: Shapes) -> Json:
    if not events:
        return {}
    return {
        "oneOf": [shapes.of(kind) for kind in events],
        "x-event-order": [shapes.name(kind) for kind in events],
    }


def _messages(doc: Doc, shapes: Shapes) -> Json:
    request = {"client": shapes.of(doc.request)} if doc.request else {}
    return {**request, "server": _one_of(doc.events, shapes)}


def _guarded(paths: Json) -> Json:
    """Resources, each saying who may ask: what says nothing of it is for whoever is signed in."""
    return {
        path: {
            key: {"security": _guard(key, path), **entry} if key in METHODS else entry
            for key, entry in entries.items()
        }
        for path, entries in paths.items()
    }


def _guard(method: str, path: str) -> security.Security:
    return [] if f"{method.upper()} {path}" in security.OPEN else security.MEMBERS


def _merged(ours: Json, theirs: Json) -> Json:
    """Both, two levels deep. Raises `ValueError` where they disagree about an entry."""
    merged: Json = {name: dict(entries) for name, entries in ours.items()}
    for name, entries in theirs.items():
        known = merged.setdefault(name, {})
        for key, value in entries.items():
            if known.setdefault(key, value) != value:
                raise ValueError(f"{name} {key} is described twice")
    return merged
