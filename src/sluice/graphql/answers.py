"""Results and errors in GraphQL's words. A bug shows as `internal`, and its trace is the log's.

The shapes: https://spec.graphql.org/October2021/#sec-Response-Format
"""

import logging
from collections.abc import Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLError

from sluice.core.errors import SluiceError
from sluice.dialects import json

log = logging.getLogger("sluice.graphql")

Json = dict[str, Any]
Errors = Sequence[GraphQLError | SluiceError]


def executed(result: ExecutionResult) -> Json:
    """What came of an execution. Without `data` where it did not come to that."""
    errors = result.errors or []
    if result.data is None and errors and all(error.path is None for error in errors):
        return {"errors": list(map(told, errors))}
    answer: Json = {"data": result.data}
    if errors:
        answer["errors"] = list(map(told, errors))
    return answer


def refused(errors: Errors) -> Json:
    """The answer that says that nothing has been executed, and why."""
    return {
        "errors": [told(one) if isinstance(one, GraphQLError) else named(one) for one in errors]
    }


def told(error: GraphQLError) -> Json:
    """One error of GraphQL's, with our code: ours, where it is one that a resolver has raised."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if isinstance(cause, SluiceError):
        about = named(cause)
    elif cause is not None:
        log.error("a resolver has failed", exc_info=cause)
        about = named(SluiceError())
    else:
        about: Json = {"message": error.message, "extensions": {"code": "invalid_request"}}
    if error.locations:
        about["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        about["path"] = error.path
    return about


def named(error: SluiceError) -> Json:
    """One of our errors."""
    extensions: Json = {"code": error.code}
    if error.field is not None:
        extensions["field"] = error.field
    if error.retry_after is not None:
        extensions["retry_after"] = max(1, round(error.retry_after))
    text = f"{error.field}: {error.message}" if error.field else error.message
    return {"message": text, "extensions": extensions}


def encode(answer: Json) -> bytes:
    """As JSON, on one line."""
    return json.encode(answer)
