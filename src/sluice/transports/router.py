"""Finds the route of a request: ours, which carry tokens, ahead of the framework's."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sluice.dialects.base import NOTHING
from sluice.transports.asgi import NOSNIFF, VISIT, App, Receive, Scope, Send, Visit, respond
from sluice.transports.gate import with_headers

Endpoint = Callable[[Scope, Receive, Send, Mapping[str, str]], Awaitable[None]]

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")  # ours, and as the framework writes them


class Way(NamedTuple):
    """An address, and what answers there. `method` is `WS` for a WebSocket."""

    method: str
    path: str
    endpoint: Endpoint


class Router:
    """Our own routes by a look into a table, all others to the framework.

    `theirs` are methods and paths of the framework's, so that a wrong method is answered alike.
    What begins with a prefix of `below` goes to the application that has it.
    """

    def __init__(
        self,
        ways: Iterable[Way],
        rest: App,
        below: Mapping[str, App],
        theirs: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._exact: dict[tuple[str, str], Endpoint] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Endpoint]] = []
        self._rest = rest
        self._below = tuple(below.items())
        methods: dict[str, list[str]] = {}
        for way in ways:
            methods.setdefault(way.path, []).append(way.method)
            if "{" in way.path:
                self._patterns.append((way.method, _pattern(way.path), way.endpoint))
            else:
                self._exact[way.method, way.path] = way.endpoint
        for method, path in theirs:
            methods.setdefault(path, []).append(method)
        self._methods = {path: those for path, those in methods.items() if "{" not in path}
        self._shapes = [(_pattern(path), those) for path, those in methods.items() if "{" in path]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # Not a coroutine itself: each that waits for the next costs every open stream its frame.
        if scope["type"] == "lifespan":
            return self._rest(scope, receive, send)
        method = "WS" if scope["type"] == "websocket" else scope["method"]
        endpoint = self._exact.get((method, scope["path"]))
        if endpoint is not None:
            return endpoint(scope, receive, send, NOTHING)
        for known, pattern, endpoint in self._patterns:
            if known == method and (found := pattern.fullmatch(scope["path"])):
                return endpoint(scope, receive, send, found.groupdict())
        for prefix, app in self._below:
            if scope["path"].startswith(prefix):
                return app(scope, receive, send)
        visit: Visit = scope[VISIT]
        allowed = self._allowed(scope["path"]) if method != "WS" else []
        if allowed and method not in allowed:
            return _explain(send, method, allowed, visit)
        return self._rest(scope, receive, with_headers(send, [NOSNIFF, *visit.headers]))

    def _allowed(self, path: str) -> list[str]:
        """The methods with which this address can be asked for; none where nothing is known."""
        if path in self._methods:
            return self._methods[path]
        return [
            method
            for pattern, methods in self._shapes
            if pattern.fullmatch(path)
            for method in methods
        ]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(PARAMETER.sub(r"(?P<\1>[^/]+)", path))


def _explain(send: Send, method: str, allowed: Sequence[str], visit: Visit) -> Awaitable[None]:
    """What can be done at an address, to who asks for it, or has done something else there."""
    if "WS" in allowed and method == "GET":
        body = b'{"detail":"This address is for WebSockets.","code":"invalid_request"}'
        upgrade = [(b"upgrade", b"websocket"), (b"connection", b"upgrade")]
        return respond(send, 426, body, visit, upgrade)
    methods = ["GET" if one == "WS" else one for one in allowed]
    allow = (b"allow", ", ".join(methods).encode())
    if method == "OPTIONS":
        return respond(send, 204, b"", visit, [allow])
    body = b'{"detail":"Method not allowed.","code":"invalid_request"}'
    return respond(send, 405, body, visit, [allow])
