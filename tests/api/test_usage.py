"""What one has used, over HTTP: which stretch of time is meant, and in which shape it comes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from sluice.core.errors import InvalidRequest
from sluice.services.usage import Span, span_of
from sluice.stores.sql.schema import runs
from tests.api.library import Library, library
from tests.stores.rows import NOON

USAGE = "/api/v1/usage"


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Library]:
    async with library(tmp_path) as found:
        row: dict[str, Any] = {
            "id": "r1", "user_id": "ann", "server": "s", "dialect": "query", "asked": "demo",
            "model": "demo", "status": "done", "input_tokens": 10, "output_tokens": 2,
            "reasoning_tokens": 0, "estimated": True, "cost": 0.5, "started_at": NOON,
            "text_length": 0, "points": 3,
        }  # fmt: skip
        await found.database.write(lambda tx: tx.execute(insert(runs).values(row)) and None)
        yield found


TAKEN = {
    "runs": 1, "input_tokens": 10, "output_tokens": 2, "cost": 0.5, "estimated_runs": 1,
    "failed_runs": 0, "points": 3,
}  # fmt: skip
NOTHING = dict.fromkeys(TAKEN, 0)


@pytest.mark.parametrize(
    ("query", "item"),
    [
        ("", {"day": "2026-11-21"}),
        ("group_by=day", {"day": "2026-11-21"}),
        ("group_by=model", {"model": "demo"}),
    ],
)
async def test_usage_comes_by_day_or_by_model(local: Library, query: str, item: dict[str, str]):
    async with local.client("ann") as ann:
        found = (await ann.get(f"{USAGE}?{query}")).json()
    assert found == {
        "from": "2026-10-23T00:00:00Z",
        "to": "2026-11-22T00:00:00Z",
        "group_by": next(iter(item)),
        "items": [TAKEN | item],
        "total": TAKEN,
    }


async def test_another_user_has_used_nothing_by_that(local: Library):
    async with local.client("bob") as bob:
        found = (await bob.get(USAGE)).json()
    assert (found["items"], found["total"]) == ([], NOTHING)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "since", "until"),
    [
        ("", "", "2026-10-23", "2026-11-22"),
        ("2026-11-01", "2026-11-01", "2026-11-01", "2026-11-02"),
        ("2026-11-01", "", "2026-11-01", "2026-11-22"),
        ("", "2026-11-01", "2026-10-03", "2026-11-02"),
        ("2026-11-01T10:30", "2026-11-01T11:00:00Z", "2026-11-01T10:30", "2026-11-01T11:00"),
        ("2026-11-01T07:00:00+07:00", "2026-11-02", "2026-11-01", "2026-11-03"),
        ("2025-10-18", "", "2025-10-18", "2026-11-22"),  # 400 days
    ],
)
def test_days_are_included_and_times_are_not(start: str, end: str, since: str, until: str):
    assert span_of(start, end, NOON) == Span(day(since), day(until))


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("yesterday", "", "from"),
        ("", "tomorrow", "to"),
        ("2026-13-01", "", "from"),
        ("2026-11-02", "2026-11-01T00:00", "from"),
        ("2025-10-17", "", "from"),  # 401 days
        ("2026-12-01", "", "from"),
        ("", "9999-12-31", "to"),
        ("0001-01-01T00:00+14:00", "0001-01-02", "from"),
        ("20261101ab", "", "from"),
        ("2026-11-0\0", "", "from"),
    ],
)
def test_a_stretch_of_time_that_makes_no_sense_names_the_parameter(
    start: str, end: str, field: str
):
    with pytest.raises(InvalidRequest) as refused:
        span_of(start, end, NOON)
    assert refused.value.field == field
    assert refused.value.message.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=x", "from"),
        ("to=2026-11", "to"),
        ("group_by=hour", "group_by"),
        ("to=" + "1" * 41, "to"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(local: Library, query: str, field: str):
    async with local.client("ann") as ann:
        found = await ann.get(f"{USAGE}?{query}")
    assert (found.status_code, found.json()["code"]) == (422, "invalid_request")
    assert field in found.json()["detail"]
