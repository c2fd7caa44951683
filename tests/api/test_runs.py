"""Runs as resources: who may see one, what it shows, and how it is stopped."""

from datetime import UTC, datetime

import pytest

from sluice.api.runs import runs
from sluice.core.commands import Place, Principal
from sluice.core.events import Receipt, Usage
from sluice.services.archive import StoredRun
from tests.api.room import ADA, BOB, QUICK, ROOT, SLOW, STRANGER, TURNED_AWAY, room, until_said

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
STORED = StoredRun(
    id="stored",
    owner=ADA.id,
    user=ADA.name,
    dialect="conversations",
    asked="openai/gpt-4o",
    started=MIDNIGHT,
    ended=MIDNIGHT.replace(second=2),
    status="failed",
    finish_reason=None,
    code="interrupted",
    receipt=Receipt("gemini/gemini-9", Usage(3, 2), 0.25, 2.0, 0.5, 5, ()),
    place=Place("c-1", "m-1"),
    text="Hello",
    lengths=(0, 2, 3),
)


async def test_a_run_that_goes_on_shows_how_far_it_is():
    async with room() as local:
        run = await local.begin(SLOW)
        await until_said(run)
        before = datetime.now(UTC)
        found = (await local.serve(*runs(local.chat))("GET", f"/api/v1/runs/{run.id}")).json()

    assert (found["id"], found["state"], found["dialect"]) == (run.id, "running", "query")
    assert (found["model"], found["events"]) == ("demo", 2)
    assert found["text_length"] > 0
    assert 0 < found["first_token"] <= found["duration"]
    assert 0 <= (before - datetime.fromisoformat(found["started_at"])).total_seconds() < 60
    ends = ("ended_at", "finish_reason", "code", "tokens", "tokens_used", "cost")
    assert [found[name] for name in ends] == [None] * 6
    assert (found["conversation_id"], found["message_id"]) == (None, None)


async def test_a_cancel_gives_a_receipt_and_the_same_one_again():
    async with room() as local:
        ask = local.serve(*runs(local.chat))
        run = await local.begin(SLOW)
        await until_said(run)
        first = await ask("POST", f"/api/v1/runs/{run.id}/cancel")
        again = await ask("POST", f"/api/v1/runs/{run.id}/cancel")
        shown = await ask("GET", f"/api/v1/runs/{run.id}")

    receipt = first.json()
    assert (receipt["state"], receipt["finish_reason"]) == ("cancelled", "cancelled")
    assert receipt["text_length"] == len(run.text) > 0
    assert receipt["tokens_used"] == receipt["tokens"]["total"] > 0
    assert receipt["ended_at"] > receipt["started_at"]
    assert again.json() == receipt == shown.json()
    assert shown.headers["cache-control"] == "no-store"


async def test_a_run_that_only_the_store_knows_is_shown_as_it_ended():
    async with room() as local:
        local.who = ADA
        local.memory.stored["stored"] = STORED
        ask = local.serve(*runs(local.chat))
        shown = await ask("GET", "/api/v1/runs/stored")
        stopped = await ask("POST", "/api/v1/runs/stored/cancel")

    found = shown.json()
    assert (shown.status_code, stopped.json()) == (200, found)
    assert (found["state"], found["code"], found["model"]) == (
        "failed", "interrupted", "gemini/gemini-9",
    )  # fmt: skip
    assert (found["conversation_id"], found["message_id"]) == ("c-1", "m-1")
    assert (found["started_at"], found["ended_at"]) == (
        "2026-11-21T00:00:00Z", "2026-11-21T00:00:02Z",
    )  # fmt: skip
    assert (found["text_length"], found["tokens_used"], found["cost"]) == (5, 5, 0.25)
    assert "user" not in found
    assert "Hello" not in shown.text


@pytest.mark.parametrize(
    ("owner", "who", "status"),
    [
        (ADA, ADA, 200),
        (ADA, BOB, 404),
        (ADA, STRANGER, 404),
        (ADA, ROOT, 404),  # whose resources for that are others
        (STRANGER, STRANGER, 200),
        (STRANGER, ADA, 200),
        (ADA, TURNED_AWAY, 401),
        (STRANGER, TURNED_AWAY, 401),
        (ADA, None, 401),
    ],
)
async def test_a_run_is_its_owners_and_a_strangers_is_whose_knows_its_id(
    owner: Principal, who: Principal | None, status: int
):
    async with room() as local:
        ask = local.serve(*runs(local.chat))
        run = await local.played(QUICK, owner)
        local.who = who
        shown = await ask("GET", f"/api/v1/runs/{run.id}")
        stopped = await ask("POST", f"/api/v1/runs/{run.id}/cancel")

    assert (shown.status_code, stopped.status_code) == (status, status)
    if status != 200:
        code = {401: "unauthorized", 404: "not_found"}[status]
        assert (shown.json()["code"], stopped.json()["code"]) == (code, code)


async def test_somebody_elses_run_and_none_at_all_look_the_same():
    async with room() as local:
        ask = local.serve(*runs(local.chat))
        run = await local.begin(SLOW, ADA)
        local.who = BOB
        others = await ask("POST", f"/api/v1/runs/{run.id}/cancel")
        nobodys = await ask("POST", "/api/v1/runs/nobody/cancel")
        assert run.ending is None

    assert (others.status_code, others.content) == (404, nobodys.content)


@pytest.mark.parametrize("id", ["nobody", "%00", "%C3%A9", "a%2Fb", "x" * 300])
async def test_what_is_no_runs_id_is_not_found(id: str):
    async with room() as local:
        ask = local.serve(*runs(local.chat))
        for method, end in (("GET", ""), ("POST", "/cancel")):
            found = await ask(method, f"/api/v1/runs/{id}{end}")
            assert (found.status_code, found.json()["code"]) == (404, "not_found")
