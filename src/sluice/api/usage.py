"""What somebody has used, as a resource."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, Meta, UnsetType

from sluice.api.bodies import member, query
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest
from sluice.services.usage import Group, Grouping, Taken, UsageReport

Moment = Annotated[str, Meta(max_length=40)]


class WantedUsage(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """Which usage: of the days from `from` to `to`, both included, or between two times.

    Days are UTC's. Unless told, the last 30 days; 400 at most.
    """

    start: Annotated[Moment, Meta(description="A day, as 2026-11-01, or a time.")] = ""
    end: Annotated[Moment, Meta(description="A day, which is included, or a time.")] = ""
    group_by: Grouping = "day"


class UsageItem(Taken, frozen=True):
    """What was used on one `day`, as 2026-11-21, or of one `model`."""

    day: str | UnsetType = UNSET
    model: str | UnsetType = UNSET


class Usage(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """What was used from `from` up to `to`, which is not included.

    Days on which nothing was are left out. Of more than 500 models, those that took most are
    listed; `total` is of all.
    """

    start: datetime
    end: datetime
    group_by: Grouping
    items: list[UsageItem]
    total: Taken


def usage(report: UsageReport) -> HTTPRouteHandler:
    """`GET /api/v1/usage`."""

    @get(
        "/api/v1/usage",
        summary="What one has used: tokens and money",
        tags=["usage"],
        operation_class=taking(query=WantedUsage),
        responses=refusals(401, 403, 422),
        response_headers=PRIVATE,
    )
    async def show(request: AnyRequest) -> Usage:
        owner, _ = member(request)
        wanted = query(request, WantedUsage)
        books = await report.show(owner, wanted.start, wanted.end, wanted.group_by)
        items = [_item(group, wanted.group_by) for group in books.groups]
        return Usage(books.span.start, books.span.end, wanted.group_by, items, books.total)

    return show


def _item(group: Group, by: Grouping) -> UsageItem:
    day, model = (group.key, UNSET) if by == "day" else (UNSET, group.key)
    return UsageItem(**msgspec.structs.asdict(group.taken), day=day, model=model)
