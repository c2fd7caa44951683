"""What the tables of accounts share: rows of users, what a new one begins with, and how a
revocation is written."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from sluice.services.accounts.ports import Account, Subject
from sluice.services.points import REGISTRATION
from sluice.stores.sql.points import grant
from sluice.stores.sql.schema import logins, revocations, users

ACCOUNT = (
    users.c.id,
    users.c.username,
    users.c.email,
    users.c.role,
    users.c.disabled_at,
    users.c.created_at,
    users.c.max_runs,
    users.c.daily_tokens,
)
BY_ID = select(*ACCOUNT).where(users.c.id == bindparam("id"))

# A login that is not over.
LIVE = (logins.c.revoked_at.is_(None), logins.c.expires_at > bindparam("now"))
_END = (
    update(logins)
    .where(logins.c.id == bindparam("login"), logins.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_OF_USER = select(logins.c.id).where(logins.c.user_id == bindparam("user"), *LIVE)
_REVOKE = insert(revocations)


def account(row: Any) -> Account:
    """A user, from a row with the columns of `ACCOUNT`."""
    return Account(
        id=row.id,
        username=row.username,
        email=row.email,
        role=row.role,
        disabled=row.disabled_at is not None,
        created_at=row.created_at,
        max_runs=row.max_runs,
        daily_tokens=row.daily_tokens,
    )


def find(connection: Connection, id: str) -> Account | None:
    """The user of this id."""
    row = connection.execute(BY_ID, {"id": id}).one_or_none()
    return None if row is None else account(row)


def greet(connection: Connection, added: Account, welcome: int) -> None:
    """Give a new user so many points to begin with."""
    if welcome:
        grant(connection, added.id, welcome, REGISTRATION, added.created_at)


def revoke(connection: Connection, kind: Subject, subjects: Sequence[str], now: datetime) -> None:
    """Let every server know that these hold no more."""
    if subjects:
        rows = [{"kind": kind, "subject": subject, "at": now} for subject in subjects]
        connection.execute(_REVOKE, rows)


def end_logins(
    connection: Connection, user: str, now: datetime, keep: str | None = None
) -> list[str]:
    """End the logins of a user, but for one; their ids."""
    live = connection.execute(_OF_USER, {"user": user, "now": now}).scalars()
    return end(connection, [login for login in live if login != keep], now)


def end(connection: Connection, ended: list[str], now: datetime) -> list[str]:
    """End these logins, and return them."""
    if ended:
        connection.execute(_END, [{"login": login, "now": now} for login in ended])
        revoke(connection, "login", ended, now)
    return ended
