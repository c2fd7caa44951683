"""The pages, as files: no build, no inline script, nothing from elsewhere."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from litestar import MediaType, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType]

PAGES = Path(__file__).parent.parent / "page"
STRICT = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
SWAGGER = STRICT + "; img-src 'self' data:"
HEADERS = {
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def pages() -> Router:
    """Everything in the pages' folder, at the root; `index.html` is the root itself."""

    def protect(response: Response[Any]) -> Response[Any]:
        response.headers.update({**HEADERS, "content-security-policy": STRICT})
        return response

    return create_static_files_router(
        "/", directories=[PAGES], html_mode=True, after_request=protect, include_in_schema=False
    )


def page(name: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """One of the pages, and the headers with which it goes out, for who sends it himself."""
    headers = {
        **HEADERS,
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": STRICT,
        "x-content-type-options": "nosniff",
    }
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    return (PAGES / name).read_bytes(), raw


def docs(document: Callable[[], dict[str, Any]]) -> Sequence[HTTPRouteHandler]:
    """`GET /docs`: Swagger UI; `GET /openapi.json`: what it shows, made when first asked for."""
    made = cache(document)
    page = (PAGES / "docs.html").read_bytes()
    headers = {**HEADERS, "content-security-policy": SWAGGER}

    @get("/docs", include_in_schema=False, sync_to_thread=False)
    def show() -> Response[bytes]:
        return Response(page, media_type=MediaType.HTML, headers=headers)

    @get("/openapi.json", include_in_schema=False, sync_to_thread=False)
    def describe() -> dict[str, Any]:
        return made()

    return show, describe
