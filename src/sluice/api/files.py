"""One's files as a list. How they come, go out and are deleted is in `media.py`."""

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from sluice.api.bodies import Cursor, Limit, member, query
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest
from sluice.services.conversations.shapes import Page
from sluice.services.media.library import Library
from sluice.services.media.shapes import OwnFile


class WantedFiles(msgspec.Struct, frozen=True):
    """Which files."""

    limit: Limit = 50
    cursor: Cursor | None = None


def files(library: Library) -> HTTPRouteHandler:
    """`GET /api/v1/media`."""

    @get(
        "/api/v1/media",
        summary="One's files, the newest first",
        description="Those that were uploaded, and those that were fetched for a message. "
        "`DELETE /api/media/{media_id}` deletes one.",
        tags=["interactions"],
        operation_class=taking(query=WantedFiles),
        responses=refusals(401, 403, 422),
        response_headers=PRIVATE,
    )
    async def listed(request: AnyRequest) -> Page[OwnFile]:
        owner, _ = member(request)
        wanted = query(request, WantedFiles)
        return await library.list(owner, wanted.limit, wanted.cursor)

    return listed
