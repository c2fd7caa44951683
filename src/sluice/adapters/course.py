"""Detailed logs of how runs go (`ENABLE_LOGS`): when each began to speak, paused, and ended.

Message texts appear in them only where the operator wants that too (`SLUICE_LOG_CONTENT`).
"""

from collections.abc import Sequence

import structlog

from sluice.core.errors import SluiceError
from sluice.core.events import Event, ReasoningDelta, TextDelta
from sluice.core.runs import Run

PAUSE = 1.0  # seconds without a word that are worth a line


class Course:
    """Follows runs as they go, for the log. A `core.ports.Chronicle`."""

    def __init__(self, content: bool) -> None:
        self._content = content
        self._log = structlog.get_logger()
        self._heard: dict[str, float] = {}  # when each run last said something

    def began(self, run: Run) -> None:
        self._heard[run.id] = run.started
        prompt = run.prompt
        asked = {"text": prompt.messages[-1].text} if self._content else {}
        self._say("queued", run, turns=len(prompt.messages), **asked)

    def said(self, run: Run, events: Sequence[Event]) -> None:
        now, before = run.clock(), self._heard.get(run.id, run.started)
        self._heard[run.id] = now
        speaks = any(isinstance(event, TextDelta | ReasoningDelta) for event in events)
        if speaks and run.first_token is not None and run.started + run.first_token >= before:
            self._say("first token", run, after=round(run.first_token, 3))
        elif now - before > PAUSE:
            self._say("pause", run, seconds=round(now - before, 3), events=len(run.log))

    def ended(self, run: Run) -> None:
        self._heard.pop(run.id, None)
        said = {"text": run.text} if self._content else {}
        self._say("end", run, seconds=round(run.duration, 3), events=len(run.log), **said)

    def _say(self, what: str, run: Run, **more: object) -> None:
        self._log.info(what, logger="sluice.course", run=run.id, model=run.model[:80], **more)


class Mishaps:
    """Notes what goes wrong on the way to an answer. A `providers.conduct.Observer`."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()

    def failed(self, model: str, error: SluiceError) -> None:
        self._log.warning(
            "attempt failed", logger="sluice.chain", model=model[:80], code=error.code
        )

    def repeated(self, model: str, pause: float) -> None:
        self._log.info(
            "asking again", logger="sluice.chain", model=model[:80], pause=round(pause, 3)
        )

    def skipped(self, model: str) -> None:
        self._log.warning(
            "left alone: its breaker is open", logger="sluice.chain", model=model[:80]
        )
