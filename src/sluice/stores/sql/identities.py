"""How a request's credentials are looked up: keys, cookies, and who somebody is elsewhere."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import Connection, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from sluice.core.errors import Unauthorized
from sluice.services.accounts.names import LONGEST_ADDRESS, adapted, fold
from sluice.services.accounts.ports import LOGIN_LIFE, Account, Subject
from sluice.stores.sql.accounts.rows import ACCOUNT, LIVE, account, find, greet
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import api_keys, identities, logins, revocations, users

GLANCE = timedelta(minutes=1)  # how exactly it is known when something was last used
LONGEST = 255  # characters of an issuer, or of its name for somebody
TRIES = 3  # at finding a name that nobody else takes meanwhile

_KEY = (
    select(*ACCOUNT, api_keys.c.id.label("key"), api_keys.c.expires_at, api_keys.c.seen_at)
    .join(users, users.c.id == api_keys.c.user_id)
    .where(
        api_keys.c.hash == bindparam("hash"),
        api_keys.c.revoked_at.is_(None),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now")),
        users.c.disabled_at.is_(None),
    )
)
_SEE_KEY = (
    update(api_keys).where(api_keys.c.id == bindparam("key")).values(seen_at=bindparam("now"))
)
_COOKIE = (
    select(*ACCOUNT, logins.c.id.label("login"), logins.c.expires_at, logins.c.seen_at)
    .join(users, users.c.id == logins.c.user_id)
    .where(logins.c.secret_hash == bindparam("hash"), users.c.disabled_at.is_(None), *LIVE)
)
_SEE_COOKIE = (
    update(logins)
    .where(logins.c.id == bindparam("login"))
    .values(seen_at=bindparam("now"), expires_at=bindparam("expires"))
)
_ELSEWHERE = (
    select(*ACCOUNT)
    .join(identities, identities.c.user_id == users.c.id)
    .where(identities.c.issuer == bindparam("issuer"), identities.c.subject == bindparam("subject"))
)
_NAME = select(users.c.id).where(users.c.name_key == bindparam("key"))
_EMAIL = select(users.c.id).where(users.c.email_key == bindparam("key"))
_ADD_USER = insert(users)
_ADD_IDENTITY = insert(identities)
_REVOKED = (
    select(revocations.c.kind, revocations.c.subject, revocations.c.at)
    .where(revocations.c.at >= bindparam("since"))
    .order_by(revocations.c.seq)
)


class SqlIdentities:
    """The `IdentityStore` of a database. `new_id` makes the ids of users, who begin with `welcome`
    points."""

    def __init__(self, database: Database, new_id: Callable[[], str], welcome: int = 0) -> None:
        self._database = database
        self._new_id = new_id
        self._welcome = welcome

    async def user(self, id: str) -> Account | None:
        return await self._database.read(lambda connection: find(connection, id))

    async def key(self, hash: str, now: datetime) -> tuple[Account, str, datetime | None] | None:
        given = {"hash": hash, "now": now}
        row = await self._database.read(
            lambda connection: connection.execute(_KEY, given).one_or_none()
        )
        if row is None:
            return None
        if row.seen_at is None or row.seen_at <= now - GLANCE:
            seen = {"key": row.key, "now": now}
            await self._database.write(
                lambda connection: connection.execute(_SEE_KEY, seen).rowcount
            )
        return account(row), row.key, row.expires_at

    async def cookie(self, hash: str, now: datetime) -> tuple[Account, str, datetime] | None:
        given = {"hash": hash, "now": now}
        row = await self._database.read(
            lambda connection: connection.execute(_COOKIE, given).one_or_none()
        )
        if row is None:
            return None
        if row.seen_at > now - GLANCE:
            return account(row), row.login, row.expires_at
        expires = now + LOGIN_LIFE
        seen = {"login": row.login, "now": now, "expires": expires}
        await self._database.write(
            lambda connection: connection.execute(_SEE_COOKIE, seen).rowcount
        )
        return account(row), row.login, expires

    async def external(
        self, issuer: str, subject: str, username: str, email: str | None, now: datetime
    ) -> Account:
        """Raises `Unauthorized` where the issuer's words cannot be kept."""
        if not (_keepable(issuer) and _keepable(subject)):
            raise Unauthorized
        given = {"issuer": issuer, "subject": subject}
        for _ in range(TRIES):
            row = await self._database.read(
                lambda connection: connection.execute(_ELSEWHERE, given).one_or_none()
            )
            if row is not None:
                return account(row)
            try:
                return await self._database.write(
                    lambda connection: self._admit(connection, given, username, email, now)
                )
            except IntegrityError:  # another request has made it, or has taken the name
                continue
        raise Unauthorized

    def _admit(
        self,
        connection: Connection,
        given: dict[str, str],
        username: str,
        email: str | None,
        now: datetime,
    ) -> Account:
        admitted = _admit(connection, given, self._new_id(), username, _address(email), now)
        greet(connection, admitted, self._welcome)
        return admitted

    async def revoked_since(self, at: datetime) -> Sequence[tuple[Subject, str, datetime]]:
        return await self._database.read(
            lambda connection: [
                (row.kind, row.subject, row.at)
                for row in connection.execute(_REVOKED, {"since": at})
            ]
        )


def _admit(
    connection: Connection,
    given: dict[str, str],
    id: str,
    username: str,
    email: str | None,
    now: datetime,
) -> Account:
    """A user who is known elsewhere only. Raises `IntegrityError` where another was faster."""
    name = next(
        name
        for number in count(1)
        for name in (adapted(username, "" if number == 1 else f"-{number}"),)
        if connection.execute(_NAME, {"key": fold(name)}).one_or_none() is None
    )
    if email and connection.execute(_EMAIL, {"key": fold(email)}).one_or_none() is not None:
        email = None
    row = {"id": id, "username": name, "name_key": fold(name), "role": "user", "created_at": now}
    row |= {"email": email, "email_key": fold(email) if email else None}
    connection.execute(_ADD_USER, row)
    connection.execute(_ADD_IDENTITY, {**given, "user_id": id})
    return Account(id, name, email, "user", False, now)


def _keepable(text: str) -> bool:
    return 0 < len(text) <= LONGEST and "\0" not in text


def _address(email: str | None) -> str | None:
    """An address that can be kept, or none."""
    if email is None or "@" not in email or not email.isprintable():
        return None
    return email if max(len(email), len(fold(email))) <= LONGEST_ADDRESS else None
