"""Personal keys, as resources."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody
from msgspec import Meta

from sluice.api.bodies import known, member, read
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest
from sluice.services.accounts.books import Key
from sluice.services.accounts.keys import PersonalKeys

TAGS = ["keys"]
YEARS_10 = 3650  # days


class NewKey(msgspec.Struct, frozen=True):
    """What a key is to be called, and for how long it is to be valid: for ever, unless told."""

    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
    expires_in_days: Annotated[int, Meta(ge=1, le=YEARS_10)] | None = None


class ShownKey(msgspec.Struct, frozen=True):
    """A key. `hint` is how it begins."""

    id: str
    name: str
    hint: str
    created_at: datetime
    seen_at: datetime | None
    expires_at: datetime | None


class FreshKey(ShownKey, frozen=True):
    """A new key. `key` is shown this once, and is not kept."""

    key: str


class ShownKeys(msgspec.Struct, frozen=True):
    """All of one's keys that are valid, the newest first."""

    items: list[ShownKey]


NEW_KEY = msgspec.json.Decoder(NewKey)


def keys(personal: PersonalKeys) -> Sequence[HTTPRouteHandler]:
    """`POST` and `GET /api/v1/auth/keys`, and `DELETE /api/v1/auth/keys/{id}`."""
    return _make(personal), *_made(personal)


def _make(personal: PersonalKeys) -> HTTPRouteHandler:
    @post(
        "/api/v1/auth/keys",
        summary="Make a key: a bearer for scripts, shown once",
        tags=TAGS,
        operation_class=taking(body=NewKey),
        responses=refusals(400, 401, 403, 409, 413, 415, 422),
        response_headers=PRIVATE,
    )
    async def make(request: AnyRequest, body: RawBody) -> FreshKey:
        id, who = member(request)
        given = read(request, body, NEW_KEY)
        key, secret = await personal.make(id, given.name, given.expires_in_days, who)
        return FreshKey(**msgspec.structs.asdict(key), key=secret)

    return make


def _made(personal: PersonalKeys) -> Sequence[HTTPRouteHandler]:
    @get(
        "/api/v1/auth/keys",
        summary="One's keys",
        tags=TAGS,
        operation_class=taking(),
        responses=refusals(401, 403),
        response_headers=PRIVATE,
    )
    async def listed(request: AnyRequest) -> ShownKeys:
        id, _ = member(request)
        return ShownKeys([_shown(key) for key in await personal.list(id)])

    @delete(
        "/api/v1/auth/keys/{key_id:str}",
        status_code=204,
        summary="Revoke a key",
        tags=TAGS,
        operation_class=taking(),
        responses=refusals(401, 403, 404),
    )
    async def revoke(key_id: FromPath[str], request: AnyRequest) -> None:
        id, who = member(request)
        await personal.revoke(id, known(key_id), who)

    return listed, revoke


def _shown(key: Key) -> ShownKey:
    return ShownKey(**msgspec.structs.asdict(key))
