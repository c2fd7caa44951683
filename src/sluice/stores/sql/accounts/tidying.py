"""What of accounts is past its time, and goes. To be called now and then, by any one server."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, or_

from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import api_keys, audit, invitations, logins, revocations

# What goes, and how long it is kept once it has ended. Revocations outlive the longest token.
RULES = (
    (delete(revocations).where(revocations.c.at < bindparam("before")), timedelta(days=1)),
    (
        delete(logins).where(
            or_(
                logins.c.expires_at < bindparam("before"), logins.c.revoked_at < bindparam("before")
            )
        ),
        timedelta(days=30),
    ),
    (
        delete(api_keys).where(
            or_(
                api_keys.c.expires_at < bindparam("before"),
                api_keys.c.revoked_at < bindparam("before"),
            )
        ),
        timedelta(days=30),
    ),
    (delete(invitations).where(invitations.c.expires_at < bindparam("before")), timedelta(days=30)),
    (delete(audit).where(audit.c.at < bindparam("before")), timedelta(days=400)),
)


async def tidy(database: Database, now: datetime) -> None:
    """Delete what nobody needs any more."""

    def work(connection: Connection) -> None:
        for statement, kept in RULES:
            connection.execute(statement, {"before": now - kept})

    await database.write(work)
