"""For administrators: what goes on in the server now, and what limits it. Never anybody's text."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest, visit_of
from sluice.api.runs import RunState, describe
from sluice.core.errors import NotFound
from sluice.core.runs import Run
from sluice.services.accounts.administration import administrator
from sluice.services.accounts.audit import Audit
from sluice.services.chat import Chat


class LiveRun(msgspec.Struct, frozen=True):
    """A run that goes on. `user_id` is null for a stranger's.

    `duration` and `first_token` are seconds since its start; `text_length` counts code points.
    """

    id: str
    user_id: str | None
    user: str
    dialect: str
    model: str
    duration: float
    first_token: float | None
    text_length: int
    followers: int
    background: bool


class LiveRuns(msgspec.Struct, frozen=True):
    """What goes on in this process, the oldest first: `total`, of which so many are shown."""

    runs: list[LiveRun]
    total: int


class LimitsInForce(msgspec.Struct, frozen=True):
    """How often, and how much.

    `rates`               by bucket, as in the settings: `{"chat_stream": "30/minute"}`; none where
                          rates are not limited. `*` is each generating route that names no other
    `max_runs`            at once, in this process; `max_runs_per_user` of one user or address
    `daily_tokens`        of one user; null: any number
    """

    rates: dict[str, str]
    max_runs: int
    max_runs_per_user: int
    daily_tokens: int | None


MOST = 500  # runs that are shown
COMMON: Any = {"tags": ["administration"], "operation_class": taking(), "response_headers": PRIVATE}


def live_runs(chat: Chat, audit: Audit) -> Sequence[HTTPRouteHandler]:
    """`GET /api/v1/admin/runs` and `POST /api/v1/admin/runs/{id}/cancel`."""

    @get(
        "/api/v1/admin/runs",
        summary="The runs that go on now",
        responses=refusals(401, 403),
        sync_to_thread=False,
        **COMMON,
    )
    def show(request: AnyRequest) -> LiveRuns:
        administrator(visit_of(request).who)
        live = chat.live()
        return LiveRuns([_shown(run) for run in live[:MOST]], len(live))

    @post(
        "/api/v1/admin/runs/{run_id:str}/cancel",
        status_code=200,
        summary="Stop anybody's run at once",
        responses=refusals(401, 403, 404),
        **COMMON,
    )
    async def cancel(run_id: FromPath[str], request: AnyRequest) -> RunState:
        who = visit_of(request).who
        administrator(who)
        run = next((run for run in chat.live() if run.id == run_id), None)
        if run is None:
            raise NotFound
        # Before anything is stopped: what cannot be noted down is not done.
        await audit.note("run_cancel", who, subject=run.id)
        await chat.cancel(run)
        return describe(run)

    return show, cancel


def limits(in_force: LimitsInForce) -> HTTPRouteHandler:
    """`GET /api/v1/admin/limits`."""

    @get(
        "/api/v1/admin/limits",
        summary="The limits that hold for everybody",
        description="Users may have limits of their own: see the users.",
        responses=refusals(401, 403),
        sync_to_thread=False,
        **COMMON,
    )
    def show(request: AnyRequest) -> LimitsInForce:
        administrator(visit_of(request).who)
        return in_force

    return show


def _shown(run: Run) -> LiveRun:
    return LiveRun(
        id=run.id,
        user_id=run.owner,
        user=run.user,
        dialect=run.dialect,
        model=run.model,
        duration=round(run.duration, 6),
        first_token=run.first_token,
        text_length=len(run.text),
        followers=run.followers,
        background=run.background,
    )
