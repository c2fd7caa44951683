"""Puts together who may come in: accounts, what proves them, and how long that holds."""

import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypedDict

import aiohttp
import msgspec

from sluice.adapters.addresses import email_address
from sluice.adapters.argon2 import Argon2
from sluice.adapters.jwt import AccessTokens
from sluice.adapters.oidc import OpenIdIssuer
from sluice.core.commands import Principal
from sluice.services.accounts.administration import Administration, Inviting
from sluice.services.accounts.audit import Audit
from sluice.services.accounts.guesses import Guesses
from sluice.services.accounts.keys import PersonalKeys
from sluice.services.accounts.profile import Profile
from sluice.services.accounts.proof import Proof
from sluice.services.accounts.registration import Admission, Policy, Registration
from sluice.services.accounts.signing_in import SigningIn
from sluice.services.doorman import HouseDoorman
from sluice.services.standing import Revocations, Watchman
from sluice.services.tickets import TicketBox
from sluice.services.windows import MovingWindows
from sluice.settings import BadSetting, Settings
from sluice.stores.sql.accounts.invitations import SqlInvitations
from sluice.stores.sql.accounts.keys import SqlKeys
from sluice.stores.sql.accounts.logins import SqlLogins
from sluice.stores.sql.accounts.passwords import SqlPasswords
from sluice.stores.sql.accounts.trail import SqlTrail
from sluice.stores.sql.accounts.users import SqlUsers
from sluice.stores.sql.database import Database
from sluice.stores.sql.identities import SqlIdentities
from sluice.transports.gate import is_loopback


class People(msgspec.Struct, frozen=True):
    """The services around accounts."""

    doorman: HouseDoorman
    watchman: Watchman
    tickets: TicketBox
    registration: Registration
    signing_in: SigningIn
    profile: Profile
    keys: PersonalKeys
    inviting: Inviting
    administration: Administration
    audit: Audit


async def gather(
    stack: AsyncExitStack,
    settings: Settings,
    database: Database,
    secret: bytes,
    before_delete: Callable[[str], Awaitable[None]],
) -> People:
    """Build them; `before_delete` is called with a user's id before the user goes.

    Raises `BadSetting`.
    """
    wall, welcome = time.time, settings.points_at_registration
    tokens = AccessTokens(secret, settings.access_token_lifetime)
    doorman, watchman, tickets = await _door(stack, settings, database, tokens)
    hasher = Argon2()
    stack.callback(hasher.close)
    trail = SqlTrail(database)
    audit = Audit(trail, wall)
    users, passwords = SqlUsers(database, welcome), SqlPasswords(database)
    invitations = SqlInvitations(database)
    proof = Proof(passwords, hasher, Guesses(MovingWindows(time.monotonic)), audit)
    revoked = watchman.revoked
    policy = Policy(_admission(settings), settings.first_user_admin)
    made: _Made = {"new_id": _id, "wall": wall}
    secretly: _Secretly = {**made, "new_secret": _secret}
    return People(
        doorman,
        watchman,
        tickets,
        Registration(users, invitations, proof, audit, policy, address=email_address, **made),
        SigningIn(SqlLogins(database), proof, tokens, audit, revoked, **secretly),
        Profile(
            users,
            passwords,
            proof,
            audit,
            revoked,
            before_delete=before_delete,
            address=email_address,
            wall=wall,
        ),
        PersonalKeys(SqlKeys(database), audit, revoked, **secretly),
        Inviting(invitations, audit, address=email_address, **secretly),
        Administration(users, trail, audit, revoked, before_delete=before_delete, wall=wall),
        audit,
    )


async def _door(
    stack: AsyncExitStack, settings: Settings, database: Database, tokens: AccessTokens
) -> tuple[HouseDoorman, Watchman, TicketBox]:
    """Who tells who asks, who watches over that, and who gives out tickets."""
    revocations = Revocations()
    identities = SqlIdentities(database, _id, settings.points_at_registration)
    watchman = Watchman(identities, revocations, time.time)
    tickets = TicketBox(time.time, _secret)
    issuer = await _issuer(stack, settings)
    doorman = HouseDoorman(identities, tokens, tickets, revocations, time.time, issuer)
    return doorman, watchman, tickets


class _Made(TypedDict):
    new_id: Callable[[], str]
    wall: Callable[[], float]


class _Secretly(_Made):
    new_secret: Callable[[], str]


def _id() -> str:
    return str(uuid.uuid4())


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _admission(settings: Settings) -> Callable[[Principal], Admission]:
    """Who may register: on a loopback listener everybody, but for who comes through a proxy."""
    fixed, near = settings.registration, is_loopback(settings.host)

    def admission(who: Principal) -> Admission:
        if fixed is not None:
            return fixed
        return "open" if near and who.direct else "closed"

    return admission


async def _issuer(stack: AsyncExitStack, settings: Settings) -> OpenIdIssuer | None:
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_audience is None:
        raise BadSetting("SLUICE_OIDC_AUDIENCE: is needed where SLUICE_OIDC_ISSUER is set")
    session = await stack.enter_async_context(aiohttp.ClientSession())
    try:
        return OpenIdIssuer(session, settings.oidc_issuer, settings.oidc_audience, time.monotonic)
    except ValueError as problem:
        raise BadSetting(f"SLUICE_OIDC_ISSUER: {problem}") from None
