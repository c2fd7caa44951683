"""Logins and their refresh tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from sluice.core.errors import Unauthorized
from sluice.services.accounts.books import Login, Rotation
from sluice.stores.sql.accounts.rows import LIVE, end, revoke
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import logins, refresh_tokens, users

REMEMBERED = timedelta(days=30)  # how long a refresh token that was used is known again

_HOLDER = (
    select(users.c.id)
    .where(users.c.id == bindparam("user"), users.c.disabled_at.is_(None))
    .with_for_update()
)
_OPEN = insert(logins)
_ISSUE = insert(refresh_tokens)
_NEWEST_FIRST = (
    select(logins.c.id)
    .where(logins.c.user_id == bindparam("user"), *LIVE)
    .order_by(logins.c.seen_at.desc(), logins.c.created_at.desc(), logins.c.id)
)
_USE = (
    update(refresh_tokens)
    .where(refresh_tokens.c.hash == bindparam("old"), refresh_tokens.c.used_at.is_(None))
    .values(used_at=bindparam("now"))
)
_LOGIN_OF = (
    select(logins.c.id, logins.c.user_id)
    .join(refresh_tokens, refresh_tokens.c.login_id == logins.c.id)
    .join(users, users.c.id == logins.c.user_id)
    .where(refresh_tokens.c.hash == bindparam("old"), users.c.disabled_at.is_(None), *LIVE)
)
_PROLONG = (
    update(logins)
    .where(logins.c.id == bindparam("login"))
    .values(seen_at=bindparam("now"), expires_at=bindparam("expires"))
)
_FORGET = delete(refresh_tokens).where(
    refresh_tokens.c.login_id == bindparam("login"), refresh_tokens.c.used_at < bindparam("before")
)
_END = (
    update(logins)
    .where(logins.c.id == bindparam("login"), logins.c.user_id == bindparam("user"), *LIVE)
    .values(revoked_at=bindparam("now"))
)
_LIST = (
    select(
        logins.c.id,
        logins.c.kind,
        logins.c.created_at,
        logins.c.seen_at,
        logins.c.expires_at,
        logins.c.address,
        logins.c.agent,
    )
    .where(logins.c.user_id == bindparam("user"), *LIVE)
    .order_by(logins.c.seen_at.desc(), logins.c.created_at.desc(), logins.c.id)
)


class SqlLogins:
    """The `Logins` of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self, user: str, login: Login, *, cookie: str | None, refresh: str | None, most: int
    ) -> Sequence[str]:
        now = login.created_at
        row = {"user_id": user, "secret_hash": cookie} | {
            name: getattr(login, name) for name in login.__struct_fields__
        }

        def work(connection: Connection) -> list[str]:
            if connection.execute(_HOLDER, {"user": user}).one_or_none() is None:
                raise Unauthorized
            connection.execute(_OPEN, row)
            if refresh is not None:
                token = {"hash": refresh, "login_id": login.id, "created_at": now}
                connection.execute(_ISSUE, token)
            live = connection.execute(_NEWEST_FIRST, {"user": user, "now": now}).scalars().all()
            return end(connection, [id for id in live[most:] if id != login.id], now)

        return await self._database.write(work)

    async def rotate(self, old: str, new: str, now: datetime, expires: datetime) -> Rotation:
        return await self._database.write(
            lambda connection: _rotate(connection, old, new, now, expires)
        )

    async def end(self, user: str, login: str, now: datetime) -> bool:
        given = {"user": user, "login": login, "now": now}

        def work(connection: Connection) -> bool:
            if not connection.execute(_END, given).rowcount:
                return False
            revoke(connection, "login", [login], now)
            return True

        return await self._database.write(work)

    async def list(self, user: str, now: datetime) -> Sequence[Login]:
        given = {"user": user, "now": now}
        return await self._database.read(
            lambda connection: [Login(*row) for row in connection.execute(_LIST, given)]
        )


def _rotate(
    connection: Connection, old: str, new: str, now: datetime, expires: datetime
) -> Rotation:
    """What is wrong is returned rather than raised: raising would undo the end of the login."""
    fresh = connection.execute(_USE, {"old": old, "now": now}).rowcount
    row = connection.execute(_LOGIN_OF, {"old": old, "now": now}).one_or_none()
    if row is None:
        return Rotation()
    if not fresh:
        end(connection, [row.id], now)
        return Rotation(user=row.user_id, ended=row.id)
    connection.execute(_ISSUE, {"hash": new, "login_id": row.id, "created_at": now})
    connection.execute(_PROLONG, {"login": row.id, "now": now, "expires": expires})
    connection.execute(_FORGET, {"login": row.id, "before": now - REMEMBERED})
    return Rotation(user=row.user_id, login=row.id)
