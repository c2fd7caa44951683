"""Personal keys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from sluice.core.errors import Conflict, Unauthorized
from sluice.services.accounts.books import Key
from sluice.stores.sql.accounts.rows import revoke
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import api_keys, users

_VALID = (
    api_keys.c.user_id == bindparam("user"),
    api_keys.c.revoked_at.is_(None),
    or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now")),
)
_OWNER = select(users.c.id).where(users.c.id == bindparam("user")).with_for_update()
_COUNT = select(func.count()).select_from(api_keys).where(*_VALID)
_ADD = insert(api_keys)
_LIST = (
    select(
        api_keys.c.id,
        api_keys.c.name,
        api_keys.c.hint,
        api_keys.c.created_at,
        api_keys.c.seen_at,
        api_keys.c.expires_at,
    )
    .where(*_VALID)
    .order_by(api_keys.c.created_at.desc(), api_keys.c.id)
)
_REVOKE = (
    update(api_keys)
    .where(api_keys.c.id == bindparam("key"), *_VALID)
    .values(revoked_at=bindparam("now"))
)


class SqlKeys:
    """The `Keys` of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user: str, key: Key, hash: str, most: int) -> None:
        row = {"user_id": user, "hash": hash} | {
            name: getattr(key, name) for name in key.__struct_fields__
        }

        def work(connection: Connection) -> None:
            if connection.execute(_OWNER, {"user": user}).one_or_none() is None:
                raise Unauthorized
            given = {"user": user, "now": key.created_at}
            if connection.execute(_COUNT, given).scalar_one() >= most:
                raise Conflict(f"There are {most} keys already. Revoke one first.")
            connection.execute(_ADD, row)

        await self._database.write(work)

    async def list(self, user: str, now: datetime) -> Sequence[Key]:
        given = {"user": user, "now": now}
        return await self._database.read(
            lambda connection: [Key(*row) for row in connection.execute(_LIST, given)]
        )

    async def revoke(self, user: str, key: str, now: datetime) -> bool:
        given = {"user": user, "key": key, "now": now}

        def work(connection: Connection) -> bool:
            if not connection.execute(_REVOKE, given).rowcount:
                return False
            revoke(connection, "key", [key], now)
            return True

        return await self._database.write(work)
