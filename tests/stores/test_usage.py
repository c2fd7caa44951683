"""What runs took, added up by each database."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from sluice.services.usage import Group, Span, Taken
from sluice.stores.sql import usage as usage_in_sql
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import runs
from sluice.stores.sql.usage import SqlLedger
from tests.stores.rows import NOON, add_user

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Span(NOON - 3 * DAY, NOON + 4 * DAY)

Row = tuple[str, datetime, str, str, int, int, float, bool]

# owner, when, model, status, tokens in and out, cost, estimated
RUNS: list[Row] = [
    ("ann", NOON, "openai/a", "done", 10, 1, 0.5, False),
    ("ann", NOON + 11 * HOUR, "openai/a", "cancelled", 20, 2, 0.25, True),
    ("ann", NOON + 12 * HOUR, "local/b", "failed", 40, 4, 0.0, False),  # midnight
    ("ann", NOON + 12 * HOUR, "openai/a", "crashed", 80, 8, 1.0, True),
    ("ann", NOON + 13 * HOUR, "openai/a", "running", 999, 0, 0.0, True),
    ("bob", NOON, "openai/a", "done", 9999, 9999, 99.0, False),
    ("ann", WEEK.start, "local/b", "done", 1, 1, 0.0, False),
    ("ann", WEEK.end, "local/b", "done", 1000, 1, 0.0, False),
]


@pytest.fixture
async def ledger(database: Database) -> SqlLedger:
    def fill(tx: Connection) -> None:
        add_user("ann")(tx)
        add_user("bob")(tx)
        for n, (owner, at, model, status, given, made, cost, estimated) in enumerate(RUNS):
            row: dict[str, Any] = {
                "id": f"r{n}", "user_id": owner, "server": "s", "dialect": "query",
                "asked": "any", "model": model, "status": status, "input_tokens": given,
                "output_tokens": made, "reasoning_tokens": 0, "estimated": estimated,
                "cost": cost, "started_at": at, "text_length": 0, "points": made,
            }  # fmt: skip
            tx.execute(insert(runs).values(row))

    await database.write(fill)
    return SqlLedger(database)


TOTAL = Taken(5, 151, 16, 1.75, estimated_runs=2, failed_runs=2, points=16)


async def test_days_are_utcs_and_what_goes_on_is_not_counted(ledger: SqlLedger):
    groups, total = await ledger.read("ann", WEEK, "day")
    assert groups == (
        Group("2026-11-18", Taken(1, 1, 1, 0.0, 0, 0, 1)),
        Group("2026-11-21", Taken(2, 30, 3, 0.75, 1, 0, 3)),
        Group("2026-11-22", Taken(2, 120, 12, 1.0, 1, 2, 12)),
    )
    assert total == TOTAL


async def test_models_come_by_what_they_took(ledger: SqlLedger):
    groups, total = await ledger.read("ann", WEEK, "model")
    assert groups == (
        Group("openai/a", Taken(3, 110, 11, 1.75, 2, 1, 11)),
        Group("local/b", Taken(2, 41, 5, 0.0, 0, 1, 5)),
    )
    assert total == TOTAL


async def test_the_total_is_of_all_models_also_of_those_that_are_not_listed(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(usage_in_sql, "BY_MODEL", usage_in_sql.BY_MODEL.limit(1))
    groups, total = await ledger.read("ann", WEEK, "model")
    assert [group.key for group in groups] == ["openai/a"]
    assert total == TOTAL


async def test_where_nothing_was_used_there_is_nothing(ledger: SqlLedger):
    for by in ("day", "model"):
        assert await ledger.read("carl", WEEK, by) == ((), Taken())
