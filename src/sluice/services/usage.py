"""What somebody's runs took: tokens and money, by day or by model."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple, Protocol

import msgspec

from sluice.core.errors import InvalidRequest

Grouping = Literal["day", "model"]

DEFAULT = timedelta(days=30)
LONGEST = timedelta(days=400)

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Taken(msgspec.Struct, frozen=True):
    """What a number of runs took, runs that still go on not counted. `cost` is USD.

    `estimated_runs`  whose tokens were counted by us, because a provider gave no figures
    `failed_runs`     that ended with an error, or with the server
    `points`          that were charged for them
    """

    runs: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    estimated_runs: int = 0
    failed_runs: int = 0
    points: int = 0


class Span(NamedTuple):
    """A stretch of time: from a moment on, up to another, which is not part of it. UTC."""

    start: datetime
    end: datetime


class Group(NamedTuple):
    """What the runs of one day, as 2026-11-21, or of one model took."""

    key: str
    taken: Taken


class Books(NamedTuple):
    """What the runs of a stretch of time took: days in their order, models by what they took."""

    span: Span
    groups: tuple[Group, ...]
    total: Taken


class Ledger(Protocol):
    """Keeps what runs took."""

    async def read(self, owner: str, span: Span, by: Grouping) -> tuple[tuple[Group, ...], Taken]:
        """What the runs took that began within it: in groups, and all together.

        There is no group for a day on which nothing began. Of very many models, those that took
        most.
        """
        ...


class UsageReport:
    """Tells users what they have used."""

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now

    async def show(self, owner: str, start: str | None, end: str | None, by: Grouping) -> Books:
        """What somebody's runs took; see `span_of`. Raises `InvalidRequest`."""
        span = span_of(start, end, self._now())
        groups, total = await self._ledger.read(owner, span, by)
        return Books(span, groups, total)


def span_of(start: str | None, end: str | None, now: datetime) -> Span:
    """A stretch of time as people write it: dates, or times, in ISO 8601; UTC where none is said.

    It begins with `start`, and lasts up to and including the day `end`, or up to the time `end`.
    Without an end it lasts up to the end of today; without a beginning it is 30 days long. Raises
    `InvalidRequest`: for what is no date, and for more than 400 days.
    """
    until = _moment(end, "to", after=True) if end else _midnight(now.astimezone(UTC).date(), 1)
    since = _moment(start, "from", after=False) if start else _earlier(until, DEFAULT)
    if since > until:
        raise InvalidRequest("from: must not be later than `to`", field="from")
    if until - since > LONGEST:
        raise InvalidRequest(f"from: at most {LONGEST.days} days at once", field="from")
    return Span(since, until)


def _moment(value: str, field: str, *, after: bool) -> datetime:
    """The moment meant. Of a day that is its beginning, or `after` it."""
    try:
        if _DAY.fullmatch(value):
            return _midnight(date.fromisoformat(value), 1 if after else 0)
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        text = f"{field}: expected a date or a time, in ISO 8601"
        raise InvalidRequest(text, field=field) from None


def _midnight(day: date, later: int) -> datetime:
    return datetime.combine(day + timedelta(days=later), time(), UTC)


def _earlier(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment - by
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
