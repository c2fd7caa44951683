"""What the exceptions of other people's clients mean, by their names and fields: none is imported.

LangChain's integrations raise those of the vendors' SDKs, and of whatever carries their requests.
"""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, cast

from sluice.core.errors import (
    ContextTooLong,
    ProviderAuth,
    ProviderBadResponse,
    ProviderError,
    ProviderModelNotFound,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from sluice.providers import refusals

Kind = type[ProviderError]

# The names of classes, of which the most derived that is here counts.
NAMES: dict[str, Kind] = {
    # langchain_core.exceptions
    "ModelAuthenticationError": ProviderAuth,
    "ModelPermissionDeniedError": ProviderAuth,
    "ModelInvalidRequestError": ProviderRefused,
    "ModelNotFoundError": ProviderModelNotFound,
    "ModelRateLimitError": ProviderRateLimited,
    "ModelAPIError": ProviderUnavailable,
    "ModelConnectionError": ProviderUnavailable,
    "ModelTimeoutError": ProviderTimeout,
    "ContextOverflowError": ContextTooLong,
    # the SDKs of OpenAI, Anthropic, Groq, Mistral and Cohere
    "AuthenticationError": ProviderAuth,
    "PermissionDeniedError": ProviderAuth,
    "RateLimitError": ProviderRateLimited,
    "TooManyRequestsError": ProviderRateLimited,
    "APITimeoutError": ProviderTimeout,
    "APIConnectionError": ProviderUnavailable,
    "InternalServerError": ProviderUnavailable,
    "APIResponseValidationError": ProviderBadResponse,
    # gRPC and google.api_core
    "DeadlineExceeded": ProviderTimeout,
    "ResourceExhausted": ProviderRateLimited,
    "Unauthenticated": ProviderAuth,
    "PermissionDenied": ProviderAuth,
    "ServiceUnavailable": ProviderUnavailable,
    # httpx, httpcore, requests, urllib3, aiohttp, the standard library
    "TimeoutException": ProviderTimeout,
    "Timeout": ProviderTimeout,
    "TimeoutError": ProviderTimeout,
    "TransportError": ProviderUnavailable,
    "NetworkError": ProviderUnavailable,
    "RequestException": ProviderUnavailable,
    "ClientConnectionError": ProviderUnavailable,
    "ClientPayloadError": ProviderUnavailable,
    "ConnectionError": ProviderUnavailable,
    "gaierror": ProviderUnavailable,
    "JSONDecodeError": ProviderBadResponse,
}
# These know better than the status with which they came.
SURE = {ProviderTimeout, ContextTooLong}
STATUS = ("status_code", "http_status", "code", "status")
EMPTY = "No generation chunks were returned"  # what LangChain says of an answer that is none


class Understood:
    """Around somebody else's code: what it raises leaves as ours, where it is understood.

    Without what it was made of, which can show a request's headers. What is not understood is a
    bug, and leaves as it is.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if isinstance(problem, Exception) and (ours := meaning_of(problem)) is not None:
            raise ours from None


def meaning_of(problem: BaseException) -> ProviderError | None:
    """Our error for an exception, or for what it was raised from; None where it is no vendor's."""
    found = (_meaning(one) for one in _causes(problem))
    return next((ours for ours in found if ours is not None), None)


def _causes(problem: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = problem
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _meaning(problem: BaseException) -> ProviderError | None:
    names = (kind.__name__ for kind in type(problem).__mro__)
    named = next((NAMES[name] for name in names if name in NAMES), None)
    if named in SURE:
        return named()
    body, status = getattr(problem, "body", None), _status(problem)
    if status is not None or isinstance(body, dict):
        return refusals.from_exception(status, _headers(problem), body or str(problem))
    if str(problem) == EMPTY:
        return ProviderBadResponse("The provider's answer is empty.")
    return None if named is None else named()


def _status(problem: BaseException) -> int | None:
    """The HTTP status in which it came, if it came in one."""
    response = getattr(problem, "response", None)
    fields = [getattr(problem, name, None) for name in STATUS]
    fields.append(getattr(response, "status_code", None))
    return next((int(f) for f in fields if isinstance(f, int) and 400 <= f < 600), None)


def _headers(problem: BaseException) -> dict[str, str]:
    headers = getattr(getattr(problem, "response", None), "headers", None)
    if not isinstance(headers, Mapping):
        return {}
    pairs = cast("Mapping[Any, Any]", headers).items()
    return {str(name).lower(): str(value) for name, value in pairs}
