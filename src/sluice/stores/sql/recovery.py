"""Runs that a crash has cut off get the end that nobody has written.

A recovered run has its text up to the last checkpoint, as one event: which events had brought it
was known to the process that has died. A client that has seen any of them cannot be told where it
stands, so it must not resume: text would be lost, or come twice. A run of status `crashed` can be
followed from its beginning, or from just past `Started`; any other position is `run_expired`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, or_, select, update

from sluice.core.events import Usage
from sluice.services.metering import Prices, Tokenizer
from sluice.services.points import Tariff
from sluice.stores.sql.database import Database
from sluice.stores.sql.runs.settling import end_reply, ending, leave, release
from sluice.stores.sql.schema import checkpoints, runs

BATCH = 20  # runs whose texts are in memory at once
GUESS = 4  # characters a token, where the text itself is not kept
CODE = "interrupted"
LATEST = datetime.max.replace(tzinfo=UTC)

CUT_OFF = (
    select(
        runs.c.id,
        runs.c.asked,
        runs.c.conversation_id,
        runs.c.message_id,
        runs.c.input_tokens,
        runs.c.text_length,
    )
    .where(
        runs.c.status == "running",
        or_(runs.c.server == bindparam("home"), runs.c.started_at < bindparam("overdue")),
    )
    .order_by(runs.c.started_at)
    .limit(BATCH)
)
SAID = (
    select(checkpoints.c.run_id, checkpoints.c.piece)
    .where(checkpoints.c.run_id.in_(bindparam("batch", expanding=True)))
    .order_by(checkpoints.c.seq)
)
CRASH = ending("running")
CHARGED = update(runs).where(runs.c.id == bindparam("run"))


class Remains(NamedTuple):
    """What is left of a run, and what it is taken to have used."""

    run: Any
    text: str
    usage: Usage
    cost: float


class Recovery:
    """Ends the runs that have been cut off. To be repeated where it is cut off itself."""

    def __init__(
        self, database: Database, tokenizer: Tokenizer, prices: Prices, tariff: Tariff
    ) -> None:
        self._database = database
        self._tariff = tariff
        self._tokenizer = tokenizer
        self._prices = prices

    async def at_start(self, server: str | None, now: datetime, longest: float) -> int:
        """End the runs that this server has left behind, and those overdue; tells how many.

        `server` is None where the database has but one: whatever runs in it was left behind, by
        the server of which it is a backup, too. To be called before it takes its first request.
        """
        overdue = LATEST if server is None else now - timedelta(seconds=longest)
        return await self._recover(server, overdue, now)

    async def overdue(self, now: datetime, longest: float) -> int:
        """End the runs, of whatever server, that began more than `longest` seconds ago.

        No run lasts so long: whoever was to end them is gone. Tells how many there were.
        """
        return await self._recover(None, now - timedelta(seconds=longest), now)

    async def _recover(self, server: str | None, overdue: datetime, now: datetime) -> int:
        which = {"home": server, "overdue": overdue}

        def look(tx: Connection) -> list[tuple[Any, str]]:
            return _find(tx, which)

        ended = 0
        while found := await self._database.read(look):
            remains = [await self._weigh(run, text) for run, text in found]

            def work(tx: Connection, batch: list[Remains] = remains) -> int:
                return sum(_end(tx, one, self._tariff, now) for one in batch)

            ended += await self._database.write(work)
        return ended

    async def _weigh(self, run: Any, text: str) -> Remains:
        """Guess what a run has used: its provider's own report went with its process."""
        said = await self._tokenizer.count([text]) if text else -(-run.text_length // GUESS)
        usage = Usage(run.input_tokens, said, estimated=True)
        return Remains(run, text, usage, self._prices.cost(run.asked, usage))


def _find(tx: Connection, which: dict[str, Any]) -> list[tuple[Any, str]]:
    """The next runs that were cut off, with what is known of their text."""
    found = tx.execute(CUT_OFF, which).all()
    pieces: dict[str, list[str]] = {run.id: [] for run in found}
    for row in tx.execute(SAID, {"batch": list(pieces)}) if pieces else ():
        pieces[row.run_id].append(row.piece)
    return [(run, "".join(pieces[run.id])) for run in found]


def _end(tx: Connection, remains: Remains, tariff: Tariff, now: datetime) -> bool:
    """Store the end of one run; False where somebody else has by now."""
    run, text, usage, cost = remains
    stored = run.message_id is not None
    crash = {
        "run": run.id, "status": "crashed", "code": CODE, "ended_at": now, "cost": cost,
        "output_tokens": usage.output_tokens, "estimated": True,
        "text_length": len(text) if stored else run.text_length,
        "offsets": msgspec.msgpack.encode([0, len(text)]) if stored else None,
    }  # fmt: skip
    ended = tx.execute(CRASH, crash).one_or_none()
    if ended is None:
        return False
    if points := release(tx, ended, run.id, tariff.taken(usage.total), now):
        tx.execute(CHARGED, {"run": run.id, "points": points})
    if stored:
        reply = {
            "message": run.message_id, "status": "partial" if text else "failed",
            "ended_at": now, "code": CODE, "tokens": usage.output_tokens,
        }  # fmt: skip
        end_reply(tx, ended.user_id, text, reply)
    if run.conversation_id is not None:
        leave(tx, run.conversation_id, run.id, now)
    return True
