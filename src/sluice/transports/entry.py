"""What every generating route asks before there is a run: who, how often, and whether once already.

Knows neither a dialect by name nor how its answer is sent.
"""

import hashlib
import secrets
from collections.abc import Callable

import msgspec

from sluice.core.commands import Ask, Attach, Once, Principal
from sluice.core.errors import InvalidRequest, NotFound, RateLimited, RunExpired, Unauthorized
from sluice.core.runs import Run
from sluice.dialects.base import Dialect, Inbound, Route
from sluice.services.chat import Chat
from sluice.services.identity import Doorman, Standing
from sluice.services.limits import Limits
from sluice.transports.asgi import Headers, Scope, Visit, header, query_of

KEY = 255  # characters of an Idempotency-Key, at most
VISITOR = "sluice_visitor"  # the cookie by which a stranger's browser is known
BAD_KEY = "invalid_key"  # the bucket of requests that show how an error arrives
DAY = 86_400


class Entry(msgspec.Struct, frozen=True):
    """The services behind the generating routes, and what a request may weigh, in bytes."""

    chat: Chat
    limits: Limits
    doorman: Doorman
    standing: Standing
    body_limit: int

    async def start(
        self, ask: Ask, dialect: Dialect, route: Route, visit: Visit, once: Once | None = None
    ) -> Run:
        """Begin a run, or join the one that answers the same request already.

        Raises what refuses it: what `Chat.start` does, `RateLimited`, `Unauthorized`.
        """
        who = admitted(visit, dialect)
        self.count(route.bucket, who, visit.headers)
        if ask.bad_key:
            self.count(BAD_KEY, who, [])
        if ask.thread is not None and ask.thread.name is not None:
            who = recognised(who, visit)
        run = await self.chat.start(ask, dialect.name, who, once)
        self.began(visit, run)
        return run

    def count(self, bucket: str, who: Principal, headers: Headers) -> None:
        """Count a request against its limit, and say how that stands. Raises `RateLimited`."""
        verdict = self.limits.take(bucket, who.caller)
        if verdict is None:
            return
        headers += [
            (b"ratelimit-limit", b"%d" % verdict.limit),
            (b"ratelimit-remaining", b"%d" % verdict.remaining),
            (b"ratelimit-reset", b"%d" % max(1, round(verdict.reset))),
        ]
        if not verdict.allowed:
            raise RateLimited(retry_after=max(1.0, verdict.reset))

    async def attach(self, command: Attach, dialect: Dialect, visit: Visit) -> Run | None:
        """A run that is there already: the one of an id, or the newest live one, if any."""
        who = admitted(visit, dialect)
        try:
            run = await self.chat.find(command.run, who) if command.run else self.chat.newest(who)
        except RunExpired:  # asked for by its address: nothing is there
            raise NotFound("There is no such run.") from None
        if run is not None:
            self.began(visit, run)
        return run

    async def resume(self, seen: str, visit: Visit) -> tuple[Run, int]:
        """The run of a `Last-Event-ID`, and the number of that event. Raises `RunExpired`."""
        id, _, seq = seen.rpartition(":")
        run = await self.chat.find(id, visit.who)
        if not (seq.isascii() and seq.isdigit() and len(seq) < 10):
            raise RunExpired
        self.began(visit, run)
        return run, int(seq)

    def watch(self, visit: Visit, lapsed: Callable[[], None]) -> Callable[[], None]:
        """Have `lapsed` called when who asks is no longer let in; returns what ends that."""
        who = visit.who
        return _nothing if who.id is None else self.standing.watch(who, lapsed)

    def began(self, visit: Visit, run: Run) -> None:
        """A ticket that began a run, or led to it first, will do to come back to it."""
        if visit.given is not None and visit.given.ticket is not None:
            self.doorman.began(visit.given, run.id)


def recognised(who: Principal, visit: Visit) -> Principal:
    """A stranger's browser, to be known again by a cookie: it names its sessions itself."""
    if who.id is not None or not who.browser or who.visitor is not None:
        return who
    visitor = secrets.token_urlsafe(16)
    secure = "; Secure" if visit.secure else ""
    cookie = f"{VISITOR}={visitor}; Path=/; Max-Age={DAY}; HttpOnly; SameSite=Lax{secure}"
    visit.headers.append((b"set-cookie", cookie.encode()))
    return msgspec.structs.replace(who, visitor=visitor)


def admitted(visit: Visit, dialect: Dialect) -> Principal:
    """Who asks, where this dialect is for them. Raises `Unauthorized`."""
    who = visit.who
    if who.id is None and (dialect.members or not who.welcome):
        raise Unauthorized
    return who


def last_event(scope: Scope) -> str | None:
    """The id of the last event that a client has seen, where it comes back."""
    return header(scope, b"last-event-id") or query_of(scope).get("last_event_id")


def once_of(scope: Scope, inbound: Inbound) -> Once | None:
    """What makes this request the same as another. Raises `InvalidRequest`."""
    key = header(scope, b"idempotency-key")
    if key is None:
        return None
    if len(key) > KEY or not (key.isascii() and key.isprintable()):
        raise InvalidRequest(f"Expected 1 to {KEY} ASCII characters", field="Idempotency-Key")
    about = hashlib.sha256(f"{scope['method']} {scope['path']}?".encode())
    about.update(scope["query_string"] + b"\0" + inbound.body)
    return Once(key, about.hexdigest())


def run_headers(run: Run) -> Headers:
    """What tells a client of its run, and of the session in which it is."""
    headers: Headers = [(b"x-run-id", run.id.encode())]
    if run.place is not None and run.place.name is not None:
        headers.append((b"x-session-id", run.place.name.encode()))
    return headers


def _nothing() -> None:
    """There is nothing to end."""
