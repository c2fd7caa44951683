"""So many requests within any stretch of so many seconds."""

import pytest

from sluice.services.limits import Rate
from sluice.services.windows import MovingWindows, parse_rate

THIRTY = Rate(30, 60.0)
TWO = Rate(2, 10.0)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def windows(clock: Clock) -> MovingWindows:
    return MovingWindows(clock)


def test_of_forty_requests_thirty_pass_and_another_caller_is_untouched(
    windows: MovingWindows, clock: Clock
) -> None:
    said = []
    for _ in range(40):
        clock.now += 1
        said.append(windows.hit("chat", "one", THIRTY))
    assert [verdict.allowed for verdict in said] == [True] * 30 + [False] * 10
    assert [verdict.remaining for verdict in said] == [*range(29, -1, -1), *[0] * 10]
    assert windows.hit("chat", "other", THIRTY).remaining == 29
    assert windows.hit("query", "one", THIRTY).remaining == 29


def test_what_is_refused_does_not_count_and_the_window_moves(
    windows: MovingWindows, clock: Clock
) -> None:
    # seconds: (allowed, remaining, seconds until the next is free, or all are)
    course = {
        0: (True, 1, 10.0),
        4: (True, 0, 6.0),
        5: (False, 0, 5.0),
        9: (False, 0, 1.0),
        10: (True, 0, 4.0),
        13: (False, 0, 1.0),
        14: (True, 0, 6.0),
        40: (True, 1, 10.0),
    }
    start, said = clock.now, {}
    for second in course:
        clock.now = start + second
        verdict = windows.hit("b", "c", TWO)
        said[second] = (verdict.allowed, verdict.remaining, verdict.reset)
    assert said == course


def test_a_look_counts_nothing_and_remembers_nobody(windows: MovingWindows, clock: Clock) -> None:
    nobody = [windows.peek("b", "c", TWO) for _ in range(3)]
    assert [(one.allowed, one.remaining, one.reset) for one in nobody] == [(True, 2, 0.0)] * 3
    assert len(windows) == 0
    windows.hit("b", "c", TWO)
    clock.now += 1
    assert windows.peek("b", "c", TWO).remaining == 1
    windows.hit("b", "c", TWO)
    look = windows.peek("b", "c", TWO)
    assert (look.allowed, look.remaining, look.reset) == (False, 0, 9.0)


def test_routes_that_share_a_bucket_share_the_count(windows: MovingWindows, clock: Clock) -> None:
    for _ in range(5):
        windows.hit("b", "c", THIRTY)
        clock.now += 1
    strict = windows.hit("b", "c", Rate(2, 60.0))
    assert (strict.allowed, strict.remaining, strict.reset) == (False, 0, 58.0)
    assert windows.hit("b", "c", THIRTY).remaining == 24


def test_those_of_whom_nothing_counts_any_more_are_forgotten(
    windows: MovingWindows, clock: Clock
) -> None:
    for number in range(100):
        windows.hit("b", str(number), TWO)
    assert len(windows) == 100
    clock.now += 10
    windows.hit("b", "new", TWO)
    assert len(windows) == 1


def test_beyond_so_many_callers_the_one_not_seen_for_longest_is_forgotten(clock: Clock) -> None:
    windows = MovingWindows(clock, most_callers=3)
    for caller in ("a", "b", "c", "a", "d"):
        windows.hit("bucket", caller, THIRTY)
    left = {one: windows.peek("bucket", one, THIRTY).remaining for one in "abcd"}
    assert left == {"a": 28, "b": 30, "c": 29, "d": 29}


def test_nothing_is_allowed_where_the_amount_is_nothing(windows: MovingWindows) -> None:
    verdict = windows.hit("b", "c", Rate(0, 60.0))
    assert (verdict.allowed, verdict.remaining, verdict.reset) == (False, 0, 60.0)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("30/minute", Rate(30, 60.0)),
        ("5/second", Rate(5, 1.0)),
        (" 100 / hour ", Rate(100, 3600.0)),
        ("1/day", Rate(1, 86_400.0)),
    ],
)
def test_a_rate_is_written_as_a_number_and_a_unit(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "30", "0/minute", "-1/minute", "3.5/minute", "30/month", "minute", "٣/minute"]
)
def test_a_rate_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="30/minute"):
        parse_rate(text)
