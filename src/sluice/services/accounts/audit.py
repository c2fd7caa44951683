"""The audit: who signed in, and what was done to accounts. Never a secret, and no unknown name,
which may well be a password in the wrong field."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from sluice.core.commands import Principal
from sluice.services.accounts.books import Entry, Trail

NOBODY = "-"  # the subject, where there is none that is known

log = logging.getLogger("sluice.audit")


def instant(wall: float) -> datetime:
    """Epoch seconds as a moment in UTC."""
    return datetime.fromtimestamp(wall, UTC)


class Audit:
    """Writes the audit: a row, and a line in the log."""

    def __init__(self, trail: Trail, wall: Callable[[], float]) -> None:
        self._trail = trail
        self._wall = wall

    async def note(
        self,
        action: str,
        who: Principal,
        *,
        actor: str | None = None,
        subject: str | None = None,
        outcome: str = "ok",
    ) -> None:
        """`actor` and `subject` are whoever asks, unless told; `outcome` may be an error's code."""
        actor = actor or who.id
        entry = Entry(
            at=instant(self._wall()),
            actor=actor,
            action=action,
            subject=(subject or actor or NOBODY)[:100],
            address=who.address[:64],
            outcome=outcome,
        )
        log.info(
            "%s by %s on %s from %s: %s",
            entry.action,
            entry.actor or NOBODY,
            entry.subject,
            entry.address or NOBODY,
            entry.outcome,
        )
        await self._trail.add(entry)
