"""What a request brings to say who asks: a bearer, a ticket, or the cookie of a session."""

from urllib.parse import parse_qs

from sluice.services.identity import Credentials
from sluice.transports.asgi import Scope, header

COOKIE = "sluice_session"
SECURE_COOKIE = "__Host-sluice_session"  # what browsers take over https only, and from us only
MARK = b"x-sluice-request"  # a header that no form and no image can set
TICKET = b"ticket="
LONGEST = 8 << 10  # characters of a credential that are looked at


def credentials_of(scope: Scope) -> Credentials | None:
    """What the request brought; None where it brought nothing."""
    bearer = _bearer(scope)
    ticket = None if bearer is not None else _ticket(scope)
    if bearer is not None:
        return Credentials(bearer=bearer)
    if ticket is not None:
        return Credentials(ticket=ticket, run=_resumed(scope))
    cookies = cookies_of(scope)
    cookie = cookies.get(SECURE_COOKIE) or cookies.get(COOKIE)
    return None if cookie is None else Credentials(cookie=cookie)


def cookies_of(scope: Scope) -> dict[str, str]:
    """The request's cookies, the first of each name."""
    found: dict[str, str] = {}
    for key, value in scope["headers"]:
        if key == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                name, is_there, text = pair.strip().partition("=")
                if is_there:
                    found.setdefault(name, text)
    return found


def _bearer(scope: Scope) -> str | None:
    """From the header; over a WebSocket also from the sub-protocols: `bearer, <token>`."""
    kind, _, token = (header(scope, b"authorization") or "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()[:LONGEST]
    offered: list[str] = scope.get("subprotocols", [])
    if len(offered) >= 2 and offered[0] == "bearer":
        return offered[1][:LONGEST]
    return None


def _ticket(scope: Scope) -> str | None:
    if TICKET not in scope["query_string"]:
        return None
    values = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return values["ticket"][-1][:LONGEST] if "ticket" in values else None


def _resumed(scope: Scope) -> str | None:
    """The run that the client comes back to."""
    seen = header(scope, b"last-event-id")
    if seen is None:
        values = parse_qs(scope["query_string"].decode("latin-1"))
        seen = values.get("last_event_id", [""])[-1]
    return seen.rpartition(":")[0] or None
