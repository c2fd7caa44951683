"""The legal order of events, as a table."""

from sluice.core.events import (
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCall,
    Usage,
)

State = dict[type[Event], str]

TRANSITIONS: dict[str, State] = {
    "idle": {Started: "open", Failed: "closed"},
    "open": {
        TextDelta: "open",
        ReasoningDelta: "open",
        ToolCall: "open",
        Usage: "open",
        Finished: "closed",
        Failed: "closed",
    },
    "closed": {},
}


class GrammarError(Exception):
    """A bug of ours: events in an order that means nothing."""


def advance(state: str, event: Event) -> str:
    """The state after `event`. Raises `GrammarError` where it may not come now."""
    try:
        return TRANSITIONS[state][type(event)]
    except KeyError:
        raise GrammarError(f"{type(event).__name__} while {state}") from None
