"""Runs as resources: how one stands, and stopping it. Whoever may see a run may do both."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sluice.api.errors import AnyRequest, visit_of
from sluice.core.events import Failed, Receipt
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

    `text_length` counts code points; `duration` and `first_token` are seconds; `cost` is USD. What
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
    finish_reason: str | None = None
    code: str | None = None
    tokens: Tokens | None = None
    tokens_used: int | None = None
    cost: float | None = None
    attempts: tuple[Attempt, ...] = ()


def runs(chat: Chat) -> Sequence[HTTPRouteHandler]:
    """`GET /api/v1/runs/{id}` and `POST /api/v1/runs/{id}/cancel`."""

    @get("/api/v1/runs/{run_id:str}", summary="How a run stands", tags=["runs"])
    async def show(run_id: FromPath[str], request: AnyRequest) -> RunState:
        return describe(chat.find(run_id, visit_of(request).who))

    @post(
        "/api/v1/runs/{run_id:str}/cancel",
        status_code=200,
        summary="Stop a run at once, and get its receipt",
        tags=["runs"],
    )
    async def cancel(run_id: FromPath[str], request: AnyRequest) -> RunState:
        run = chat.find(run_id, visit_of(request).who)
        await chat.cancel(run)
        return describe(run)

    return show, cancel


def describe(run: Run) -> RunState:
    """A run, as this resource shows it."""
    ending = run.ending
    receipt = ending.receipt if ending is not None else None
    state = RunState(
        id=run.id,
        state=_state(run),
        model=receipt.model if receipt is not None else run.model,
        dialect=run.dialect,
        events=len(run.log),
        text_length=len(run.text),
        duration=round(run.duration, 6),
        first_token=run.first_token,
        finish_reason=None if ending is None or isinstance(ending, Failed) else ending.reason,
        code=ending.code if isinstance(ending, Failed) else None,
    )
    return state if receipt is None else _with(state, receipt)


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
        state, tokens=tokens, tokens_used=usage.total, cost=receipt.cost, attempts=attempts
    )


def _state(run: Run) -> State:
    if run.ending is None:
        return "running"
    if isinstance(run.ending, Failed):
        return "failed"
    return "cancelled" if run.ending.reason == "cancelled" else "finished"
