"""What runs reserve of something limited before they begin, and what they take of it in the end.

Knows no unit: tokens of a day are one. A run's hold is a row, so that a crash gives it back.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, delete, insert, update

from sluice.services.archive import Hold
from sluice.stores.sql.schema import balances, holds
from sluice.stores.sql.upsert import insert_or_change

# One statement asks and takes, so that no two runs can be given the same last bit.
TAKE = insert_or_change(
    balances,
    ("user_id", "unit", "period"),
    lambda new: {"held": balances.c.held + new.held},
    balances.c.held + balances.c.spent + bindparam("wanted") <= bindparam("ceiling"),
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


def reserve(tx: Connection, hold: Hold, run: str, user: str) -> bool:
    """Hold what a run may take; False where it does not fit under the ceiling any more.

    The run's row has to be there already.
    """
    row = {
        "user_id": user, "unit": hold.unit, "period": hold.period, "held": hold.amount, "spent": 0,
        "wanted": hold.amount, "ceiling": hold.ceiling,
    }  # fmt: skip
    if hold.amount > hold.ceiling or tx.execute(TAKE.on(tx), row).rowcount == 0:
        return False
    tx.execute(
        NOTE,
        {
            "run_id": run,
            "unit": hold.unit,
            "user_id": user,
            "period": hold.period,
            "amount": hold.amount,
        },
    )
    return True


def settle(tx: Connection, run: str, taken: Mapping[str, int]) -> None:
    """Give back all that a run holds, and book what it has `taken`, by unit.

    What it never held is not booked, nor is anything twice.
    """
    for held in tx.execute(RELEASE, {"run": run}).all():
        change = {
            "user": held.user_id, "of_unit": held.unit, "of_period": held.period,
            "given_back": held.amount, "taken": taken.get(held.unit, 0),
        }  # fmt: skip
        tx.execute(SETTLE, change)
