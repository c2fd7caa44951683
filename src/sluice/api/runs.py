"""Runs as resources: how one stands, and stopping it. Whoever may see a run may do both."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sluice.api.bodies import known
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest, visit_of
from sluice.api.security import MEMBERS, optional
from sluice.core.errors import NotFound, RunExpired
from sluice.core.events import Failed, Receipt, Started
from sluice.core.runs import Run
from sluice.services.chat import Chat

State = Literal["running", "finished", "cancelled", "failed"]


class Tokens(msgspec.Struct, frozen=True):
    """`estimated`: counted by us, because the provider gave no figures."""

    prompt: int
    completion: int
    total: int
    reasoning: int
    estimated: bool


class Attempt(msgspec.Struct, frozen=True):
    """One request to one provider; `outcome` is `ok`, `cancelled` or an error's code."""

    model: str
    outcome: str


class RunState(msgspec.Struct, frozen=True):
    """How a run stands, and once it has ended, its receipt.

    `text_length` counts code points; `duration` and `first_token` are seconds since its start;
    `cost` is USD. `conversation_id` and `message_id` tell where its reply is kept, if it is. What
    only an end can tell is null until then.
    """

    id: str
    state: State
    model: str
    dialect: str
    events: int
    text_length: int
    duration: float
    first_token: float | None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    finish_reason: str | None = None
    code: str | None = None
    tokens: Tokens | None = None
    tokens_used: int | None = None
    cost: float | None = None
    attempts: tuple[Attempt, ...] = ()


def runs(chat: Chat) -> Sequence[HTTPRouteHandler]:
    """`GET /api/v1/runs/{id}` and `POST /api/v1/runs/{id}/cancel`."""
    common: Any = {
        "tags": ["runs"],
        "operation_class": taking(),
        "responses": refusals(401, 403, 404),
        "response_headers": PRIVATE,
        "security": optional(MEMBERS),
    }

    @get("/api/v1/runs/{run_id:str}", summary="How a run stands", **common)
    async def show(run_id: FromPath[str], request: AnyRequest) -> RunState:
        return describe(await _find(chat, run_id, request))

    @post(
        "/api/v1/runs/{run_id:str}/cancel",
        status_code=200,
        summary="Stop a run at once, and get its receipt",
        **common,
    )
    async def cancel(run_id: FromPath[str], request: AnyRequest) -> RunState:
        run = await _find(chat, run_id, request)
        await chat.cancel(run)
        return describe(run)

    return show, cancel


def describe(run: Run) -> RunState:
    """A run, as this resource shows it."""
    ending, place, began = run.ending, run.place, started_at(run)
    over = None if began is None or ending is None else began + timedelta(seconds=run.duration)
    state = RunState(
        id=run.id,
        state=_state(run),
        model=run.model,
        dialect=run.dialect,
        events=len(run.log),
        text_length=len(run.text),
        duration=round(run.duration, 6),
        first_token=run.first_token,
        started_at=began,
        ended_at=over,
        conversation_id=None if place is None else place.conversation,
        message_id=None if place is None else place.message,
        finish_reason=None if ending is None or isinstance(ending, Failed) else ending.reason,
        code=ending.code if isinstance(ending, Failed) else None,
    )
    receipt = None if ending is None else ending.receipt
    return state if receipt is None else _with(state, receipt)


def started_at(run: Run) -> datetime | None:
    """When a run began; None where its log is no longer kept."""
    match run.log.read(0, 1):
        case [Started(_, at)]:
            return datetime.fromtimestamp(at, UTC)
        case _:
            return None


async def _find(chat: Chat, id: str, request: AnyRequest) -> Run:
    """A run that the caller may see. Raises `NotFound`, also for somebody else's."""
    who = visit_of(request).who
    try:
        return await chat.find(known(id), who)
    except RunExpired:
        raise NotFound from None


def _with(state: RunState, receipt: Receipt) -> RunState:
    usage = receipt.usage
    tokens = Tokens(
        usage.input_tokens,
        usage.output_tokens,
        usage.total,
        usage.reasoning_tokens,
        usage.estimated,
    )
    attempts = tuple(Attempt(attempt.model, attempt.outcome) for attempt in receipt.attempts)
    return msgspec.structs.replace(
        state,
        model=receipt.model,
        text_length=receipt.text_length,
        tokens=tokens,
        tokens_used=usage.total,
        cost=receipt.cost,
        attempts=attempts,
    )


def _state(run: Run) -> State:
    if run.ending is None:
        return "running"
    if isinstance(run.ending, Failed):
        return "failed"
    return "cancelled" if run.ending.reason == "cancelled" else "finished"
