"""What browsers are told of pages from elsewhere that may call. Decides nothing.

Fetch standard: https://fetch.spec.whatwg.org/#http-cors-protocol.
"""

from sluice.transports.asgi import Headers, Send

ALLOWED: Headers = [
    (b"access-control-allow-methods", b"GET, POST, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Last-Event-ID, Idempotency-Key",
    ),
    (b"access-control-max-age", b"600"),
]
ALLOWED_TRUSTED: Headers = [
    (name, value + b", X-Sluice-Request" if name.endswith(b"headers") else value)
    for name, value in ALLOWED
]
EXPOSED = (
    b"access-control-expose-headers",
    b"X-Run-Id, X-Session-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset",
)


def allowing(origin: str, trusted: bool) -> Headers:
    """The headers of an answer to a page of this origin; one that is trusted may send cookies."""
    headers = [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"vary", b"Origin"),
        EXPOSED,
    ]
    if trusted:
        headers.append((b"access-control-allow-credentials", b"true"))
    return headers


async def preflight(send: Send, cors: Headers, trusted: bool) -> None:
    """Answer what a browser asks before it lets a page call; no `cors`: the page may not.

    One that is trusted may use the session's cookie, and so its header.
    """
    allowed = ALLOWED_TRUSTED if trusted else ALLOWED
    headers = [*cors, *allowed] if cors else [(b"vary", b"Origin")]
    status = 204 if cors else 403
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
