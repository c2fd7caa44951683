"""For administrators: invitations to register."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody
from msgspec import Meta

from sluice.api.auth import Address
from sluice.api.bodies import known, read
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest, visit_of
from sluice.services.accounts.administration import Inviting, administrator
from sluice.services.accounts.books import Invitation

TAGS = ["administration"]


class NewInvitation(msgspec.Struct, frozen=True):
    """Leave to register, once; where `email` is given, with that address only."""

    email: Address | None = None
    expires_in_days: Annotated[int, Meta(ge=1, le=365)] = 7


class ShownInvitation(msgspec.Struct, frozen=True):
    """An invitation; `created_by` and `used_by` are ids of users."""

    id: str
    email: str | None
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_by: str | None


class FreshInvitation(ShownInvitation, frozen=True):
    """A new invitation. `invitation` is shown this once, and is not kept."""

    invitation: str


class ShownInvitations(msgspec.Struct, frozen=True):
    """Invitations, the newest first."""

    items: list[ShownInvitation]


NEW_INVITATION = msgspec.json.Decoder(NewInvitation)


def invitations(inviting: Inviting) -> Sequence[HTTPRouteHandler]:
    """`POST` and `GET /api/v1/admin/invitations`, and `DELETE /api/v1/admin/invitations/{id}`."""
    return _invite(inviting), *_invited(inviting)


def _invite(inviting: Inviting) -> HTTPRouteHandler:
    @post(
        "/api/v1/admin/invitations",
        summary="Invite somebody to register",
        tags=TAGS,
        operation_class=taking(body=NewInvitation),
        responses=refusals(400, 401, 403, 413, 415, 422),
        response_headers=PRIVATE,
    )
    async def invite(request: AnyRequest, body: RawBody) -> FreshInvitation:
        who = visit_of(request).who
        administrator(who)
        given = read(request, body, NEW_INVITATION)
        found, secret = await inviting.invite(given.email, given.expires_in_days, who)
        return FreshInvitation(**msgspec.structs.asdict(found), invitation=secret)

    return invite


def _invited(inviting: Inviting) -> Sequence[HTTPRouteHandler]:
    @get(
        "/api/v1/admin/invitations",
        summary="Invitations",
        tags=TAGS,
        operation_class=taking(),
        responses=refusals(401, 403),
        response_headers=PRIVATE,
    )
    async def listed(request: AnyRequest) -> ShownInvitations:
        found = await inviting.list(visit_of(request).who)
        return ShownInvitations([_shown(one) for one in found])

    @delete(
        "/api/v1/admin/invitations/{invitation_id:str}",
        status_code=204,
        summary="Withdraw an invitation",
        tags=TAGS,
        operation_class=taking(),
        responses=refusals(401, 403, 404),
    )
    async def withdraw(invitation_id: FromPath[str], request: AnyRequest) -> None:
        who = visit_of(request).who
        administrator(who)
        await inviting.withdraw(known(invitation_id), who)

    return listed, withdraw


def _shown(invitation: Invitation) -> ShownInvitation:
    return ShownInvitation(**msgspec.structs.asdict(invitation))
