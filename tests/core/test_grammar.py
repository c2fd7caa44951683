"""The legal order of events, asked of the table and of a run."""

import pytest

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
from sluice.core.grammar import TRANSITIONS, GrammarError, advance

STARTED = Started("m", 0.0)
SPEECH: list[Event] = [
    TextDelta("a"),
    ReasoningDelta("b"),
    ToolCall("1", "f", "{}"),
    Usage(1, 1),
]
ENDINGS: list[Event] = [Finished("stop"), Failed("internal", "")]


@pytest.mark.parametrize("event", SPEECH, ids=lambda event: type(event).__name__)
def test_a_run_that_is_open_may_go_on(event: Event):
    assert advance("open", event) == "open"


@pytest.mark.parametrize("event", ENDINGS, ids=lambda event: type(event).__name__)
def test_an_ending_closes_a_run_for_good(event: Event):
    assert advance("open", event) == "closed"
    for more in [STARTED, *SPEECH, *ENDINGS]:
        with pytest.raises(GrammarError):
            advance("closed", more)


@pytest.mark.parametrize("event", [*SPEECH, Finished("stop")], ids=lambda e: type(e).__name__)
def test_nothing_is_said_before_the_start(event: Event):
    with pytest.raises(GrammarError, match=f"{type(event).__name__} while idle"):
        advance("idle", event)


def test_a_run_starts_once_or_fails_before_it_does():
    assert advance("idle", STARTED) == "open"
    assert advance("idle", Failed("internal", "")) == "closed"
    with pytest.raises(GrammarError):
        advance("open", STARTED)


def test_every_event_has_its_place_in_the_table():
    kinds = {type(event) for event in [STARTED, *SPEECH, *ENDINGS]}
    assert set().union(*TRANSITIONS.values()) == kinds
