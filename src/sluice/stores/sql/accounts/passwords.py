"""The hashes of passwords."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Executable, bindparam, or_, select, update

from sluice.services.accounts.books import Credential
from sluice.services.accounts.names import fold
from sluice.stores.sql.accounts.rows import ACCOUNT, account, end_logins
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import users

_OF = select(*ACCOUNT, users.c.password_hash).where(users.c.id == bindparam("name"))
# No name is an address: it holds no @.
_FIND = select(*ACCOUNT, users.c.password_hash).where(
    or_(users.c.name_key == bindparam("name"), users.c.email_key == bindparam("name"))
)
_REHASH = (
    update(users)
    .where(users.c.id == bindparam("user"), users.c.password_hash == bindparam("old"))
    .values(password_hash=bindparam("new"))
)
_REPLACE = (
    update(users).where(users.c.id == bindparam("user")).values(password_hash=bindparam("new"))
)


class SqlPasswords:
    """The `Passwords` of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, name: str) -> Credential | None:
        return await self._one(_FIND, fold(name))

    async def of(self, id: str) -> Credential | None:
        return await self._one(_OF, id)

    async def rehash(self, id: str, old: str, new: str) -> None:
        given = {"user": id, "old": old, "new": new}
        await self._database.write(lambda connection: connection.execute(_REHASH, given).rowcount)

    async def replace(self, id: str, hash: str, keep: str | None, now: datetime) -> Sequence[str]:
        def work(connection: Connection) -> list[str]:
            connection.execute(_REPLACE, {"user": id, "new": hash})
            return end_logins(connection, id, now, keep)

        return await self._database.write(work)

    async def _one(self, statement: Executable, name: str) -> Credential | None:
        def work(connection: Connection) -> Credential | None:
            row = connection.execute(statement, {"name": name}).one_or_none()
            return None if row is None else Credential(account(row), row.password_hash)

        return await self._database.read(work)
