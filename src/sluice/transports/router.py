"""Finds the route of a request: ours, which carry tokens, ahead of the framework's."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple

from sluice.dialects.base import NOTHING
from sluice.transports.asgi import VISIT, App, Receive, Scope, Send, Visit, respond
from sluice.transports.gate import with_headers

Endpoint = Callable[[Scope, Receive, Send, Mapping[str, str]], Awaitable[None]]

PARAMETER = re.compile(r"\{(\w+)\}")


class Way(NamedTuple):
    """An address, and what answers there. `method` is `WS` for a WebSocket."""

    method: str
    path: str
    endpoint: Endpoint


class Router:
    """Our own routes by a look into a table, all others to the framework.

    What begins with a prefix of `below` goes to the application that has it.
    """

    def __init__(self, ways: Iterable[Way], rest: App, below: Mapping[str, App]) -> None:
        self._exact: dict[tuple[str, str], Endpoint] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Endpoint]] = []
        self._rest = rest
        self._below = tuple(below.items())
        for way in ways:
            if "{" in way.path:
                pattern = re.compile(PARAMETER.sub(r"(?P<\1>[^/]+)", way.path))
                self._patterns.append((way.method, pattern, way.endpoint))
            else:
                self._exact[way.method, way.path] = way.endpoint

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
        if method != "WS" and (allowed := self._allowed(scope["path"])):
            body = b'{"detail":"Method not allowed.","code":"invalid_request"}'
            return respond(send, 405, body, visit, [(b"allow", ", ".join(allowed).encode())])
        return self._rest(scope, receive, with_headers(send, visit.headers))

    def _allowed(self, path: str) -> list[str]:
        """The methods with which this address can be asked for, in HTTP."""
        exact = [method for method, known in self._exact if known == path]
        others = [method for method, pattern, _ in self._patterns if pattern.fullmatch(path)]
        return [method for method in (*exact, *others) if method != "WS"]
