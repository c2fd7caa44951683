"""Errors of the plain resources, as JSON that always has a `code`."""

import logging
import traceback
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from sluice.core.errors import NotFound, SluiceError
from sluice.transports.asgi import VISIT, Visit, advice
from sluice.transports.status import status_of

INVALID = 422
NO_STORE = {"Cache-Control": "no-store"}
TEXTS = {"internal": SluiceError.text, "not_found": NotFound.text}  # instead of the framework's
CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 413: "payload_too_large"}

AnyRequest = Request[Any, Any, Any]

log = logging.getLogger("sluice.api")


def visit_of(request: AnyRequest) -> Visit:
    """What the gate has found out about a request."""
    scope: Any = request.scope
    return scope[VISIT]


def ours(_: AnyRequest, error: SluiceError) -> Response[dict[str, str]]:
    """One of our own errors; `field` names what is wrong, where it is one thing."""
    headers = NO_STORE | {name.decode(): value.decode() for name, value in advice(error)}
    body = {"detail": error.message, "code": error.code}
    if error.field is not None:
        body["field"] = error.field
    return Response(body, status_code=status_of(error, INVALID), headers=headers)


def theirs(_: AnyRequest, error: HTTPException) -> Response[dict[str, str]]:
    """One of the framework's: an unknown address, a wrong method, a malformed parameter."""
    code = CODES.get(
        error.status_code, "internal" if error.status_code >= 500 else "invalid_request"
    )
    text = TEXTS.get(code, error.detail)
    return Response({"detail": text, "code": code}, status_code=error.status_code, headers=NO_STORE)


def bug(request: AnyRequest, error: Exception) -> Response[dict[str, str]]:
    """Anything else is ours to mend. Logged by its kind and place: its text may tell too much."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s broke: %s\n%s", request.scope["path"][:80], type(error).__name__, where)
    return ours(request, SluiceError())
