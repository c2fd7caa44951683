"""What a crash has cut off is ended at the next start; what is past its time goes."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from sluice.core.commands import Once, Thread
from sluice.core.events import Usage
from sluice.services.archive import Hold, Piece
from sluice.services.points import Tariff
from sluice.stores.sql.database import Database
from sluice.stores.sql.recovery import BATCH, Recovery
from sluice.stores.sql.schema import (
    balances,
    checkpoints,
    conversations,
    holds,
    idempotency_keys,
    messages,
    runs,
)
from sluice.stores.sql.tidying import tidy
from tests.stores.rows import NOON, add_user
from tests.stores.telling import Teller, said

HOUR = 3600.0
LATER = NOON + timedelta(minutes=1)


class Words:
    """A tokenizer to which each word is a token."""

    async def count(self, texts: Sequence[str]) -> int:
        return sum(len(text.split()) for text in texts)


class Flat:
    """A cent a token, whatever the model."""

    def cost(self, model: str, usage: Usage) -> float:
        return usage.total / 100


@pytest.fixture
async def teller(database: Database) -> Teller:
    for user in ("ann", "bob"):
        await database.write(add_user(user))
    return Teller(database)


@pytest.fixture
def recovery(database: Database) -> Recovery:
    return Recovery(database, Words(), Flat(), Tariff())


async def test_a_reply_that_was_cut_off_is_kept_as_far_as_it_came(
    teller: Teller, recovery: Recovery
) -> None:
    run, opened = await teller.open("Tell me more", hold=Hold("tokens", "2026-11-21", 99, 50))
    assert opened.place is not None
    await teller.archive.checkpoint([Piece(run, "Once upon ", 10)])
    await teller.archive.checkpoint([Piece(run, "a time", 16)])
    assert await recovery.at_start("here", LATER, HOUR) == 1
    [reply] = await teller.rows(select(messages).where(messages.c.role == "assistant"))
    assert (reply.content, reply.size, reply.status) == ("Once upon a time", 16, "partial")
    assert (reply.code, reply.tokens) == ("interrupted", 4)
    [row] = await teller.rows(select(runs))
    assert (row.status, row.code, row.estimated, row.ended_at) == (
        "crashed", "interrupted", True, LATER,
    )  # fmt: skip
    assert (row.input_tokens, row.output_tokens, row.cost) == (8, 4, 0.12)  # (12 + 12) bytes / 3
    [budget] = await teller.rows(select(balances))
    assert (budget.held, budget.spent) == (0, 12)
    for table in (checkpoints, holds):
        assert await teller.rows(select(table)) == []
    thread = Thread("conversations", id=opened.place.conversation)
    _, again = await teller.open("Go on", thread=thread)
    assert again.context == said("Tell me more", "Once upon a time", "Go on")


async def test_a_reply_of_which_nothing_came_has_failed(teller: Teller, recovery: Recovery) -> None:
    run, _ = await teller.open()
    await recovery.at_start("here", LATER, HOUR)
    [reply] = await teller.rows(select(messages).where(messages.c.role == "assistant"))
    assert (reply.content, reply.status) == ("", "failed")
    stored = await teller.archive.replay(run)
    assert stored is not None
    assert (stored.status, stored.text, list(stored.lengths)) == ("crashed", "", [0, 0])


async def test_a_crashed_run_can_be_read_from_its_beginning(
    teller: Teller, recovery: Recovery
) -> None:
    run, _ = await teller.open()
    await teller.archive.checkpoint([Piece(run, "Once\0", 5)])
    await recovery.at_start("here", LATER, HOUR)
    stored = await teller.archive.replay(run)
    assert stored is not None
    assert (stored.status, stored.code, stored.finish_reason) == ("crashed", "interrupted", None)
    assert (stored.text, list(stored.lengths), stored.ended) == ("Once\0", [0, 5], LATER)
    assert (stored.receipt.text_length, stored.receipt.usage.estimated) == (5, True)


async def test_a_run_without_a_text_is_counted_by_its_length(
    teller: Teller, recovery: Recovery
) -> None:
    run, _ = await teller.open("Hello?", thread=None, owner=None)
    await teller.archive.checkpoint([Piece(run, "", 41)])
    await recovery.at_start("here", LATER, HOUR)
    [row] = await teller.rows(select(runs))
    assert (row.status, row.output_tokens, row.text_length) == ("crashed", 11, 41)
    assert row.offsets is None


@pytest.mark.parametrize(
    ("server", "age", "crashed"),
    [("here", 0, True), ("there", 0, False), ("there", HOUR - 1, False), ("there", HOUR + 1, True)],
)
async def test_only_what_nobody_can_be_running_is_ended(
    teller: Teller, recovery: Recovery, server: str, age: float, crashed: bool
) -> None:
    await teller.open(server=server)
    now = NOON + timedelta(seconds=age)
    assert await recovery.at_start("here", now, HOUR) == crashed


async def test_in_a_database_of_ones_own_whatever_runs_was_left_behind(
    teller: Teller, recovery: Recovery
) -> None:
    await teller.open(server="there")
    assert await recovery.at_start(None, NOON - timedelta(seconds=HOUR), HOUR) == 1


async def test_a_server_that_runs_looks_for_overdue_runs_only(
    teller: Teller, recovery: Recovery
) -> None:
    await teller.open()
    assert await recovery.overdue(LATER, HOUR) == 0
    assert await recovery.overdue(NOON + timedelta(seconds=HOUR + 1), HOUR) == 1


async def test_many_runs_are_ended_each_once(teller: Teller, recovery: Recovery) -> None:
    many = 2 * BATCH + 3
    for _ in range(many):
        run, _ = await teller.open()
        await teller.archive.checkpoint([Piece(run, "text", 4)])
    assert await recovery.at_start("here", LATER, HOUR) == many
    assert await recovery.at_start("here", LATER, HOUR) == 0
    found = await teller.rows(select(runs.c.status))
    assert [row.status for row in found] == ["crashed"] * many
    found = await teller.rows(select(conversations.c.active_run_id))
    assert [row.active_run_id for row in found] == [None] * many


async def test_a_run_taken_for_lost_can_still_end(teller: Teller, recovery: Recovery) -> None:
    run, opened = await teller.open(hold=Hold("tokens", "2026-11-21", 99, 50))
    await teller.archive.checkpoint([Piece(run, "Once", 4)])
    await recovery.at_start("here", LATER, HOUR)
    await teller.close(run, opened.place, "Once upon a time")
    stored = await teller.archive.replay(run)
    assert stored is not None
    assert (stored.status, stored.text, stored.receipt.usage.total) == (
        "done", "Once upon a time", 30,
    )  # fmt: skip
    [budget] = await teller.rows(select(balances))
    assert (budget.held, budget.spent) == (0, 7)  # settled once


async def test_what_is_past_its_time_goes(teller: Teller) -> None:
    await teller.open(once=Once("old", "print"), thread=None)
    teller.wall += 3600
    await teller.open(once=Once("new", "print"), thread=None)
    rows = [
        {"user_id": "ann", "unit": unit, "period": period, "held": 0, "spent": 1}
        for unit, period in [
            ("tokens", "2025-10-17"),
            ("tokens", "2025-10-18"),
            ("points", ""),
        ]
    ]
    await teller.database.write(lambda tx: tx.execute(insert(balances), rows))
    left = {"run_id": "run1", "piece": "left over"}
    await teller.close("run1", None)
    await teller.database.write(lambda tx: tx.execute(insert(checkpoints), left))
    now = NOON + timedelta(days=1)
    assert await tidy(teller.database, now) == 3
    assert await tidy(teller.database, now) == 0
    kept = await teller.rows(select(idempotency_keys.c.key))
    assert [row.key for row in kept] == ["new"]
    kept = await teller.rows(select(balances.c.period).order_by(balances.c.period))
    assert [row.period for row in kept] == ["", "2025-10-18"]
