"""Errors as HTTP status codes: the only place where the two meet."""

from sluice.core import errors
from sluice.core.errors import SluiceError

STATUS: dict[str, int] = {
    "unauthorized": 401,
    "insufficient_points": 402,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "conversation_busy": 409,
    "run_expired": 410,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "idempotency_mismatch": 422,
    "rate_limited": 429,
    "internal": 500,
    "provider_auth": 502,
    "provider_bad_response": 502,
    "content_filtered": 502,
    "context_too_long": 502,
    "provider_not_configured": 503,
    "provider_unavailable": 503,
    "provider_rate_limited": 503,
    "overloaded": 503,
    "interrupted": 503,
    "cancelled": 503,
    "provider_timeout": 504,
}
INVALID = {"invalid_request", "model_not_found"}  # 400 or 422: the dialect's choice


def status_of(error: SluiceError, invalid: int) -> int:
    """The status of an error that comes before its run; `invalid` is the dialect's own."""
    if isinstance(error, errors.MalformedJSON):
        return 400
    return invalid if error.code in INVALID else STATUS[error.code]


def status_of_failure(code: str) -> int:
    """The status that tells a JSON client of a run that has failed: always a server's."""
    status = STATUS.get(code, 502)
    return status if status >= 500 else 502
