"""The breaker's states, one story a row."""

import pytest
from speakers import Clock

from sluice.providers.breaker import Breaker, Breakers, Permit

# s: a request that succeeds, f: one that fails, n: neither; +: the cooldown passes.
STORIES = [
    ("", "closed"),
    ("ff", "closed"),
    ("fff", "open"),
    ("ffsff", "closed"),
    ("ffnf", "open"),
    ("fff+", "open"),
    ("fff+s", "closed"),
    ("fff+sff", "closed"),
    ("fff+f", "open"),
    ("fff+n", "open"),
    ("fff+ns", "closed"),
    ("nnnnnn", "closed"),
]
VERDICTS = {"s": "success", "f": "failure", "n": "neither"}


@pytest.mark.parametrize(("story", "state"), STORIES)
def test_a_breaker_goes_where_its_story_leads(story: str, state: str) -> None:
    clock = Clock()
    breaker = Breaker(3, 30.0, clock)
    for letter in story:
        if letter == "+":
            clock.now += 30
        else:
            assert breaker.wait == 0
            breaker.begin().close(VERDICTS[letter])  # type: ignore[arg-type]
    assert breaker.state == state


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(3, 30.0, clock)
    for _ in range(3):
        breaker.begin().close("failure")
    return breaker


def test_open_means_waiting_for_the_rest_of_the_cooldown() -> None:
    clock = Clock()
    breaker = broken(clock)
    assert breaker.wait == 30
    clock.now += 29
    assert breaker.wait == 1
    clock.now += 1
    assert breaker.wait == 0


def test_while_a_probe_is_out_everybody_else_waits() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 60
    probe = breaker.begin()
    assert (breaker.state, breaker.wait) == ("half_open", 1.0)
    probe.close("neither")
    assert breaker.wait == 0


def test_a_probe_that_speaks_closes_it_on_probation() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 30
    probe = breaker.begin()
    probe.answered()
    assert (breaker.state, breaker.wait) == ("closed", 0)
    probe.close("failure")
    assert breaker.state == "open"


@pytest.mark.parametrize("verdict", VERDICTS.values())
def test_news_from_before_an_opening_is_no_news(verdict: str) -> None:
    clock = Clock()
    breaker = Breaker(3, 30.0, clock)
    old: Permit = breaker.begin()
    for _ in range(3):
        breaker.begin().close("failure")
    clock.now += 30
    breaker.begin()
    old.answered()
    old.close(verdict)  # type: ignore[arg-type]
    assert breaker.state == "half_open"


def test_the_table_is_bounded_and_keeps_those_that_are_open() -> None:
    breakers = Breakers(1, 30.0, Clock(), limit=3)
    breakers.of("p/bad").begin().close("failure")
    for number in range(10):
        breakers.of(f"p/{number}")
    assert breakers.states() == {"p/bad": "open", "p/8": "closed", "p/9": "closed"}


def test_even_open_ones_go_where_there_is_no_room() -> None:
    breakers = Breakers(1, 30.0, Clock(), limit=2)
    for number in range(4):
        breakers.of(f"p/{number}").begin().close("failure")
    assert list(breakers.states()) == ["p/2", "p/3"]


def test_it_is_the_same_breaker_each_time() -> None:
    breakers = Breakers(1, 30.0, Clock())
    assert breakers.of("p/a") is breakers.of("p/a")
