"""What the decoders of all providers share: messages in, events out, and what may go wrong.

Knows no format: a provider's decoder says how a chunk is typed and what it means.
"""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import msgspec

from sluice.core.errors import ProviderBadResponse, ProviderError, ProviderUnavailable
from sluice.core.events import Event, Finished, FinishReason, Usage
from sluice.providers.sse import Parser
from sluice.providers.surrogates import Halves
from sluice.providers.surrogates import decode as decode_with_halves

Chunk = TypeVar("Chunk")
DONE = b"[DONE]"  # OpenAI's last word, and of all who imitate it


class StreamDecoder(ABC, Generic[Chunk]):
    """A `wire.Decoder` for answers that are server-sent events with JSON in them.

    An error in the stream is raised once everything before it has been handed on: where a read
    brought both, by the next call, and `finishing` is set so that this one comes soon.
    """

    def __init__(self, decoder: msgspec.json.Decoder[Chunk]) -> None:
        self.finishing = False
        self.malformed = 0
        self._decoder = decoder
        self._lines = Parser()
        self._halves: Halves | None = None
        self._stumbled = False  # the last chunk made no sense
        self._error: ProviderError | None = None
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None
        self._said = False  # the model has said, or thought, or called something

    @abstractmethod
    def take(self, chunk: Chunk, events: list[Event]) -> None:
        """Append what a chunk means. Raises a `ProviderError` if that is an error."""

    def feed(self, chunk: bytes) -> list[Event]:
        """See `wire.Decoder`."""
        if self._error is not None:
            raise self._error
        events: list[Event] = []
        decode, take = self._decoder.decode, self.take
        try:
            for data in self._lines.feed(chunk):
                try:
                    decoded = decode(data)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    self._puzzle(data, events)
                else:
                    self._stumbled = False
                    take(decoded, events)
                if self.finishing and events and type(events[-1]) is Finished:
                    break
        except ProviderError as problem:
            if not events:
                raise
            self._error = problem
            self.finishing = True
        return events if self._halves is None else self._halves.mend(events)

    def end(self) -> list[Event]:
        """See `wire.Decoder`."""
        if self._error is not None:
            raise self._error
        if self._reason is None:
            raise ProviderUnavailable("The provider broke off in the middle of its answer.")
        events: list[Event] = []
        self.finish(events)
        return events if self._halves is None else self._halves.mend(events)

    def conclude(self, reason: FinishReason) -> None:
        """The finish reason has been seen; the first one holds."""
        self.finishing = True
        self._reason = self._reason or reason

    def finish(self, events: list[Event]) -> None:
        """The provider's last word. One without a reason, after nothing at all, is no answer."""
        if self._reason is None and not self._said:
            raise ProviderBadResponse("The provider's answer is empty.")
        self.finishing = True
        events.append(Finished(self._reason or "stop"))

    def report(self, usage: Usage, events: list[Event]) -> None:
        """Append a report of tokens if it says anything new."""
        if usage.total and usage != self._usage:
            self._usage = usage
            events.append(usage)

    def _puzzle(self, data: bytes, events: list[Event]) -> None:
        """What does not decode: the last word, half a character, or one stumble, not two."""
        word = data.strip()
        if word == DONE:
            self.finish(events)
        if word in (DONE, b""):
            return
        chunk = decode_with_halves(data, self._decoder.type)
        if chunk is not None:
            self._stumbled = False
            self._halves = self._halves or Halves()
            self.take(chunk, events)
            return
        self.malformed += 1
        if self._stumbled:
            raise ProviderBadResponse
        self._stumbled = True
