"""How a request says who asks, as an OpenAPI document words it. Pure; decides nothing.

https://spec.openapis.org/oas/v3.1.0#security-requirement-object
"""

from typing import Any

from sluice.transports.credentials import COOKIE

Json = dict[str, Any]
Security = list[dict[str, list[str]]]

SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token, or a personal API key (`sk-sluice-…`).",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The session of a page of this server. Over https its name begins with "
        "`__Host-`. What changes something also carries the header `X-Sluice-Request`.",
    },
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "For clients that can set no header: single use, good for 30 seconds; made "
        "by `POST /api/v1/auth/ticket`.",
    },
}

MEMBERS: Security = [{"bearer": []}, {"cookie": []}]
TICKETS: Security = [*MEMBERS, {"ticket": []}]
NOBODY: dict[str, list[str]] = {}  # what strangers bring

# Resources for which nobody needs to be signed in; all others say so themselves.
OPEN = frozenset(
    {
        "GET /health",
        "GET /livez",
        "GET /readyz",
        "GET /metrics",
        "GET /api/flows",
        "GET /api/v1/about",
        "GET /api/stream/health",
        "POST /api/v1/auth/register",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/refresh",
        "POST /api/v1/auth/session",
    }
)


def optional(known: Security) -> Security:
    """The same, or nothing at all: strangers may come, where the operator lets them."""
    return [NOBODY, *known]
