"""The sessions of the chat dialect as resources, with errors in that dialect's words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec
from litestar import Response, delete, get
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest, bug, ours, theirs, visit_of
from sluice.api.security import MEMBERS, optional
from sluice.core.commands import Principal
from sluice.core.errors import SluiceError
from sluice.dialects.chat import DIALECT, Error
from sluice.transports.entry import admitted

PATH = "/api/chat/sessions/{session_id:str}"


class Session(msgspec.Struct, frozen=True):
    """A session: how many messages it has; `timestamp`, of its last change, is ISO 8601."""

    session_id: str
    messages: int
    timestamp: str


class Deleted(msgspec.Struct, frozen=True):
    """The session is gone, with all that was said in it."""

    success: Literal[True] = True
    message: Literal["Session deleted"] = "Session deleted"


class Known(Protocol):
    """How a session stands."""

    @property
    def messages(self) -> int: ...
    @property
    def changed(self) -> datetime: ...


class Sessions(Protocol):
    """Knows sessions. One that is somebody else's is not there; both raise `NotFound`."""

    async def show(self, who: Principal, name: str) -> Known: ...
    async def forget(self, who: Principal, name: str) -> None: ...


def chat_sessions(sessions: Sessions) -> Sequence[HTTPRouteHandler]:
    """`GET` and `DELETE /api/chat/sessions/{session_id}`."""

    common: Any = {
        "tags": ["chat"],
        "operation_class": taking(),
        "responses": refusals(401, 403, 404, body=Error),
        "response_headers": PRIVATE,
        "security": optional(MEMBERS),
        "exception_handlers": _handlers(),
    }

    @get(PATH, summary="How a session stands", **common)
    async def show_session(session_id: FromPath[str], request: AnyRequest) -> Session:
        found = await sessions.show(admitted(visit_of(request), DIALECT), session_id)
        changed = found.changed.isoformat(timespec="microseconds")
        return Session(session_id, found.messages, changed)

    @delete(
        PATH,
        status_code=200,
        summary="Delete a session, with its messages; what runs in it is stopped",
        **common,
    )
    async def delete_session(session_id: FromPath[str], request: AnyRequest) -> Deleted:
        await sessions.forget(admitted(visit_of(request), DIALECT), session_id)
        return Deleted()

    return show_session, delete_session


def _handlers() -> Any:
    def one_of_ours(request: AnyRequest, error: SluiceError) -> Response[dict[str, str]]:
        return _reworded(ours(request, error))

    def one_of_theirs(request: AnyRequest, error: HTTPException) -> Response[dict[str, str]]:
        return _reworded(theirs(request, error))

    def a_bug(request: AnyRequest, error: Exception) -> Response[dict[str, str]]:
        return _reworded(bug(request, error))

    return {SluiceError: one_of_ours, HTTPException: one_of_theirs, Exception: a_bug}


def _reworded(answer: Response[dict[str, str]]) -> Response[dict[str, str]]:
    """The same refusal, in the shape that this dialect's clients know."""
    body = {"error": answer.content["detail"], "code": answer.content["code"]}
    return Response(body, status_code=answer.status_code, headers=answer.headers)
