"""Idempotency keys: which run answers a request that may come again."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from sluice.core.commands import Once
from sluice.core.errors import IdempotencyMismatch
from sluice.stores.sql.schema import idempotency_keys
from sluice.stores.sql.upsert import insert_or_change

KEPT = timedelta(hours=24)

CLAIM = insert_or_change(
    idempotency_keys,
    ("caller", "key"),
    lambda new: {
        "fingerprint": new.fingerprint,
        "run_id": new.run_id,
        "created_at": new.created_at,
    },
    idempotency_keys.c.created_at <= bindparam("stale"),
)
FIND = select(idempotency_keys.c.fingerprint, idempotency_keys.c.run_id).where(
    idempotency_keys.c.caller == bindparam("whose"),
    idempotency_keys.c.key == bindparam("which"),
    idempotency_keys.c.created_at > bindparam("stale"),
)


def claim(tx: Connection, caller: str, once: Once, run: str, now: datetime) -> str | None:
    """Make this run the answer; the id of the other one where there is one already.

    Of several at once one wins; the others wait for it. Raises `IdempotencyMismatch`.
    """
    row = {
        "caller": caller, "key": once.key, "fingerprint": once.fingerprint, "run_id": run,
        "created_at": now, "stale": now - KEPT,
    }  # fmt: skip
    if tx.execute(CLAIM.on(tx), row).rowcount:
        return None
    return find_claim(tx, caller, once, now)


def find_claim(tx: Connection, caller: str, once: Once, now: datetime) -> str | None:
    """The id of the run that answers this request already. Raises `IdempotencyMismatch`."""
    wanted = {"whose": caller, "which": once.key, "stale": now - KEPT}
    found = tx.execute(FIND, wanted).one_or_none()
    if found is None:
        return None
    if found.fingerprint != once.fingerprint:
        raise IdempotencyMismatch
    return found.run_id
