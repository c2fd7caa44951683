"""Everything that can go wrong, once: its code, whether asking again can help, a text to show.

A text here is shown to clients, so it never holds a key, a path, a stack trace or another
user's data. Raise before the first event; after it, an error travels as a `Failed` event.
What a code means in HTTP is `transports/status.py`'s business.
"""

from typing import ClassVar


class SluiceError(Exception):
    """The root of all our errors.

    `code`         stable, snake_case, for machines
    `message`      one or two sentences for a person
    `field`        the name of the input that is wrong, where one is
    `retry_after`  seconds after which asking again makes sense, where known
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    text: ClassVar[str] = "Something went wrong on our side."

    def __init__(
        self, message: str = "", *, field: str | None = None, retry_after: float | None = None
    ) -> None:
        self.message = message or self.text
        self.field = field
        self.retry_after = retry_after
        super().__init__(self.message)


class InvalidRequest(SluiceError):
    code = "invalid_request"
    text = "The request makes no sense."


class MalformedJSON(InvalidRequest):
    """The body is no JSON at all: 400 in every dialect, whatever it says to invalid input."""

    text = "The body is not valid JSON."


class Unauthorized(SluiceError):
    code = "unauthorized"
    text = "Sign in first."


class Forbidden(SluiceError):
    code = "forbidden"
    text = "This is not allowed."


class NotFound(SluiceError):
    code = "not_found"
    text = "There is no such thing here."


class ModelNotFound(SluiceError):
    code = "model_not_found"
    text = "No provider serves that model."


class Conflict(SluiceError):
    code = "conflict"
    text = "That exists already."


class ConversationBusy(SluiceError):
    code = "conversation_busy"
    retryable = True
    text = "A reply is still being written in this conversation."


class RunExpired(SluiceError):
    code = "run_expired"
    text = "That run is unknown, or is no longer kept."


class IdempotencyMismatch(SluiceError):
    code = "idempotency_mismatch"
    text = "This Idempotency-Key was used with another request."


class RateLimited(SluiceError):
    code = "rate_limited"
    retryable = True
    text = "Too many requests."


class InsufficientPoints(SluiceError):
    code = "insufficient_points"
    text = "Not enough points."


class PayloadTooLarge(SluiceError):
    code = "payload_too_large"
    text = "The request is too large."


class UnsupportedMediaType(SluiceError):
    code = "unsupported_media_type"
    text = "Send the request as application/json."


class Cancelled(SluiceError):
    code = "cancelled"
    text = "The run was cancelled."


class Interrupted(SluiceError):
    code = "interrupted"
    retryable = True
    text = "The server is shutting down; what had been written by then is kept."


class Overloaded(SluiceError):
    code = "overloaded"
    retryable = True
    text = "The server has as many runs as it can carry. Try again shortly."


class StoreUnavailable(Overloaded):
    """The database cannot be reached, or does not take what it is given in time."""

    text = "The server cannot reach its store just now. Try again shortly."

    def __init__(self) -> None:
        super().__init__(retry_after=2)


class ProviderError(SluiceError):
    """The model's provider refused, broke or kept silent. Always one of the subclasses."""


class ProviderNotConfigured(ProviderError):
    code = "provider_not_configured"
    text = "This provider is not configured here."


class ProviderAuth(ProviderError):
    code = "provider_auth"
    text = "The provider refused our key."


class ProviderRateLimited(ProviderError):
    code = "provider_rate_limited"
    retryable = True
    text = "The provider asks us to slow down."


class ProviderUnavailable(ProviderError):
    code = "provider_unavailable"
    retryable = True
    text = "The provider cannot be reached, or broke off."


class ProviderTimeout(ProviderError):
    code = "provider_timeout"
    text = "The provider kept silent for too long."


class ProviderBadResponse(ProviderError):
    code = "provider_bad_response"
    retryable = True
    text = "The provider's answer makes no sense."


class ProviderRefused(ProviderError):
    """The provider says that our request is bad: asking the same again cannot help."""

    code = "invalid_request"
    text = "The provider refused the request."


class ProviderModelNotFound(ProviderError):
    """The provider does not know the model."""

    code = "model_not_found"
    text = "The provider does not know this model."


class ContentFiltered(ProviderError):
    code = "content_filtered"
    text = "The provider's content policy refused this."


class ContextTooLong(ProviderError):
    code = "context_too_long"
    text = "The conversation is too long for this model."


def _all(root: type[SluiceError]) -> list[type[SluiceError]]:
    return [root, *(found for child in root.__subclasses__() for found in _all(child))]


# Several classes may share a code; the general one, which stands first, is found by it.
BY_CODE: dict[str, type[SluiceError]] = {kind.code: kind for kind in reversed(_all(SluiceError))}


def from_code(code: str, message: str) -> SluiceError:
    """The typed error that a `Failed` event speaks of."""
    return BY_CODE.get(code, SluiceError)(message)
