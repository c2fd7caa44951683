"""For administrators: users, and the audit; invitations have a file of their own."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, patch
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody
from msgspec import UNSET, Meta, UnsetType

from sluice.api.bodies import Cursor, Limit, known, query, read
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest, visit_of
from sluice.core.errors import InvalidRequest
from sluice.services.accounts.administration import Administration, administrator
from sluice.services.accounts.books import Change
from sluice.services.accounts.names import fold
from sluice.services.accounts.ports import Account, Role
from sluice.services.conversations import cursors

TAGS = ["administration"]
USER = "/api/v1/admin/users/{user_id:str}"
MOST = 2**31 - 1  # what a column holds

Amount = Annotated[int, Meta(ge=0, le=MOST)]
Tokens = Annotated[int, Meta(ge=0, le=2**53)]


class WantedUsers(msgspec.Struct, frozen=True):
    """Which users."""

    q: Annotated[str, Meta(max_length=254, description="Part of a name or address.")] = ""
    limit: Limit = 50
    cursor: Cursor | None = None


class WantedEntries(msgspec.Struct, frozen=True):
    """Which lines of the audit."""

    limit: Limit = 50
    cursor: Cursor | None = None


class ManagedUser(msgspec.Struct, frozen=True):
    """A user, as an administrator sees one. A limit that is null is the setting's."""

    id: str
    username: str
    email: str | None
    role: Role
    disabled: bool
    created_at: datetime
    max_runs: int | None
    daily_tokens: int | None


class UserPage(msgspec.Struct, frozen=True):
    """Some users, by name. `next_cursor` leads to the next ones; null where there are none."""

    items: list[ManagedUser]
    next_cursor: str | None


class UserChange(msgspec.Struct, frozen=True):
    """What is to be another; what is left out stays. A limit of null is the setting's again."""

    disabled: bool | None = None
    role: Role | None = None
    max_runs: Amount | UnsetType | None = UNSET
    daily_tokens: Tokens | UnsetType | None = UNSET


class AuditEntry(msgspec.Struct, frozen=True):
    """A line of the audit. `outcome` is `ok`, or an error's code."""

    id: str
    at: datetime
    actor: str | None
    action: str
    subject: str
    address: str
    outcome: str


class AuditPage(msgspec.Struct, frozen=True):
    """Some of the audit, the newest first. `next_cursor` leads to what came before."""

    items: list[AuditEntry]
    next_cursor: str | None


USER_CHANGE = msgspec.json.Decoder(UserChange)


def managed_users(administration: Administration) -> Sequence[HTTPRouteHandler]:
    """`GET /api/v1/admin/users`, and `GET`, `PATCH` and `DELETE /api/v1/admin/users/{id}`."""
    return _users(administration), *_user(administration), _remove(administration)


def _users(administration: Administration) -> HTTPRouteHandler:
    @get(
        "/api/v1/admin/users",
        summary="Users",
        tags=TAGS,
        operation_class=taking(query=WantedUsers),
        responses=refusals(401, 403, 422),
        response_headers=PRIVATE,
    )
    async def listed(request: AnyRequest) -> UserPage:
        who = visit_of(request).who
        administrator(who)
        wanted = query(request, WantedUsers)
        after = "" if wanted.cursor is None else _name(wanted.cursor)
        part = wanted.q.replace("\0", "")
        found = await administration.users(part, wanted.limit + 1, after, who)
        shown = [_managed(account) for account in found[: wanted.limit]]
        more = len(found) > wanted.limit
        return UserPage(shown, _cursor(shown[-1].username) if more else None)

    return listed


def _user(administration: Administration) -> Sequence[HTTPRouteHandler]:
    @get(
        USER,
        tags=TAGS,
        summary="A user",
        operation_class=taking(),
        responses=refusals(401, 403, 404),
        response_headers=PRIVATE,
    )
    async def show(user_id: FromPath[str], request: AnyRequest) -> ManagedUser:
        who = visit_of(request).who
        administrator(who)
        return _managed(await administration.user(known(user_id), who))

    @patch(
        USER,
        tags=TAGS,
        summary="Disable or enable a user, change the role or the limits",
        operation_class=taking(body=UserChange),
        responses=refusals(400, 401, 403, 404, 409, 413, 415, 422),
        response_headers=PRIVATE,
    )
    async def change(user_id: FromPath[str], request: AnyRequest, body: RawBody) -> ManagedUser:
        who = visit_of(request).who
        administrator(who)
        given = read(request, body, USER_CHANGE)
        change = Change(
            role=UNSET if given.role is None else given.role,
            disabled=UNSET if given.disabled is None else given.disabled,
            max_runs=given.max_runs,
            daily_tokens=given.daily_tokens,
        )
        return _managed(await administration.change(known(user_id), change, who))

    return show, change


def _remove(administration: Administration) -> HTTPRouteHandler:
    @delete(
        USER,
        tags=TAGS,
        status_code=204,
        summary="Delete a user, with all that is theirs",
        operation_class=taking(),
        responses=refusals(401, 403, 404, 409),
    )
    async def remove(user_id: FromPath[str], request: AnyRequest) -> None:
        who = visit_of(request).who
        administrator(who)
        await administration.remove(known(user_id), who)

    return remove


def audit(administration: Administration) -> HTTPRouteHandler:
    """`GET /api/v1/admin/audit`."""

    @get(
        "/api/v1/admin/audit",
        summary="Who signed in, and what was done to accounts",
        tags=TAGS,
        operation_class=taking(query=WantedEntries),
        responses=refusals(401, 403, 422),
        response_headers=PRIVATE,
    )
    async def listed(request: AnyRequest) -> AuditPage:
        who = visit_of(request).who
        administrator(who)
        wanted = query(request, WantedEntries)
        before = cursors.serial(wanted.cursor)
        found = await administration.audit(wanted.limit + 1, before, who)
        shown = [
            AuditEntry(str(e.seq), e.at, e.actor, e.action, e.subject, e.address, e.outcome)
            for e in found[: wanted.limit]
        ]
        more = len(found) > wanted.limit
        return AuditPage(shown, cursors.write(int(shown[-1].id)) if more else None)

    return listed


def _managed(account: Account) -> ManagedUser:
    return ManagedUser(**msgspec.structs.asdict(account))


def _cursor(username: str) -> str:
    return base64.urlsafe_b64encode(fold(username).encode()).decode().rstrip("=")


def _name(cursor: str) -> str:
    """The folded name after which a page begins. Raises `InvalidRequest`."""
    try:
        data = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        return data.decode().replace("\0", "")
    except (UnicodeError, binascii.Error):
        raise InvalidRequest("cursor: this is no cursor of ours", field="cursor") from None
