"""Which errors each kind of route can answer with, as an OpenAPI document words them. Pure.

The statuses are the API's contract, once more for its readers; what is sent is not decided here.
"""

import re
from typing import Any, NamedTuple, get_args

import msgspec

from sluice.core import errors
from sluice.core.commands import Ask
from sluice.dialects.base import Dialect, Route

Json = dict[str, Any]


class Refusal(NamedTuple):
    """An error that a route can answer with, and the `traits` that the route must have for it.

    `status`  None is the dialect's own for invalid input
    `traits`  `http`, `json`, `sse`, `websocket`; `asks`: over HTTP it can begin a run; `body`: its
              request has one; `names`: the request names something that may not be there, a
              `place` where a reply may be being written
    """

    status: int | None
    kind: type[errors.SluiceError]
    traits: frozenset[str] = frozenset()


ASKS, BODY, HTTP, JSON, NAMES, PLACE, SSE, WEBSOCKET = (
    frozenset({trait})
    for trait in ("asks", "body", "http", "json", "names", "place", "sse", "websocket")
)
PATH_PARAMETER = re.compile(r"\{(\w+)\}")
# Fields and parameters by which requests name things.
PLACES = frozenset({"conversation_id", "interaction_id"})
NAMED = PLACES | {"flow", "media_files"}

REFUSALS = (
    Refusal(400, errors.MalformedJSON, BODY),
    Refusal(None, errors.InvalidRequest, HTTP),
    Refusal(None, errors.ModelNotFound, ASKS),
    Refusal(401, errors.Unauthorized),
    Refusal(402, errors.InsufficientPoints, ASKS),
    Refusal(403, errors.Forbidden),
    Refusal(404, errors.NotFound, NAMES),
    Refusal(409, errors.ConversationBusy, PLACE),
    Refusal(410, errors.RunExpired, SSE),
    Refusal(413, errors.PayloadTooLarge, BODY),
    Refusal(415, errors.UnsupportedMediaType, BODY),
    Refusal(422, errors.IdempotencyMismatch, BODY),
    Refusal(426, errors.InvalidRequest, WEBSOCKET),
    Refusal(429, errors.RateLimited, ASKS),
    Refusal(500, errors.SluiceError),
    Refusal(502, errors.ProviderAuth, JSON),
    Refusal(502, errors.ProviderBadResponse, JSON),
    Refusal(503, errors.Overloaded),
    Refusal(503, errors.ProviderNotConfigured, JSON),
    Refusal(503, errors.ProviderRateLimited, JSON),
    Refusal(503, errors.ProviderUnavailable, JSON),
    Refusal(504, errors.ProviderTimeout, JSON),
)

PHRASES = {
    400: "The request cannot be read",
    401: "Nobody is signed in",
    402: "Too few points",
    403: "Not allowed",
    404: "Nothing has that name",
    409: "Another reply is in the way",
    410: "The run to resume is gone",
    413: "The request is too large",
    415: "The request is not application/json",
    422: "The request makes no sense",
    426: "The request is not a WebSocket's",
    429: "Too often",
    500: "Our fault",
    502: "The provider gave no usable answer",
    503: "Not now",
    504: "The provider kept silent",
}


def header(description: str, kind: str = "string") -> Json:
    """A response header. `kind` is a JSON Schema type."""
    return {"description": description, "schema": {"type": kind}}


RETRY = {"Retry-After": header("Seconds after which asking again makes sense.", "integer")}
RATE = {
    "RateLimit-Limit": header("Requests within the time that the limit names.", "integer"),
    "RateLimit-Remaining": header("Requests that are left.", "integer"),
    "RateLimit-Reset": header("Seconds until there are more.", "integer"),
}
HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": header("`Bearer`.")},
    429: {**RETRY, **RATE},
    503: RETRY,
}


def has_body(route: Route) -> bool:
    """Whether its request comes in a body, rather than in the query string."""
    return route.over != "websocket" and route.method.upper() != "GET"


def asks(route: Route) -> bool:
    """Whether its requests can begin a run: what it reads them as says so."""
    read = getattr(route.read, "__annotations__", {}).get("return", Ask)
    return Ask in (get_args(read) or (read,))


def parameters(route: Route) -> list[str]:
    """The names of what stands in braces in its path."""
    return PATH_PARAMETER.findall(route.path)


def responses(dialect: Dialect, route: Route, schema: str) -> Json:
    """The route's error responses by status, with the dialect's own bodies as examples.

    `schema` is the reference to the schema of an error's body.
    """
    traits = _traits(route)
    kinds: dict[int, list[type[errors.SluiceError]]] = {}
    for status, kind, needed in REFUSALS:
        if needed <= traits:
            kinds.setdefault(status or dialect.invalid_status, []).append(kind)
    return {
        str(status): _response(dialect, status, kinds[status], schema) for status in sorted(kinds)
    }


def body_schema() -> Json:
    """What the errors of all dialects have in common: each words the text in a field of its own."""
    return {
        "title": "ErrorBody",
        "type": "object",
        "properties": {
            "detail": {"description": "What is wrong, in words, or a list of what is wrong where."},
            "error": {"description": "The same, in the dialects that call it so."},
            "code": {"type": "string", "enum": sorted(errors.BY_CODE)},
            "field": {"type": "string", "description": "Of a resource's input, what is wrong."},
        },
        "required": ["code"],
    }


def _traits(route: Route) -> frozenset[str]:
    http, named = route.over != "websocket", {*parameters(route), *_fields(route.doc.request)}
    having = {
        "http": http,
        "asks": http and asks(route),
        "body": has_body(route),
        "names": http and bool(parameters(route) or NAMED & named),
        "place": http and bool(PLACES & named),
    }
    return frozenset({route.over, *(trait for trait, has in having.items() if has)})


def _fields(request: type | None) -> list[str]:
    return [] if request is None else [one.name for one in msgspec.structs.fields(request)]


def _response(
    dialect: Dialect, status: int, kinds: list[type[errors.SluiceError]], schema: str
) -> Json:
    codes = ", ".join(dict.fromkeys(f"`{kind.code}`" for kind in kinds))
    examples = {
        kind.__name__: {"summary": kind.text, "value": msgspec.json.decode(dialect.refuse(kind()))}
        for kind in kinds
    }
    return {
        "description": f"{PHRASES[status]}: {codes}.",
        "headers": HEADERS.get(status, {}),
        "content": {"application/json": {"schema": {"$ref": schema}, "examples": examples}},
    }
