"""What a resource says of itself in OpenAPI: what it takes, and each way in which it says no.

A resource decodes what it takes itself (`bodies.py`), so the framework cannot see it by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation

from sluice.api.refusals import PHRASES

# Answers that hold a secret, or speak of one person, are for no cache.
PRIVATE = {"Cache-Control": "no-store"}

MORE = {
    409: "It is taken, or in the way",
    429: "Too often; `Retry-After` says when to come back",
}
ALWAYS = (429, 500, 503)


class Refusal(msgspec.Struct, frozen=True):
    """Why not: in words, and as a stable code."""

    detail: str
    code: str


def refusals(*statuses: int, body: type = Refusal) -> dict[int, ResponseSpec]:
    """The error responses with these statuses, and those that every resource may give."""
    return only(*statuses, *ALWAYS, body=body)


def only(*statuses: int, body: type = Refusal) -> dict[int, ResponseSpec]:
    """The error responses with these statuses, whose bodies are such structs."""
    phrases = PHRASES | MORE
    return {
        status: ResponseSpec(body, generate_examples=False, description=phrases[status])
        for status in sorted(set(statuses))
    }


@cache
def taking(
    *,
    body: type | None = None,
    query: type | None = None,
    required: bool = True,
    produces: str | None = None,
) -> type[Operation]:
    """An operation with this struct as its JSON body, or that one as its query parameters.

    `required`: there must be a body; `produces`: its answer can also be a text of this media type.
    """

    @dataclass
    class Taking(Operation):
        def __post_init__(self) -> None:
            found: Any = self
            if body is not None:
                content = {"application/json": {"schema": _schema(body)}}
                found.request_body = {"content": content, "required": required}
            if query is not None:
                found.parameters = [*(self.parameters or ()), *_parameters(query)]
            if produces is not None:
                found.responses["200"].content[produces] = {"schema": {"type": "string"}}
            if body is None and self.responses is not None:
                self.responses.pop("400", None)  # the framework's guess, where there is a parameter

    return Taking


def _schema(kind: type) -> Mapping[str, Any]:
    """A struct's schema: ours hold no other structs."""
    return msgspec.json.schema(kind)["$defs"][kind.__name__]


def _parameters(kind: type) -> list[dict[str, Any]]:
    schema = _schema(kind)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema["properties"].items()
    ]
