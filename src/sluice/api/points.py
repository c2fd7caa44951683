"""Points: what users have, and what administrators give."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody
from msgspec import Meta

from sluice.api.bodies import Limit, known, member, query, read
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest, visit_of
from sluice.services.accounts.administration import administrator
from sluice.services.accounts.audit import Audit
from sluice.services.points import GRANTED, LONGEST, MOST, Points


class WantedPoints(msgspec.Struct, frozen=True):
    """How much of the ledger."""

    limit: Limit = 50


class LedgerEntry(msgspec.Struct, frozen=True):
    """A line of the ledger. `amount` is below zero for what was paid, for the run `run_id`.

    `kind` is `grant` or `charge`.
    """

    at: datetime
    kind: str
    amount: int
    run_id: str | None
    note: str


class PointsHeld(msgspec.Struct, frozen=True):
    """What one has: `balance` is the sum of the ledger, of which runs that go on hold `reserved`.

    `entries` are the newest lines of the ledger, the newest first.
    """

    balance: int
    reserved: int
    entries: list[LedgerEntry]


class Grant(msgspec.Struct, frozen=True):
    """Points to be given, or taken away where `amount` is below zero."""

    amount: Annotated[int, Meta(ge=-MOST, le=MOST, examples=[1000])]
    note: Annotated[str, Meta(max_length=LONGEST, description="A line, for the ledger.")] = ""


class Granted(msgspec.Struct, frozen=True):
    """What the user has now."""

    balance: int


GRANT = msgspec.json.Decoder(Grant)


def points(held: Points) -> HTTPRouteHandler:
    """`GET /api/v1/points`."""

    @get(
        "/api/v1/points",
        summary="One's points, and where they went",
        tags=["usage"],
        operation_class=taking(query=WantedPoints),
        responses=refusals(401, 403, 422),
        response_headers=PRIVATE,
    )
    async def show(request: AnyRequest) -> PointsHeld:
        owner, _ = member(request)
        wanted = query(request, WantedPoints)
        found = await held.statement(owner, wanted.limit)
        lines = [LedgerEntry(*msgspec.structs.astuple(entry)) for entry in found.entries]
        return PointsHeld(found.balance, found.reserved, lines)

    return show


def granting(held: Points, audit: Audit) -> HTTPRouteHandler:
    """`POST /api/v1/admin/users/{id}/points`."""

    @post(
        "/api/v1/admin/users/{user_id:str}/points",
        status_code=200,
        summary="Give a user points, or take some away",
        tags=["administration"],
        operation_class=taking(body=Grant),
        responses=refusals(400, 401, 403, 404, 413, 415, 422),
        response_headers=PRIVATE,
    )
    async def give(user_id: FromPath[str], request: AnyRequest, body: RawBody) -> Granted:
        who = visit_of(request).who
        administrator(who)
        grant = read(request, body, GRANT)
        user = known(user_id)
        balance = await held.grant(user, grant.amount, grant.note)
        await audit.note(GRANTED, who, subject=user)
        return Granted(balance)

    return give
