"""What administrators see of what goes on, and how they stop it."""

from collections.abc import Sequence

import pytest

from sluice.api.admin import LimitsInForce, limits, live_runs
from sluice.api.tickets import tickets
from sluice.core.commands import Principal
from sluice.services.accounts.audit import Audit
from sluice.services.accounts.books import Entry
from tests.api.room import ADA, BOB, QUICK, ROOT, SLOW, STRANGER, Room, room, until_said

IN_FORCE = LimitsInForce({"chat_stream": "30/minute", "*": "60/minute"}, 5000, 100, None)


class Paper:
    """An audit's lines."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    async def page(self, limit: int, before: int | None) -> Sequence[Entry]:
        return self.entries[:limit]


def office(local: Room, paper: Paper):
    local.who = ROOT
    return local.serve(*live_runs(local.chat, Audit(paper, lambda: 0.0)), limits(IN_FORCE))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/admin/runs"),
        ("POST", "/api/v1/admin/runs/x/cancel"),
        ("GET", "/api/v1/admin/limits"),
    ],
)
@pytest.mark.parametrize(
    ("who", "status", "code"),
    [(STRANGER, 401, "unauthorized"), (None, 401, "unauthorized"), (ADA, 403, "forbidden")],
)
async def test_all_of_it_is_for_administrators(
    method: str, path: str, who: Principal | None, status: int, code: str
):
    async with room() as local:
        ask = office(local, paper := Paper())
        local.who = who
        found = await ask(method, path)

    assert (found.status_code, found.json()["code"]) == (status, code)
    assert paper.entries == []


async def test_live_runs_are_shown_without_a_word_of_them():
    async with room() as local:
        ask = office(local, Paper())
        await local.played(QUICK, ADA)
        mine, strangers = await local.begin(SLOW, ADA), await local.begin(SLOW)
        await until_said(mine)
        follower = mine.follow()
        answer = await ask("GET", "/api/v1/admin/runs")
        follower.close()

    found = answer.json()
    first, second = found["runs"]
    assert found["total"] == 2
    assert (first["id"], first["user_id"], first["user"]) == (mine.id, ADA.id, "ada")
    assert (second["id"], second["user_id"], second["user"]) == (strangers.id, None, "")
    assert (first["model"], first["dialect"], first["followers"]) == ("demo", "query", 1)
    assert (first["text_length"], first["background"]) == (len(mine.text), True)
    assert 0 < first["first_token"] <= first["duration"]
    assert mine.text not in answer.text


async def test_anybodys_run_is_stopped_and_that_is_noted_down():
    async with room() as local:
        ask = office(local, paper := Paper())
        run = await local.begin(SLOW, BOB)
        await until_said(run)
        stopped = await ask("POST", f"/api/v1/admin/runs/{run.id}/cancel")
        again = await ask("POST", f"/api/v1/admin/runs/{run.id}/cancel")

    receipt = stopped.json()
    assert (receipt["id"], receipt["state"]) == (run.id, "cancelled")
    assert run.text not in stopped.text
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    [entry] = paper.entries
    assert (entry.actor, entry.action, entry.subject, entry.outcome) == (
        ROOT.id, "run_cancel", run.id, "ok",
    )  # fmt: skip
    assert entry.address == ROOT.address


async def test_the_limits_are_shown_as_they_hold():
    async with room() as local:
        found = (await office(local, Paper())("GET", "/api/v1/admin/limits")).json()

    assert found == {
        "rates": {"chat_stream": "30/minute", "*": "60/minute"},
        "max_runs": 5000,
        "max_runs_per_user": 100,
        "daily_tokens": None,
    }


@pytest.mark.parametrize(("who", "status"), [(ADA, 200), (STRANGER, 401), (None, 401)])
async def test_a_ticket_is_for_whoever_is_signed_in(who: Principal | None, status: int):
    given: list[Principal] = []
    async with room() as local:
        local.who = who
        ask = local.serve(tickets(lambda asker: given.append(asker) or "t-1"))
        found = await ask("POST", "/api/v1/auth/ticket")

    assert found.status_code == status
    if status == 200:
        assert (found.json(), given) == ({"ticket": "t-1"}, [ADA])
        assert found.headers["cache-control"] == "no-store"
    else:
        assert (found.json()["code"], given) == ("unauthorized", [])
