"""What providers say when they refuse, as tables: their names for it, and our errors.

The texts are ours, but where only the provider can say what is wrong with a request; those are
shortened, and whatever looks like a key is taken out. Knows no provider's format of answers.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, cast

import msgspec

from sluice.core.errors import (
    ContentFiltered,
    ContextTooLong,
    ProviderAuth,
    ProviderBadResponse,
    ProviderError,
    ProviderModelNotFound,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
)

Kind = type[ProviderError]
Fields = dict[str, Any]

TEXT_LIMIT = 300  # code points of a provider's own text
NO_CREDIT = "The provider says that our account may not spend more."

# An error's code, type, status or reason, where it says more than the HTTP status does.
# OpenAI: platform.openai.com/docs/guides/error-codes
# Anthropic: platform.claude.com/docs/en/api/errors
# Gemini: ai.google.dev/gemini-api/docs/troubleshooting; llama.cpp: tools/server/README.md
NAMES: dict[str, Kind] = {
    "context_length_exceeded": ContextTooLong,
    "exceed_context_size_error": ContextTooLong,
    "string_above_max_length": ContextTooLong,
    "request_too_large": ContextTooLong,
    "content_filter": ContentFiltered,
    "content_policy_violation": ContentFiltered,
    "moderation_blocked": ContentFiltered,
    "insufficient_quota": ProviderAuth,
    "billing_hard_limit_reached": ProviderAuth,
    "billing_not_active": ProviderAuth,
    "billing_error": ProviderAuth,
    "account_deactivated": ProviderAuth,
    "invalid_api_key": ProviderAuth,
    "API_KEY_INVALID": ProviderAuth,
    "authentication_error": ProviderAuth,
    "permission_error": ProviderAuth,
    "PERMISSION_DENIED": ProviderAuth,
    "UNAUTHENTICATED": ProviderAuth,
    "model_not_found": ProviderModelNotFound,
    "rate_limit_error": ProviderRateLimited,
    "rate_limit_exceeded": ProviderRateLimited,
    "RESOURCE_EXHAUSTED": ProviderRateLimited,
    "overloaded_error": ProviderUnavailable,
}
OUT_OF_CREDIT = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
}

# The same, where there is no HTTP status to say it: an error in the middle of a stream.
NAMES_IN_STREAM: dict[str, Kind] = {
    "invalid_request_error": ProviderRefused,
    "BadRequestError": ProviderRefused,
    "INVALID_ARGUMENT": ProviderRefused,
    "FAILED_PRECONDITION": ProviderRefused,
    "not_found_error": ProviderModelNotFound,
    "NOT_FOUND": ProviderModelNotFound,
}

STATUSES: dict[int, Kind] = {
    401: ProviderAuth,
    402: ProviderAuth,
    403: ProviderAuth,
    404: ProviderBadResponse,  # a wrong address, unless it is about the model
    408: ProviderUnavailable,
    409: ProviderUnavailable,
    413: ContextTooLong,
    425: ProviderUnavailable,
    429: ProviderRateLimited,
}
# Beyond these, by hundreds: a redirect is no answer, and neither is a success that is no stream.
HUNDREDS: dict[int, Kind] = {4: ProviderRefused, 5: ProviderUnavailable}

# What a bad request is really about, where only its text tells.
PHRASES: tuple[tuple[str, Kind], ...] = (
    ("prompt is too long", ContextTooLong),  # Anthropic
    ("exceeds the maximum number of tokens", ContextTooLong),  # Gemini
    ("maximum context length", ContextTooLong),  # OpenAI, vLLM
    ("context length", ContextTooLong),  # LM Studio, Ollama
    ("context size", ContextTooLong),  # llama.cpp
    ("context window", ContextTooLong),
    ("content management policy", ContentFiltered),  # Azure
    ("content filtering policy", ContentFiltered),  # Anthropic
    ("api key not valid", ProviderAuth),  # Gemini
    ("credit balance is too low", ProviderAuth),  # Anthropic
)

QUOTED: frozenset[Kind] = frozenset({ProviderRefused, ContextTooLong, ProviderModelNotFound})
_KEYS = re.compile(
    r"(?i:bearer)\s+\S+|\b(?:sk|pk|rk|gsk|xai|hf|key)[-_][\w*.-]{6,}|AIza[\w-]{6,}"
    r"|(?i:(?:api[-_ ]?key|token|authorization)[\"']?\s*[=:]\s*)\S+"
)
_DELAY = re.compile(r"(\d+(?:\.\d+)?)s")


class Complaint(NamedTuple):
    """A provider's error: every name it gives it, its text, and the seconds that it asks for."""

    names: tuple[str, ...] = ()
    text: str = ""
    status: int | None = None
    delay: float | None = None


def complaint(value: Any) -> Complaint:
    """Understand an error, as decoded from JSON, in any of the shapes that are about.

    `{"error": {…}}`, `{"error": "text"}`, Gemini's `[{"error": {…}}]`, `{"detail": …}` (FastAPI),
    or the inner object alone.
    """
    if isinstance(value, list) and value:
        return complaint(cast("list[Any]", value)[0])
    if isinstance(value, str):
        return Complaint(text=value)
    if not isinstance(value, dict):
        return Complaint()
    fields = cast("Fields", value)
    for inner in ("error", "detail"):
        if fields.get(inner):
            return complaint(fields[inner])
    return _flat(fields, _notes(fields.get("details")))


def _notes(details: Any) -> list[Fields]:
    """Gemini's details: objects of several types."""
    if not isinstance(details, list):
        return []
    return [cast("Fields", n) for n in cast("list[Any]", details) if isinstance(n, dict)]


def _flat(fields: Fields, notes: list[Fields]) -> Complaint:
    named = [fields.get(name) for name in ("code", "type", "status")]
    named += [note.get("reason") for note in notes]
    delays = [_DELAY.fullmatch(str(note.get("retryDelay"))) for note in notes]
    text = fields.get("message") or fields.get("msg")
    return Complaint(
        names=tuple(name for name in named if isinstance(name, str)),
        text=text if isinstance(text, str) else "",
        status=next((name for name in named if type(name) is int), None),
        delay=next((float(delay[1]) for delay in delays if delay), None),
    )


def from_response(
    status: int, headers: Mapping[str, str], body: bytes, key: str | None
) -> ProviderError:
    """Our error for a response that is no answer. `headers` has lower-case names.

    A success that is no stream may hold an error with a status of its own.
    """
    try:
        said = complaint(msgspec.json.decode(body))
    except (ValueError, RecursionError):
        said = Complaint()
    if status >= 300 or said.status is None:
        said = said._replace(status=status)
    if (delay := retry_after(headers)) is not None:
        said = said._replace(delay=delay)
    return _error(said, key)


def from_stream(value: Any, key: str | None) -> ProviderError:
    """Our error for one in the middle of a stream: the value of its `error` field."""
    return _error(complaint(value), key)


def from_exception(status: int | None, headers: Mapping[str, str], body: Any) -> ProviderError:
    """Our error for one that somebody else's client has raised, of a response or a stream."""
    return _error(complaint(body)._replace(status=status, delay=retry_after(headers)), None)


def _error(said: Complaint, key: str | None) -> ProviderError:
    kind = _kind(said)
    text = clean(said.text, key) if kind in QUOTED else ""
    if kind is ProviderAuth and (said.status == 402 or OUT_OF_CREDIT.intersection(said.names)):
        text = NO_CREDIT
    return kind(text, retry_after=said.delay)


def _kind(said: Complaint) -> Kind:
    for name in said.names:
        if name in NAMES:
            return NAMES[name]
    kind = _kind_by_status(said)
    text = said.text.lower()
    if said.status == 404 and "model" in text:
        return ProviderModelNotFound
    if kind in (ProviderRefused, ContextTooLong):
        return next((better for phrase, better in PHRASES if phrase in text), kind)
    return kind


def _kind_by_status(said: Complaint) -> Kind:
    if said.status is None:
        named = (NAMES_IN_STREAM[name] for name in said.names if name in NAMES_IN_STREAM)
        return next(named, ProviderUnavailable)
    hundred = HUNDREDS.get(said.status // 100, ProviderBadResponse)
    return STATUSES.get(said.status, hundred)


def clean(text: str, key: str | None) -> str:
    """A provider's text on one line, shortened, without keys; nothing if it is a stack trace."""
    if "Traceback (most recent call last)" in text:
        return ""
    if key:
        text = text.replace(key, "[removed]")
    text = _KEYS.sub("[removed]", " ".join(text.split()))
    text = "".join(char for char in text if char.isprintable())
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `retry-after` (RFC 9110, 10.2.3).

    A date is reckoned from the response's own `date`: that needs no clock, nor trust in ours.
    """
    if (seconds := _number(headers.get("retry-after-ms"))) is not None:
        return seconds / 1000
    value = headers.get("retry-after", "")
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        due, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (due - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _number(value: str | None) -> float | None:
    """A plain decimal number, as a header may hold it; None for anything else, `nan` too."""
    if value is None or not re.fullmatch(r"\s*\d{1,9}(\.\d{1,9})?\s*", value, re.ASCII):
        return None
    return float(value)
