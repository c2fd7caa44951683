"""What a client asks, from a body, a query string or a message; no batches.

The parameters: https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from sluice.core.errors import InvalidRequest
from sluice.dialects import json

KNOWN = ("query", "operationName", "variables", "extensions")


class Asked(msgspec.Struct, frozen=True, rename={"operation": "operationName"}):
    """A document, and what goes with it. Extensions are read, and nothing is made of them."""

    query: str
    operation: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_ASKED = msgspec.json.Decoder(Asked)
_MAP = msgspec.json.Decoder(dict[str, Any] | None)


def in_body(body: bytes) -> Asked:
    """Raises `MalformedJSON`, or `InvalidRequest` naming the field."""
    return json.read(body, _ASKED)


def in_query(query: Mapping[str, str]) -> Asked:
    """The same, with `variables` and `extensions` as JSON. Raises `InvalidRequest`."""
    given: dict[str, Any] = {name: query[name] for name in KNOWN if query.get(name)}
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = _map(name, given[name])
    return in_message(given)


def in_message(payload: object) -> Asked:
    """What a message on a WebSocket holds. Raises `InvalidRequest`."""
    try:
        return msgspec.convert(payload, Asked)
    except msgspec.ValidationError as problem:
        raise json.invalid(problem) from None


def _map(name: str, text: str) -> dict[str, Any] | None:
    try:
        return json.read(text.encode("utf-8", "surrogatepass"), _MAP)
    except InvalidRequest:
        raise InvalidRequest("Expected a JSON object", field=name) from None
