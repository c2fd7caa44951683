"""Registering, signing in and out, and one's own account. Who asks is told by the gate."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody
from msgspec import Meta

from sluice.api.bodies import member, read
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest, visit_of
from sluice.core.commands import Principal
from sluice.core.errors import Unauthorized
from sluice.services.accounts.names import LONGEST as LONGEST_NAME
from sluice.services.accounts.names import LONGEST_ADDRESS
from sluice.services.accounts.ports import Account, Role
from sluice.services.accounts.profile import Profile
from sluice.services.accounts.proof import LONGEST, SHORTEST
from sluice.services.accounts.registration import Registration
from sluice.services.accounts.signing_in import Grant, SigningIn

TAGS = ["accounts"]
ME = "/api/v1/auth/me"
SIGNING_IN = (400, 401, 403, 413, 415, 422)

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Address = Annotated[str, Meta(min_length=3, max_length=LONGEST_ADDRESS)]
Password = Annotated[str, Meta(min_length=SHORTEST, max_length=LONGEST)]
Secret = Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class NewAccount(msgspec.Struct, frozen=True):
    """Who wants to register. A name has letters, digits, and `._-`."""

    username: Name
    email: Address
    password: Password
    invitation: (
        Annotated[str, Meta(description="Where registration is by invitation.", max_length=LONGEST)]
        | None
    ) = None


class Registered(msgspec.Struct, frozen=True):
    """A new user."""

    id: str
    username: str
    email: str | None
    created_at: datetime


class SignIn(msgspec.Struct, frozen=True):
    """By name or e-mail address."""

    username: Annotated[str, Meta(min_length=1, max_length=LONGEST_ADDRESS)]
    password: Secret


class Refresh(msgspec.Struct, frozen=True):
    """A refresh token, which is used up by this."""

    refresh_token: Secret


class NewProfile(msgspec.Struct, frozen=True):
    """What is to be another; null or left out stays as it is."""

    username: Name | None = None
    email: Address | None = None


class NewPassword(msgspec.Struct, frozen=True):
    """All other sessions end."""

    current_password: Secret
    new_password: Password


class Leave(msgspec.Struct, frozen=True):
    """Where a password is given, it must be right."""

    password: Secret | None = None


class User(msgspec.Struct, frozen=True):
    """One's own account."""

    id: str
    username: str
    email: str | None
    role: Role
    created_at: datetime


NEW_ACCOUNT = msgspec.json.Decoder(NewAccount)
SIGN_IN = msgspec.json.Decoder(SignIn)
REFRESH = msgspec.json.Decoder(Refresh)
NEW_PROFILE = msgspec.json.Decoder(NewProfile)
NEW_PASSWORD = msgspec.json.Decoder(NewPassword)
LEAVE = msgspec.json.Decoder(Leave)


def caller(request: AnyRequest) -> Principal:
    """Who comes to register or sign in. Credentials that are no good, such as an expired token that
    a client still sends along, do not keep anybody from bringing better ones."""
    visit = visit_of(request)
    if isinstance(visit.found, Unauthorized):
        return visit.stranger
    return visit.who


def agent_of(request: AnyRequest) -> str:
    """What the client says it is."""
    return request.headers.get("user-agent", "")


def user(account: Account) -> User:
    """An account, as its owner sees it."""
    return User(account.id, account.username, account.email, account.role, account.created_at)


def registering(registration: Registration) -> HTTPRouteHandler:
    """`POST /api/v1/auth/register`."""

    @post(
        "/api/v1/auth/register",
        summary="Register",
        tags=TAGS,
        operation_class=taking(body=NewAccount),
        responses=refusals(400, 403, 409, 413, 415, 422),
        response_headers=PRIVATE,
    )
    async def register(request: AnyRequest, body: RawBody) -> Registered:
        given = read(request, body, NEW_ACCOUNT)
        found = await registration.register(
            given.username, given.email, given.password, given.invitation, caller(request)
        )
        return Registered(found.id, found.username, found.email, found.created_at)

    return register


def tokens(signing: SigningIn) -> Sequence[HTTPRouteHandler]:
    """`POST /api/v1/auth/login`, `/refresh` and `/logout`."""
    return *_granting(signing), _logout(signing)


def _granting(signing: SigningIn) -> Sequence[HTTPRouteHandler]:

    @post(
        "/api/v1/auth/login",
        status_code=200,
        summary="Sign in, for tokens",
        tags=TAGS,
        operation_class=taking(body=SignIn),
        responses=refusals(*SIGNING_IN),
        response_headers=PRIVATE,
    )
    async def login(request: AnyRequest, body: RawBody) -> Grant:
        given = read(request, body, SIGN_IN)
        who = caller(request)
        return await signing.bearer(given.username, given.password, who, agent_of(request))

    @post(
        "/api/v1/auth/refresh",
        status_code=200,
        summary="New tokens for a refresh token, which is used up",
        description="A token that was used before ends its session.",
        tags=TAGS,
        operation_class=taking(body=Refresh),
        responses=refusals(400, 401, 403, 413, 415, 422),
        response_headers=PRIVATE,
    )
    async def refresh(request: AnyRequest, body: RawBody) -> Grant:
        given = read(request, body, REFRESH)
        return await signing.refresh(given.refresh_token, caller(request))

    return login, refresh


def _logout(signing: SigningIn) -> HTTPRouteHandler:
    @post(
        "/api/v1/auth/logout",
        status_code=204,
        summary="Sign out: end the session by which this request is known",
        tags=TAGS,
        operation_class=taking(),
        responses=refusals(401, 403),
    )
    async def logout(request: AnyRequest) -> None:
        id, who = member(request)
        await signing.leave(id, who)

    return logout


def me(profile: Profile) -> Sequence[HTTPRouteHandler]:
    """`GET`, `PATCH` and `DELETE /api/v1/auth/me`, and `POST /api/v1/auth/password`."""
    return *_shown(profile), _leave(profile), _password(profile)


def _shown(profile: Profile) -> Sequence[HTTPRouteHandler]:
    @get(
        ME,
        tags=TAGS,
        summary="Who one is",
        operation_class=taking(),
        responses=refusals(401, 403),
        response_headers=PRIVATE,
    )
    async def show(request: AnyRequest) -> User:
        id, _ = member(request)
        return user(await profile.show(id))

    @patch(
        ME,
        tags=TAGS,
        summary="Another name or address",
        operation_class=taking(body=NewProfile),
        responses=refusals(400, 401, 403, 404, 409, 413, 415, 422),
        response_headers=PRIVATE,
    )
    async def change(request: AnyRequest, body: RawBody) -> User:
        id, who = member(request)
        given = read(request, body, NEW_PROFILE)
        return user(await profile.change(id, given.username, given.email, who))

    return show, change


def _leave(profile: Profile) -> HTTPRouteHandler:
    @delete(
        ME,
        tags=TAGS,
        status_code=204,
        summary="Leave: the account goes, with all that is its owner's",
        description="A body is not needed; a password in it must be right.",
        operation_class=taking(body=Leave, required=False),
        responses=refusals(400, 401, 403, 413, 415, 422),
    )
    async def leave(request: AnyRequest, body: RawBody) -> None:
        id, who = member(request)
        password = read(request, body, LEAVE).password if body else None
        await profile.leave(id, who, password)

    return leave


def _password(profile: Profile) -> HTTPRouteHandler:
    @post(
        "/api/v1/auth/password",
        status_code=204,
        summary="Another password; all other sessions end",
        tags=TAGS,
        operation_class=taking(body=NewPassword),
        responses=refusals(400, 401, 403, 413, 415, 422),
    )
    async def password(request: AnyRequest, body: RawBody) -> None:
        id, who = member(request)
        given = read(request, body, NEW_PASSWORD)
        await profile.change_password(id, given.current_password, given.new_password, who)

    return password
