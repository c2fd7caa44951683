"""Invitations. They are used up where users are added."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, or_, select

from sluice.services.accounts.books import Invitation
from sluice.services.accounts.names import fold
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import invitations

_ADD = insert(invitations)
_LIST = (
    select(
        invitations.c.id,
        invitations.c.email,
        invitations.c.created_by,
        invitations.c.created_at,
        invitations.c.expires_at,
        invitations.c.used_at,
        invitations.c.used_by,
    )
    .order_by(invitations.c.created_at.desc(), invitations.c.id)
    .limit(bindparam("most"))
)
_REMOVE = delete(invitations).where(invitations.c.id == bindparam("invitation"))
_HOLDS = select(invitations.c.id).where(
    invitations.c.hash == bindparam("hash"),
    invitations.c.used_at.is_(None),
    invitations.c.expires_at > bindparam("now"),
    or_(invitations.c.email.is_(None), invitations.c.email == bindparam("address")),
)


class SqlInvitations:
    """The `Invitations` of a database. An address is kept folded: that is how it is compared."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, invitation: Invitation, hash: str) -> None:
        row = {"hash": hash} | {
            name: getattr(invitation, name) for name in invitation.__struct_fields__
        }
        row["email"] = None if invitation.email is None else fold(invitation.email)
        await self._database.write(lambda connection: connection.execute(_ADD, row).rowcount)

    async def list(self, limit: int) -> Sequence[Invitation]:
        return await self._database.read(
            lambda connection: [
                Invitation(*row) for row in connection.execute(_LIST, {"most": limit})
            ]
        )

    async def remove(self, id: str) -> bool:
        given = {"invitation": id}
        return bool(
            await self._database.write(
                lambda connection: connection.execute(_REMOVE, given).rowcount
            )
        )

    async def holds(self, hash: str, email: str, now: datetime) -> bool:
        given = {"hash": hash, "address": fold(email), "now": now}
        return await self._database.read(
            lambda connection: connection.execute(_HOLDS, given).one_or_none() is not None
        )
