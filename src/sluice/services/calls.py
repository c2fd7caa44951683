"""Calls to models from inside a flow: part of its run, paid for by whoever started that."""

import asyncio
from contextvars import ContextVar

from sluice.core.commands import Ask, Principal
from sluice.core.events import Attempt
from sluice.core.runs import Run
from sluice.services.chat import Chat
from sluice.services.text import TextStream

INNER = "flow-call"  # the dialect of a run that is part of another: that one's record covers it


class Calls:
    """What one run of a flow asks of models, in any number and at the same time."""

    def __init__(self, chat: Chat, who: Principal, attempts: list[Attempt]) -> None:
        self._chat = chat
        self._who = who
        self._attempts = attempts
        self._runs: list[Run] = []

    def stream(self, ask: Ask) -> TextStream:
        """Ask a model."""

        async def begin() -> Run:
            run = await self._chat.call(ask, INNER, self._who)
            self._runs.append(run)
            return run

        return TextStream(begin)

    async def close(self) -> None:
        """Stop what still runs, and add up what all of it has used."""
        for run in self._runs:
            self._chat.stop(run)
        if tasks := [run.task for run in self._runs if run.task is not None]:
            await asyncio.wait(tasks)
        for run in self._runs:
            self._attempts.extend(run.attempts)
        self._runs = []


CALLS: ContextVar[Calls | None] = ContextVar("sluice_calls", default=None)
