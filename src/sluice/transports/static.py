"""Files of the server's own, sent from memory. Knows no page, and asks no disk.

Encodings and conditions are those of RFC 9110, 12.5.3 and 13.1.2.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from sluice.transports.asgi import VISIT, Headers, Receive, Scope, Send, Visit, header

PLAIN = "identity"
ENCODINGS = ("br", "gzip")  # the shortest first


class Form(msgspec.Struct, frozen=True):
    """A file in one encoding. `about` are headers that tell of the body, and go with it only."""

    body: bytes
    etag: str
    about: Headers


class Static:
    """A file, to be had by `GET` and `HEAD`. `forms` are its bytes by encoding; one is plain."""

    def __init__(self, forms: Mapping[str, bytes], kind: str, headers: Mapping[str, str]) -> None:
        self._forms = {encoding: _form(encoding, body, kind) for encoding, body in forms.items()}
        # `Origin`, since the gate answers pages from elsewhere with headers of their own.
        vary = "Accept-Encoding, Origin" if len(forms) > 1 else "Origin"
        self._headers = raw({**headers, "vary": vary, "x-content-type-options": "nosniff"})

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
    ) -> None:
        visit: Visit = scope[VISIT]
        form = self._forms[chosen(header(scope, b"accept-encoding") or "", self._forms)]
        known = has(header(scope, b"if-none-match") or "", form.etag)
        headers = [*self._headers, (b"etag", form.etag.encode()), *visit.headers]
        if not known:
            headers += form.about
        status = 304 if known else 200
        body = b"" if known or scope["method"] == "HEAD" else form.body
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def raw(headers: Mapping[str, str]) -> Headers:
    """Headers as they go out."""
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def chosen(accepted: str, there: Mapping[str, object]) -> str:
    """The encoding for who sends this `Accept-Encoding`; the plain one where nothing is said."""
    taken: set[str] = set()
    for item in accepted.lower().split(","):
        name, _, rest = item.partition(";")
        if rest.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}:
            taken.add(name.strip())
    return next((one for one in ENCODINGS if one in taken and one in there), PLAIN)


def has(said: str, etag: str) -> bool:
    """Whether who sends this `If-None-Match` has what is named so."""
    tags = {tag.strip().removeprefix("W/") for tag in said.split(",")}
    return etag in tags or "*" in tags


def _form(encoding: str, body: bytes, kind: str) -> Form:
    about = {"content-type": kind, "content-length": str(len(body))}
    if encoding != PLAIN:
        about["content-encoding"] = encoding
    return Form(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', raw(about))
