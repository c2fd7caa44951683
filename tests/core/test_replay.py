"""The log of a stored run: any position a client may have reached gives the rest, once."""

import pytest

from sluice.core.errors import RunExpired
from sluice.core.events import Event, Finished, Started, TextDelta, Usage
from sluice.core.replay import StoredLog

STARTED, ENDING, USAGE = Started("m", 1.0), Finished("stop"), Usage(1, 2)
TEXT = "Xin chào 👋"
# Started, "Xin", a report, " chào", a thought, " 👋", and the ending, which has no length
LENGTHS = [0, 3, 0, 5, 0, 2]


def stored(*, exact: bool = True) -> StoredLog:
    return StoredLog(STARTED, TEXT, LENGTHS, ENDING, USAGE, exact=exact)


def said(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, TextDelta)]


@pytest.mark.parametrize(
    ("after", "rest"),
    [
        (0, [TEXT]),
        (1, [TEXT]),
        (2, [" chào 👋"]),
        (3, [" chào 👋"]),
        (4, [" 👋"]),
        (5, [" 👋"]),
        (6, []),
    ],
)
def test_the_rest_comes_in_one_piece_and_its_end(after: int, rest: list[str]):
    events = list(stored().read(after))
    assert len(events) == len(LENGTHS) + 1 - after
    assert said(events) == rest
    assert events[-1] == ENDING
    assert (events[0] == STARTED) == (after == 0)


@pytest.mark.parametrize("after", range(1, 7))
def test_what_a_client_has_seen_and_what_it_gets_are_the_whole(after: int):
    seen = said(list(stored().read(0, after)))
    rest = said(list(stored().read(after)))
    assert "".join([*seen, *rest]) == TEXT


def test_past_the_end_there_is_nothing():
    assert list(stored().read(7)) == []


def test_the_piece_has_the_number_of_the_last_event_that_brought_text():
    events = list(stored().read(0))
    assert events.index(TextDelta(TEXT)) == 5


@pytest.mark.parametrize(("after", "exact", "refused"), [
    (0, True, False), (4, True, False), (7, True, False), (8, True, True), (-1, True, True),
    (0, False, False), (1, False, False), (2, False, True), (7, False, True),
])  # fmt: skip
def test_a_position_that_is_not_known_cannot_be_read_from(after: int, exact: bool, refused: bool):
    refusal = stored(exact=exact).refusal(after)
    assert isinstance(refusal, RunExpired) == refused
