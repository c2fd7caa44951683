"""Where somebody is signed in: the page's cookie, and the list of all sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from sluice.api.auth import SIGN_IN, SIGNING_IN, TAGS, SignIn, User, agent_of, caller, user
from sluice.api.bodies import known, member, read
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest
from sluice.services.accounts.books import Kind, Login
from sluice.services.accounts.ports import LOGIN_LIFE
from sluice.services.accounts.profile import Profile
from sluice.services.accounts.signing_in import SigningIn
from sluice.transports.credentials import COOKIE, SECURE_COOKIE, cookies_of

SESSION = "/api/v1/auth/session"


class Session(msgspec.Struct, frozen=True):
    """Where somebody is signed in. `current`: this request is known by it."""

    id: str
    kind: Kind
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str
    current: bool


class Sessions(msgspec.Struct, frozen=True):
    """All of one's sessions, the one seen last first."""

    items: list[Session]


def page_session(signing: SigningIn, profile: Profile) -> Sequence[HTTPRouteHandler]:
    """`POST`, `GET` and `DELETE /api/v1/auth/session`: by a cookie, which no script can read."""
    return _begin(signing), *_going(signing, profile)


def _begin(signing: SigningIn) -> HTTPRouteHandler:
    @post(
        SESSION,
        tags=TAGS,
        status_code=200,
        summary="Sign in, for a cookie",
        operation_class=taking(body=SignIn),
        responses=refusals(*SIGNING_IN),
        response_headers=PRIVATE,
    )
    async def begin(request: AnyRequest, body: RawBody) -> Response[User]:
        given = read(request, body, SIGN_IN)
        account, secret = await signing.cookie(
            given.username, given.password, caller(request), agent_of(request)
        )
        return _with_cookie(user(account), request, secret)

    return begin


def _going(signing: SigningIn, profile: Profile) -> Sequence[HTTPRouteHandler]:
    @get(
        SESSION,
        tags=TAGS,
        summary="Who is signed in",
        operation_class=taking(),
        responses=refusals(401, 403),
        response_headers=PRIVATE,
    )
    async def show(request: AnyRequest) -> Response[User]:
        id, _ = member(request)
        found = user(await profile.show(id))
        cookies = cookies_of(dict(request.scope))
        secret = cookies.get(SECURE_COOKIE) or cookies.get(COOKIE)
        # The server prolongs what is used; so must the browser.
        return Response(found) if secret is None else _with_cookie(found, request, secret)

    @delete(
        SESSION,
        tags=TAGS,
        status_code=204,
        summary="Sign out",
        operation_class=taking(),
        responses=refusals(401, 403),
    )
    async def end(request: AnyRequest) -> Response[None]:
        id, who = member(request)
        await signing.leave(id, who)
        return _with_cookie(None, request, "")

    return show, end


def sessions(signing: SigningIn) -> Sequence[HTTPRouteHandler]:
    """`GET /api/v1/auth/sessions` and `DELETE /api/v1/auth/sessions/{id}`."""

    @get(
        "/api/v1/auth/sessions",
        summary="Where one is signed in",
        tags=TAGS,
        operation_class=taking(),
        responses=refusals(401, 403),
        response_headers=PRIVATE,
    )
    async def listed(request: AnyRequest) -> Sessions:
        id, who = member(request)
        return Sessions([_session(one, who.login) for one in await signing.sessions(id)])

    @delete(
        "/api/v1/auth/sessions/{session_id:str}",
        status_code=204,
        summary="End a session",
        tags=TAGS,
        operation_class=taking(),
        responses=refusals(401, 403, 404),
    )
    async def end(session_id: FromPath[str], request: AnyRequest) -> None:
        id, who = member(request)
        await signing.end(id, known(session_id), who)

    return listed, end


def _session(login: Login, current: str | None) -> Session:
    return Session(**msgspec.structs.asdict(login), current=login.id == current)


def _with_cookie(content: Any, request: AnyRequest, secret: str) -> Response[Any]:
    """An answer that gives the browser its cookie; an empty one is taken away."""
    secure = request.scope["scheme"] == "https"
    lives = int(LOGIN_LIFE.total_seconds()) if secret else 0
    response: Response[Any] = Response(content, status_code=200 if content is not None else 204)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        secret,
        max_age=lives,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return response
