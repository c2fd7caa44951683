"""Puts the addresses together: every dialect's routes, the plain resources, the pages."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig

from sluice.api.errors import bug, ours, theirs
from sluice.api.openapi import document
from sluice.api.pages import described, page, pages
from sluice.core.errors import SluiceError
from sluice.dialects import chat, conversations, flows, interactions, openai, query
from sluice.dialects.base import Dialect, Route
from sluice.dialects.chat_socket import EMITTED
from sluice.dialects.fastapi import refuse
from sluice.graphql.door import graphql
from sluice.graphql.http import Page
from sluice.resources import Parts, handlers, shelf
from sluice.services.limits import Limits, Rate
from sluice.services.windows import MovingWindows, parse_rate
from sluice.settings import BadSetting, Settings
from sluice.transports.asgi import App
from sluice.transports.either import Either
from sluice.transports.entry import Entry
from sluice.transports.gate import SOCKETS, Gate, Policy
from sluice.transports.pulse import Pulse
from sluice.transports.router import Endpoint, Router, Way
from sluice.transports.socketio import SocketIO
from sluice.transports.sse import EventStream
from sluice.transports.throttle import Throttle
from sluice.transports.websocket import Socket
from sluice.transports.whole import WholeAnswer
from sluice.version import VERSION

INTERACTIONS = interactions.dialect(time.time)
DIALECTS: tuple[Dialect, ...] = (
    query.DIALECT,
    chat.DIALECT,
    conversations.DIALECT,
    conversations.RUNS,
    INTERACTIONS,
    flows.DIALECT,
    openai.DIALECT,
)
EACH = "*"  # every generating route that names no bucket
RATES = {
    EACH: "60/minute",
    "chat_stream": "30/minute",
    "chat": "60/minute",
    "conversations": "60/minute",
    "interactions": "60/minute",
    "invalid_key": "5/minute",
    "media": "60/minute",
    "register": "10/minute",
    "resources": "600/minute",
}


class Site(msgspec.Struct, frozen=True):
    """The whole server as one ASGI application, without its lifespan; and what closes it."""

    app: App
    close: Callable[[], Awaitable[None]]


def build(parts: Parts, policy: Policy) -> Site:
    """Put it all together. Raises `BadSetting`."""
    settings = parts.house.settings
    doorman = parts.people.doorman
    entry = Entry(
        parts.house.chat, limits_of(settings), doorman, parts.people.watchman, settings.body_limit
    )
    pulse = Pulse(settings.heartbeat, settings.stall)
    ways = [
        Way("WS" if route.over == "websocket" else route.method, route.path, endpoint)
        for dialect in DIALECTS
        for route in dialect.routes
        for endpoint in (_endpoint(dialect, route, entry, pulse),)
    ]
    ways += graphql(
        INTERACTIONS, entry, pulse, shelf(parts), Page(*page("graphql.html")),
        introspection=settings.graphql_introspection,
    )  # fmt: skip
    generating = frozenset(way.path for way in ways if way.method == "GET")
    ways += pages()
    sockets = SocketIO(EMITTED, entry, pulse, time.time)
    resources = handlers(parts)
    theirs = [
        (method, path) for one in resources for path in one.paths for method in one.http_methods
    ]
    rest = Throttle(_framework(resources, settings.body_limit), entry.count, refuse)
    router = Router(ways, rest, {SOCKETS: sockets}, theirs)
    return Site(Gate(router, policy, generating.__contains__, doorman), sockets.close)


def rates_of(settings: Settings) -> dict[str, str]:
    """How often what may be asked for, by bucket; nothing where that is not limited.

    Raises `BadSetting`.
    """
    if not settings.rate_limit_enabled:
        return {}
    rates = dict(RATES)
    for item in settings.rate_limits:
        bucket, _, text = (part.strip() for part in item.partition("="))
        if bucket not in RATES and not bucket.startswith("/"):
            known = ", ".join(RATES)
            raise BadSetting(f"SLUICE_RATE_LIMITS: the buckets are {known}, and paths of routes")
        rates[bucket] = text
    return rates


def limits_of(settings: Settings) -> Limits:
    """The same, ready to count. Raises `BadSetting`."""
    rates = {bucket: _rate(text) for bucket, text in rates_of(settings).items()}
    return Limits(MovingWindows(time.monotonic), rates, rates.get(EACH))


def _rate(text: str) -> Rate:
    try:
        return parse_rate(text)
    except ValueError as problem:
        raise BadSetting(f"SLUICE_RATE_LIMITS: {problem}") from None


def _endpoint(dialect: Dialect, route: Route, entry: Entry, pulse: Pulse) -> Endpoint:
    match route.over:
        case "sse":
            kind = EventStream if route.whole is None else Either
            return kind(dialect, route, entry, pulse)
        case "json":
            return WholeAnswer(dialect, route, entry)
        case "websocket":
            return Socket(dialect, route, entry, pulse, time.time)


def _framework(resources: Sequence[HTTPRouteHandler], body_limit: int) -> App:
    """Litestar's application, with a document of all there is."""

    def describe() -> dict[str, Any]:
        bare = Litestar(
            resources, openapi_config=OpenAPIConfig("Sluice", VERSION), logging_config=None
        )
        return document(DIALECTS, version=VERSION, extra=bare.openapi_schema.to_schema())

    app: Any = Litestar(
        [*resources, described(describe)],
        openapi_config=None,
        exception_handlers={SluiceError: ours, HTTPException: theirs, Exception: bug},
        logging_config=None,
        request_max_body_size=body_limit,
    )
    return app
