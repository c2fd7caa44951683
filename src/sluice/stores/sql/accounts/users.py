"""Users, and how they come and go. What is theirs goes with them, by the tables' own rules."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET
from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from sluice.core.errors import Conflict, Forbidden, NotFound
from sluice.services.accounts.books import Change, NewUser
from sluice.services.accounts.names import fold
from sluice.services.accounts.ports import Account
from sluice.stores.sql.accounts.rows import (
    ACCOUNT,
    BY_ID,
    account,
    end_logins,
    find,
    greet,
    revoke,
)
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import idempotency_keys, invitations, users

_ADD = insert(users)
_TAKEN = select(users.c.name_key).where(
    or_(users.c.name_key == bindparam("name"), users.c.email_key == bindparam("email"))
)
_COUNT = select(func.count()).select_from(users)
_ADMINS = (
    select(users.c.id)
    .where(users.c.role == "admin", users.c.disabled_at.is_(None))
    .order_by(users.c.id)
    .with_for_update()
)
_LOCKED = BY_ID.with_for_update()
_USE_INVITATION = (
    update(invitations)
    .where(
        invitations.c.hash == bindparam("invitation"),
        invitations.c.used_at.is_(None),
        invitations.c.expires_at > bindparam("now"),
        or_(invitations.c.email.is_(None), invitations.c.email == bindparam("address")),
    )
    .values(used_at=bindparam("now"), used_by=bindparam("user"))
)
_REMOVE = delete(users).where(users.c.id == bindparam("user"))
_REMOVE_REQUESTS = delete(idempotency_keys).where(idempotency_keys.c.caller == bindparam("user"))
_PAGE = (
    select(*ACCOUNT)
    .where(
        users.c.name_key > bindparam("after"),
        or_(
            users.c.name_key.like(bindparam("q"), escape="\\"),
            users.c.email_key.like(bindparam("q"), escape="\\"),
        ),
    )
    .order_by(users.c.name_key)
    .limit(bindparam("most"))
)


class SqlUsers:
    """The `Users` of a database, who begin with `welcome` points."""

    def __init__(self, database: Database, welcome: int = 0) -> None:
        self._database = database
        self._welcome = welcome

    async def add(self, user: NewUser, invitation: str | None) -> Account:
        def work(connection: Connection) -> Account:
            added = _add(connection, user, invitation)
            greet(connection, added, self._welcome)
            return added

        return await self._database.write(work)

    async def find(self, id: str) -> Account | None:
        return await self._database.read(lambda connection: find(connection, id))

    async def change(self, id: str, change: Change, now: datetime) -> tuple[Account, bool]:
        return await self._database.write(lambda connection: _change(connection, id, change, now))

    async def remove(self, id: str, now: datetime, *, spare_last_admin: bool) -> bool:
        def work(connection: Connection) -> bool:
            if spare_last_admin:
                _another_admin(connection, id)
            connection.execute(_REMOVE_REQUESTS, {"user": id})
            if not connection.execute(_REMOVE, {"user": id}).rowcount:
                return False
            revoke(connection, "user", [id], now)
            return True

        return await self._database.write(work)

    async def page(self, q: str, limit: int, after: str) -> Sequence[Account]:
        given = {"q": _holding(fold(q)), "after": after, "most": limit}
        return await self._database.read(
            lambda connection: [account(row) for row in connection.execute(_PAGE, given)]
        )


def _holding(text: str) -> str:
    """A pattern for what holds this text."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return f"%{text}%"


def _add(connection: Connection, user: NewUser, invitation: str | None) -> Account:
    first = user.first_admin and _nobody(connection)
    name, email = fold(user.username), fold(user.email)
    row = {
        "id": user.id,
        "username": user.username,
        "name_key": name,
        "email": user.email,
        "email_key": email,
        "password_hash": user.hash,
        "role": "admin" if first else user.role,
        "created_at": user.created_at,
    }
    _free(connection, name=name, email=email)
    try:
        connection.execute(_ADD, row)
    except IntegrityError:  # somebody else was faster
        raise Conflict("This name or e-mail address is taken.") from None
    if invitation is not None:
        given = {"invitation": invitation, "address": email}
        given |= {"now": user.created_at, "user": user.id}
        if not connection.execute(_USE_INVITATION, given).rowcount:
            raise Forbidden("This invitation is not valid, or no longer.")
    return _known(connection, user.id)


def _nobody(connection: Connection) -> bool:
    """Whether there is no user yet. If so, nobody else becomes one until this has been done."""
    if connection.execute(_COUNT).scalar_one():
        return False
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        connection.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
    return not connection.execute(_COUNT).scalar_one()


def _free(connection: Connection, *, name: str | None, email: str | None) -> None:
    """Raises `Conflict` where one of them is taken."""
    taken = connection.execute(_TAKEN, {"name": name, "email": email}).scalars().all()
    if name in taken:
        raise Conflict("This name is taken.", field="username")
    if taken:
        raise Conflict("This e-mail address is taken.", field="email")


def _change(connection: Connection, id: str, change: Change, now: datetime) -> tuple[Account, bool]:
    weaker = change.disabled is True or change.role == "user"
    if weaker:
        _another_admin(connection, id)
    row = connection.execute(_LOCKED, {"id": id}).one_or_none()
    if row is None:
        raise NotFound
    before = account(row)
    if values := _values(connection, before, change, now):
        try:
            connection.execute(update(users).where(users.c.id == id).values(values))
        except IntegrityError:
            raise Conflict("This name or e-mail address is taken.") from None
    after = _known(connection, id)
    disabled = after.disabled and not before.disabled
    if disabled:
        end_logins(connection, id, now)
    revoked = disabled or after.role != before.role
    if revoked:
        revoke(connection, "user", [id], now)
    return after, revoked


def _values(
    connection: Connection, before: Account, change: Change, now: datetime
) -> dict[str, Any]:
    """The columns that change. Raises `Conflict` for a name or an address that is taken."""
    values: dict[str, Any] = {
        name: value
        for name in ("role", "max_runs", "daily_tokens")
        if (value := getattr(change, name)) is not UNSET
    }
    if change.disabled is not UNSET and change.disabled != before.disabled:
        values["disabled_at"] = now if change.disabled else None
    if change.username is not UNSET:
        values |= {"username": change.username, "name_key": fold(change.username)}
        if fold(change.username) != fold(before.username):
            _free(connection, name=fold(change.username), email=None)
    if change.email is not UNSET:
        values |= {"email": change.email, "email_key": fold(change.email)}
        if before.email is None or fold(change.email) != fold(before.email):
            _free(connection, name=None, email=fold(change.email))
    return values


def _another_admin(connection: Connection, id: str) -> None:
    """Raises `Conflict` where this is the only administrator; nobody else ceases to be one until
    this has been done."""
    if list(connection.execute(_ADMINS).scalars()) == [id]:
        raise Conflict("This is the last administrator.")


def _known(connection: Connection, id: str) -> Account:
    return account(connection.execute(BY_ID, {"id": id}).one())
