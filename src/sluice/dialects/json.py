"""Reading and writing JSON, for the dialects that speak it."""

import re
from typing import Any, TypeVar

import msgspec

from sluice.core.errors import InvalidRequest, MalformedJSON

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
_PATH = re.compile(r"^(?P<text>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<field>[^`]+)`")

# Some clients split what they read at these, as Python's `splitlines` does.
LINE_BREAKS = {"\u0085": b"\\u0085", "\u2028": b"\\u2028", "\u2029": b"\\u2029"}


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8, on one line for every reader's idea of a line."""
    data = _encode(value)
    if not data.isascii():
        for mark, escaped in LINE_BREAKS.items():
            data = data.replace(mark.encode(), escaped)
    return data


def read(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a request's body. Raises `MalformedJSON`, or `InvalidRequest` naming the field."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as problem:
        raise invalid(problem) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedJSON from None


def convert(values: dict[str, str], into: type[T]) -> T:
    """Decode query parameters. Raises `InvalidRequest` naming the field."""
    try:
        return msgspec.convert(values, into, strict=False)
    except msgspec.ValidationError as problem:
        raise invalid(problem) from None


def invalid(problem: msgspec.ValidationError) -> InvalidRequest:
    """Ours for msgspec's: the same text, and the field as a name of its own."""
    match = _PATH.match(str(problem))
    text, path = (match["text"], match["path"]) if match else (str(problem), None)
    missing = _MISSING.search(text)
    field = missing["field"] if missing else (path or "").removeprefix("$").removeprefix(".")
    if missing:
        text = "This field is required"
    return InvalidRequest(text, field=field or None)
