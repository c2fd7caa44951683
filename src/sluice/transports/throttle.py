"""Limits how often plain resources are asked for. Generating routes count by themselves."""

from collections.abc import Awaitable, Callable

from sluice.core.commands import Principal
from sluice.core.errors import RateLimited, SluiceError
from sluice.transports.asgi import VISIT, App, Headers, Receive, Scope, Send, Visit, advice, respond
from sluice.transports.status import status_of

Count = Callable[[str, Principal, Headers], None]
Words = Callable[[SluiceError], bytes]

API = ("/api/", "/graphql")  # pages, documents and probes are not counted
RESOURCES = "resources"
# Those that cost more, or are worth guessing at: method and path, and the bucket that counts them.
TIGHTER = {("POST", "/api/v1/auth/register"): "register", ("POST", "/api/media"): "media"}


class Throttle:
    """Stands before the framework's application. `words` puts an error into a body."""

    def __init__(self, app: App, count: Count, words: Words) -> None:
        self._app = app
        self._count = count
        self._words = words

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        visit: Visit | None = scope.get(VISIT)
        if visit is None or scope["type"] != "http" or not scope["path"].startswith(API):
            return self._app(scope, receive, send)
        who = visit.stranger if isinstance(visit.found, SluiceError) else visit.found
        try:
            self._count(
                TIGHTER.get((scope["method"], scope["path"]), RESOURCES), who, visit.headers
            )
        except RateLimited as error:
            status = status_of(error, 422)
            return respond(send, status, self._words(error), visit, advice(error))
        return self._app(scope, receive, send)
