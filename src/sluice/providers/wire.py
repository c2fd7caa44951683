"""What a provider's adapter is: a request, a decoder, and how its refusals read. Pure: no I/O."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from sluice.core.errors import ProviderError
from sluice.core.events import Event
from sluice.core.messages import Prompt


class Request(msgspec.Struct, frozen=True):
    """One HTTP POST. `headers` may hold a key, so a request is never logged."""

    url: str
    headers: dict[str, str]
    body: bytes


class Decoder(Protocol):
    """One answer's bytes → events. Made afresh for each answer, so it may remember."""

    @property
    def finishing(self) -> bool:
        """The finish reason has been seen; only usage and the end of the body may follow."""
        ...

    @property
    def malformed(self) -> int:
        """Chunks that made no sense and were skipped."""
        ...

    def feed(self, chunk: bytes) -> list[Event]:
        """Every event in what arrived in one read; the bytes may be cut anywhere.

        Ends with `Finished` once the provider has said its last word (`[DONE]`,
        `message_stop`); nothing is fed after that. Raises a `ProviderError` for an error in the
        stream, for a second malformed chunk in a row, and for a line of over 4 MiB.
        """
        ...

    def end(self) -> list[Event]:
        """The body has ended, or the wait after the finish reason is over.

        Ends with `Finished` if the finish reason has been seen; raises `ProviderUnavailable` if
        not: a stream that just stops is never a short answer.
        """
        ...


class Wire(Protocol):
    """How one provider writes requests and reads replies."""

    def request(self, prompt: Prompt) -> Request:
        """The request that asks for this prompt's answer as a stream."""
        ...

    def decoder(self) -> Decoder: ...

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What a response that is not 2xx means. `body` is at most its first 64 KiB.

        `headers` has lower-case names. The error's text is ours or the provider's, the latter
        only where it can hold no key; `retry_after` is filled in from the headers.
        """
        ...

    def spoilt(self) -> "Wire | None":
        """The same with a key that the provider does not know; None where it goes without one."""
        ...


class Patience(msgspec.Struct, frozen=True):
    """How long one attempt waits, in seconds; when it has waited so long, it is over.

    `connect`          for the TCP and TLS connection
    `first_byte`       for the response's headers or any first byte, while a fallback is left
    `first_byte_last`  the same, where no fallback is left
    `silence`          between two reads of the body; pings and reasoning count as life
    `finish`           for usage and the end of the body, after the finish reason
    """

    connect: float = 10.0
    first_byte: float = 12.0
    first_byte_last: float = 120.0
    silence: float = 30.0
    finish: float = 1.0
