"""What runs reserve of something limited before they begin, and what they take of it in the end.

Knows no unit: tokens of a day are one. A run's hold is a row, so that a crash gives it back.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, update

from sluice.services.archive import Hold
from sluice.stores.sql.points import POINTS, charge
from sluice.stores.sql.schema import balances, holds
from sluice.stores.sql.upsert import insert_or_change

# One statement asks and takes, so that no two runs can be given the same last bit.
TAKE = insert_or_change(
    balances,
    ("user_id", "unit", "period"),
    lambda new: {"held": balances.c.held + new.held},
    balances.c.held + balances.c.spent + bindparam("wanted") <= bindparam("ceiling"),
)
TAKE_OF_MORE = (  # where a run may take only what was granted: there is nothing without a row
    update(balances)
    .where(
        balances.c.user_id == bindparam("of_user"),
        balances.c.unit == bindparam("of_unit"),
        balances.c.period == bindparam("of_period"),
        balances.c.held + balances.c.spent + bindparam("wanted") <= bindparam("ceiling"),
    )
    .values(held=balances.c.held + bindparam("wanted"))
)
NOTE = insert(holds)
RELEASE = (
    delete(holds)
    .where(holds.c.run_id == bindparam("run"))
    .returning(holds.c.user_id, holds.c.unit, holds.c.period, holds.c.amount)
)
SETTLE = (
    update(balances)
    .where(
        balances.c.user_id == bindparam("user"),
        balances.c.unit == bindparam("of_unit"),
        balances.c.period == bindparam("of_period"),
    )
    .values(
        held=balances.c.held - bindparam("given_back"), spent=balances.c.spent + bindparam("taken")
    )
)


def reserve(tx: Connection, hold: Hold, context: int, run: str, user: str) -> bool:
    """Hold what a run may take; False where it does not fit under the ceiling any more.

    `context` is tokens of which it is reminded. The run's row has to be there already.
    """
    wanted = hold.amount(context)
    if not _take(tx, hold, wanted, user):
        return False
    note = {
        "run_id": run, "unit": hold.unit, "user_id": user, "period": hold.period, "amount": wanted,
    }  # fmt: skip
    tx.execute(NOTE, note)
    return True


def _take(tx: Connection, hold: Hold, wanted: int, user: str) -> bool:
    limit = {"wanted": wanted, "ceiling": hold.ceiling}
    if wanted > hold.ceiling:
        of = {"of_user": user, "of_unit": hold.unit, "of_period": hold.period}
        return tx.execute(TAKE_OF_MORE, {**of, **limit}).rowcount > 0
    row = {
        "user_id": user, "unit": hold.unit, "period": hold.period, "held": wanted, "spent": 0,
    }  # fmt: skip
    return tx.execute(TAKE.on(tx), {**row, **limit}).rowcount > 0


def settle(tx: Connection, run: str, taken: Mapping[str, int], now: datetime) -> int:
    """Give back all that a run holds, and book what it has `taken`, by unit.

    What it never held is not booked, nor is anything twice. Points have a ledger besides; returns
    how many were charged.
    """
    charged = 0
    for held in tx.execute(RELEASE, {"run": run}).all():
        change = {
            "user": held.user_id, "of_unit": held.unit, "of_period": held.period,
            "given_back": held.amount, "taken": taken.get(held.unit, 0),
        }  # fmt: skip
        tx.execute(SETTLE, change)
        if held.unit == POINTS and change["taken"]:
            charged = change["taken"]
            charge(tx, held.user_id, charged, run, now)
    return charged
