"""The pages, and the chat page's files: which address has which, and under which policy.

All are read once, at the start, and sent from memory: a name that is not in the table is nowhere.
No page has an inline script, or anything from elsewhere.
"""

import gzip
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from litestar import get
from litestar.handlers import HTTPRouteHandler

from sluice.transports.asgi import VISIT, Headers, Receive, Scope, Send, Visit
from sluice.transports.router import Endpoint, Way
from sluice.transports.static import PLAIN, Static, raw

PAGES = Path(__file__).parent.parent / "page"
BUILT = "built"  # below it, what `web/` is built into
STRICT = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
SWAGGER = STRICT + "; img-src 'self' data:"
SHELL = STRICT + "; require-trusted-types-for 'script'; trusted-types 'none'"
HEADERS = {"referrer-policy": "no-referrer", "cache-control": "no-cache"}
DENIED = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")
ALOOF = {"cross-origin-resource-policy": "same-origin"}
SHELL_HEADERS = {
    **HEADERS,
    **ALOOF,
    "content-security-policy": SHELL,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": ", ".join(f"{feature}=()" for feature in DENIED),
}
FOREVER = "public, max-age=31536000, immutable"  # a name that holds a hash of the content
VIEWS = ("/", "/usage", "/settings", "/admin", "/playground")
CONVERSATION = "/c/{id}"  # a level deeper
SUFFIXES = {"br": ".br", "gzip": ".gz"}  # of what the build has left beside a text
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
TEXT = "text/plain; charset=utf-8"
ABSENT = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sluice</title>
<h1>The chat page has not been built</h1>
<p>The server is there, and so are its APIs. <code>make serve</code> builds the page and starts the
server; <code>make setup</code> only builds it.</p>
<p><a href="docs">API</a></p>
"""


def pages(folder: Path = PAGES) -> list[Way]:
    """All that browsers load."""
    found = dict(_plain(folder))
    found["/docs"] = _static(folder / "docs.html", _policy(SWAGGER))
    found |= _built(folder / BUILT)
    return [
        Way(method, path, endpoint)
        for path, endpoint in found.items()
        for method in ("GET", "HEAD")
    ]


def page(name: str) -> tuple[bytes, Headers]:
    """One of the pages, and the headers with which it goes out, for who sends it himself."""
    more = {"content-type": KINDS[".html"], "x-content-type-options": "nosniff"}
    return (PAGES / name).read_bytes(), raw({**_policy(STRICT), **more})


def described(document: Callable[[], dict[str, Any]]) -> HTTPRouteHandler:
    """`GET /openapi.json`, made when first asked for."""
    made = cache(document)

    @get("/openapi.json", include_in_schema=False, sync_to_thread=False)
    def describe() -> dict[str, Any]:
        return made()

    return describe


def _policy(policy: str) -> dict[str, str]:
    return {**HEADERS, "content-security-policy": policy}


def _plain(folder: Path) -> Iterator[tuple[str, Endpoint]]:
    """The pages that need no build."""
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if path.is_file() and inside.parts[0] != BUILT:
            yield f"/{inside.as_posix()}", _static(path, _policy(STRICT))


def _built(folder: Path) -> Mapping[str, Endpoint]:
    """The chat page; where it is missing, its addresses say so."""
    index = folder / "index.html"
    if not index.exists():
        return dict.fromkeys((*VIEWS, CONVERSATION), _absent)
    found: dict[str, Endpoint] = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in SUFFIXES.values() and path.name[0] != ".":
            inside = path.relative_to(folder).as_posix()
            kept = {"cache-control": FOREVER} if inside.startswith("assets/") else {}
            found[f"/{inside}"] = _static(path, {**_policy(STRICT), **ALOOF, **kept})
    del found["/index.html"]
    found |= dict.fromkeys(VIEWS, _static(index, SHELL_HEADERS))
    found[CONVERSATION] = _deeper(index.read_bytes())
    return found


def _static(path: Path, headers: Mapping[str, str]) -> Static:
    forms = {PLAIN: path.read_bytes()}
    for encoding, suffix in SUFFIXES.items():
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            forms[encoding] = beside.read_bytes()
    return Static(forms, KINDS.get(path.suffix, TEXT), headers)


def _deeper(shell: bytes) -> Static:
    """The same for an address one level deeper: the server may live below a path of a proxy's,
    so links are relative, and the policy forbids a `<base>`.
    """
    text = shell.replace(b'="./', b'="../')
    return Static(
        {PLAIN: text, "gzip": gzip.compress(text, mtime=0)}, KINDS[".html"], SHELL_HEADERS
    )


async def _absent(scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]) -> None:
    visit: Visit = scope[VISIT]
    more = {
        **_policy(STRICT),
        "content-type": KINDS[".html"],
        "content-length": str(len(ABSENT)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    headers = [*raw(more), *visit.headers]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else ABSENT
    await send({"type": "http.response.body", "body": body})
