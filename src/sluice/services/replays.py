"""A stored run as one that can be followed: said already, by nobody who could be stopped."""

from collections.abc import Callable

from sluice.core.events import Failed, Finished, FinishReason, Started
from sluice.core.messages import Prompt
from sluice.core.replay import StoredLog
from sluice.core.runs import Run
from sluice.services.archive import StoredRun

REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tools": "tools",
    "content_filter": "content_filter",
    "cancelled": "cancelled",
}
TEXT = "The reply broke off; what had been written by then is kept."


class Nobody:
    """The keeper of a run that has ended."""

    def left_alone(self, run: Run, at_once: bool) -> None:
        pass

    def joined(self, run: Run) -> None:
        pass


def revive(stored: StoredRun, clock: Callable[[], float], wall: Callable[[], float]) -> Run:
    """The run, with its log as far as it was kept: text, and the numbers of its events."""
    run = Run(
        stored.id,
        model=stored.asked,
        prompt=Prompt(stored.asked, ()),
        dialect=stored.dialect,
        owner=stored.owner,
        user=stored.user,
        place=stored.place,
        keeper=Nobody(),
        clock=clock,
        wall=wall,
    )
    reason = REASONS.get(stored.finish_reason or "")
    if reason is not None:
        run.ending = Finished(reason, stored.receipt)
    else:
        code = stored.code or "interrupted"
        run.ending = Failed(code, TEXT, stored.ended.timestamp(), stored.receipt)
    started = Started(stored.asked, stored.started.timestamp())
    usage = stored.receipt.usage
    exact = stored.status != "crashed"
    run.log = StoredLog(started, stored.text, stored.lengths, run.ending, usage, exact=exact)
    run.said = len(run.log)
    run.started, run.ended = 0.0, stored.receipt.duration
    run.ended_at = stored.ended.timestamp()
    run.first_token = stored.receipt.first_token
    return run
