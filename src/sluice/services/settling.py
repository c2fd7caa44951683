"""A run's end: what it came to is counted and stored before anybody hears of it."""

from collections.abc import Callable

import msgspec

from sluice.core.events import Ending, Finished, Receipt
from sluice.core.ports import Outcome, Settle
from sluice.services.archive import Archive, Closing, Status
from sluice.services.calls import INNER
from sluice.services.ledger import Ledger
from sluice.services.points import POINTS, TOKENS, Tariff


class Settling:
    """The `Settle` of a server: the meter's receipt, and the end transaction."""

    def __init__(
        self,
        meter: Settle,
        archive: Archive,
        ledger: Ledger,
        server: str,
        wall: Callable[[], float],
        tariff: Tariff,
    ) -> None:
        self._meter = meter
        self._archive = archive
        self._ledger = ledger
        self._server = server
        self._wall = wall
        self._tariff = tariff

    async def __call__(self, run: Outcome, ending: Ending) -> Receipt:
        receipt = await self._meter(run, ending)
        failed = not isinstance(ending, Finished)  # which costs no points
        if self._tariff.charges(run.dialect, run.owner) and not failed and not receipt.cached:
            price = self._tariff.price(receipt.usage.total)
            receipt = msgspec.structs.replace(receipt, points=price)
        if run.dialect != INNER:
            store = self._ledger.end if self._ledger.keeps(run.id) else self._archive.close
            await store(self._closing(run, ending, receipt))
        return receipt

    def _closing(self, run: Outcome, ending: Ending, receipt: Receipt) -> Closing:
        finished = isinstance(ending, Finished)
        return Closing(
            id=run.id,
            server=self._server,
            dialect=run.dialect,
            asked=run.model,
            owner=run.owner,
            status=_status(ending),
            finish_reason=ending.reason if finished else None,
            code=None if finished else ending.code,
            receipt=receipt,
            place=run.place,
            text="" if run.place is None else run.text,
            lengths=() if run.place is None else run.lengths(),
            wall=self._wall(),
            taken={TOKENS: _tokens(receipt), POINTS: receipt.points},
        )


def _status(ending: Ending) -> Status:
    if not isinstance(ending, Finished):
        return "failed"
    return "cancelled" if ending.reason == "cancelled" else "done"


def _tokens(receipt: Receipt) -> int:
    """All that was asked for the run, whether or not it became the answer."""
    spent = [attempt.usage.total for attempt in receipt.attempts if attempt.usage is not None]
    return sum(spent) if spent else receipt.usage.total
