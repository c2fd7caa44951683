"""What stands before every route: `Host`, origins, forwarding headers, and who may come in."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import msgspec

from sluice.core.commands import Principal
from sluice.core.errors import Forbidden, SluiceError, Unauthorized
from sluice.services.identity import Credentials, Doorman
from sluice.transports.asgi import VISIT, App, Headers, Message, Receive, Scope, Send, Visit, header
from sluice.transports.cors import allowing, preflight
from sluice.transports.credentials import COOKIE, MARK, SECURE_COOKIE, cookies_of, credentials_of
from sluice.transports.entry import VISITOR

Network = IPv4Network | IPv6Network

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
PROBES = frozenset({"/livez", "/readyz"})  # asked by address, from wherever an orchestrator sits
SOCKETS = "/socket.io/"  # its polling is a connection too, and its handshake is judged as one
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SCHEMES = frozenset({"http", "https", "ws", "wss"})
BROWSERS = frozenset({b"origin", b"sec-fetch-site"})  # what only browsers send
MEANT = "A request with a cookie must come from a page of this server, with its own header."
OVER = "; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
GOODBYE: Headers = [
    (b"set-cookie", f"{COOKIE}={OVER}".encode()),
    (b"set-cookie", f"{SECURE_COOKIE}={OVER}; Secure".encode()),
]
log = logging.getLogger("sluice.gate")


class Policy(msgspec.Struct, frozen=True):
    """Who may come in.

    `loopback`   the server listens on this machine only
    `hosts`      names that are answered; empty: any name, or on loopback the loopback names
    `origins`    of pages from elsewhere; may hold `*` and `null`
    `proxies`    whose forwarding headers are believed
    `anonymous`  strangers are welcome; None: on loopback, unless a proxy stands before it
    """

    loopback: bool = True
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    proxies: tuple[Network, ...] = ()
    anonymous: bool | None = None


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks as written in settings. Raises `ValueError`."""
    return tuple(ip_network(name, strict=False) for name in names)


def is_loopback(host: str) -> bool:
    """Whether a name or address to listen on is this machine's own."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Gate:
    """The outermost application: lets a request pass with a `Visit`, or turns it away."""

    def __init__(
        self, app: App, policy: Policy, generating: Callable[[str], bool], doorman: Doorman
    ) -> None:
        self._app = app
        self._policy = policy
        self._generating = generating
        self._doorman = doorman
        self._warned = False

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # Not a coroutine itself: each that waits for the next costs every open stream its frame.
        if scope["type"] == "lifespan":
            return self._app(scope, receive, send)
        origin = header(scope, b"origin")
        listed = origin is not None and self._listed(origin)
        if (reason := self._refusal(scope, origin, listed)) is not None:
            return _turn_away(scope, send, reason)
        trusted = origin in self._policy.origins
        cors = allowing(origin, trusted) if origin is not None and listed else []
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and origin is not None:
            return preflight(send, cors, trusted)
        return self._identify(scope, receive, send, origin, cors)

    def _identify(
        self, scope: Scope, receive: Receive, send: Send, origin: str | None, cors: Headers
    ) -> Awaitable[None]:
        """Find out who asks: at once where that can be known, and where nobody says so."""
        stranger = self._stranger(scope)
        given = credentials_of(scope)
        found: Principal | SluiceError | None = stranger
        if given is not None:
            spoken = given.bearer is not None or given.ticket is not None
            meant = spoken or self._meant(scope, origin)
            found = self._doorman.known(given, stranger) if meant else Forbidden(MEANT)
            if found is None:
                return self._ask(scope, receive, send, cors, given, stranger)
        return self._enter(
            scope, receive, send, Visit(found, cors, given, stranger, _secure(scope))
        )

    def _enter(self, scope: Scope, receive: Receive, send: Send, visit: Visit) -> Awaitable[None]:
        scope[VISIT] = visit
        if isinstance(visit.found, Unauthorized) and visit.given and visit.given.cookie:
            visit.headers.extend(GOODBYE)  # a script could not take it away
        return self._app(scope, receive, send)

    async def _ask(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        cors: Headers,
        given: Credentials,
        stranger: Principal,
    ) -> None:
        found = await self._doorman.identify(given, stranger)
        await self._enter(scope, receive, send, Visit(found, cors, given, stranger, _secure(scope)))

    def _refusal(self, scope: Scope, origin: str | None, listed: bool) -> bytes | None:
        """Why a request is turned away, if it is."""
        if not self._known_host(scope):
            return b"This host name is not served here."
        if listed:
            return None
        if scope["type"] == "websocket" or scope["path"].startswith(SOCKETS):
            ours = origin is None or self._same(origin, scope)
            return None if ours else b"This origin may not call."
        return b"A page from elsewhere may not spend tokens." if self._tricked(scope) else None

    def _stranger(self, scope: Scope) -> Principal:
        """Who asks, as far as that shows without credentials."""
        address, direct, placed = self._address(scope)
        welcome = self._policy.anonymous
        if welcome is None:
            welcome = self._policy.loopback and direct
        if not direct:
            scope["scheme"] = self._scheme(scope)
        return Principal(
            welcome=welcome,
            address=address,
            direct=direct,
            placed=placed,
            browser=any(key in BROWSERS for key, _ in scope["headers"]),
            visitor=cookies_of(scope).get(VISITOR),
        )

    def _meant(self, scope: Scope, origin: str | None) -> bool:
        """Whether a request that a cookie speaks for comes from a page of ours.

        A browser adds cookies to whatever a stranger's page makes it ask. What changes something
        must name an origin that is ours or listed, and carry a header that only scripts can set;
        a `GET` that generates must be from the same origin.
        """
        if scope["type"] == "websocket":
            return origin is not None and self._trusts(origin, scope)
        if header(scope, MARK) is not None:
            return origin is None or self._trusts(origin, scope)
        if scope["method"] not in SAFE:
            return False
        same = header(scope, b"sec-fetch-site") == "same-origin"
        return same or not self._generating(scope["path"])

    def _trusts(self, origin: str, scope: Scope) -> bool:
        return self._same(origin, scope) or origin in self._policy.origins

    def _known_host(self, scope: Scope) -> bool:
        hosts = self._policy.hosts
        if scope["path"] in PROBES or (not hosts and not self._policy.loopback):
            return True
        name = _host_name(header(scope, b"host") or "")
        return name in hosts or (self._policy.loopback and name in LOOPBACK_NAMES)

    def _listed(self, origin: str) -> bool:
        """Whether pages of this origin may call."""
        if origin in self._policy.origins or "*" in self._policy.origins:
            return True
        return self._policy.loopback and _split(origin)[1] in LOOPBACK_NAMES

    def _same(self, origin: str, scope: Scope) -> bool:
        host = header(scope, b"host")
        return host is not None and _split(origin)[0] == host.lower()

    def _tricked(self, scope: Scope) -> bool:
        """An image tag on a stranger's page, say, that would start a run."""
        if scope["method"] != "GET" or not self._generating(scope["path"]):
            return False
        return header(scope, b"sec-fetch-site") == "cross-site"

    def _address(self, scope: Scope) -> tuple[str, bool, bool]:
        """Where a request comes from; whether directly, without a proxy between; and whether that
        address is the client's own, rather than that of a proxy which is not trusted.
        """
        peer = (scope.get("client") or ("", 0))[0]
        # Some proxies append to the header, some add another one: the last hop is the last of all.
        hops = [hop for line in _all(scope, b"x-forwarded-for") for hop in line.split(",")]
        if not hops and header(scope, b"forwarded") is None:
            return peer, True, True
        if self._policy.loopback and self._policy.anonymous is None and not self._warned:
            self._warned = True
            log.warning("proxy seen: what comes through it gets none of the loopback defaults")
        hops = [hop.strip() for hop in hops if hop.strip()]
        while hops and self._trusted(peer):
            peer = hops.pop()
        return peer, False, not hops and not self._trusted(peer)

    def _scheme(self, scope: Scope) -> str:
        """`https` where a trusted proxy has been asked by it."""
        peer = (scope.get("client") or ("", 0))[0]
        said = (header(scope, b"x-forwarded-proto") or "").rpartition(",")[2].strip().lower()
        return said if self._trusted(peer) and said in SCHEMES else scope.get("scheme", "http")

    def _trusted(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._policy.proxies)


def _secure(scope: Scope) -> bool:
    return scope.get("scheme") in {"https", "wss"}


def _host_name(host: str) -> str:
    """The name in a `Host` header: without the port, in lower case."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


def _split(origin: str) -> tuple[str, str]:
    """The `host:port` and the host of an origin, in lower case; nothing where it makes no sense."""
    try:
        parts = urlsplit(origin)
        return parts.netloc.lower(), parts.hostname or ""
    except ValueError:
        return "", ""


def _all(scope: Scope, name: bytes) -> list[str]:
    """The values of all headers of this lower-case name, in their order."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


async def _turn_away(scope: Scope, send: Send, reason: bytes) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": ""})  # a 403, before accept
        return
    body = b'{"detail":"%b","code":"forbidden"}' % reason
    headers = [
        (b"content-type", b"application/json"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def with_headers(send: Send, extra: Headers) -> Send:
    """A `send` that adds headers to the response's start: for resources, never for streams."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return sending
