"""What a run can say.

Providers make these events and dialects translate them; nothing else passes between the two.
A run is `Started`, any number of deltas and reports, then exactly one `Finished` or `Failed`
(`grammar.py`). An event's number in its run's log, from 1, is its `seq`.
"""

from typing import Literal

import msgspec

# None of these can be part of a cycle, so the garbage collector need not know of them (`gc=False`):
# a busy server keeps millions.

FinishReason = Literal["stop", "length", "tools", "content_filter", "cancelled"]


class Usage(msgspec.Struct, frozen=True, tag="usage", gc=False):
    """A provider's report of tokens so far. Reports are cumulative: the last one holds.

    `output_tokens` includes `reasoning_tokens`. `estimated` marks figures that we counted
    ourselves, with a tokenizer, because the provider gave none.
    """

    input_tokens: int
    output_tokens: int
    reasoning_tokens: int = 0
    estimated: bool = False

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens


class Attempt(msgspec.Struct, gc=False):
    """One request to one provider on behalf of a run. Filled in while it goes on.

    `model`      `provider/name`
    `outcome`    `ok`, `cancelled`, or the code of the error that ended it
    `usage`      what it cost; None while it has produced nothing
    `malformed`  chunks that made no sense and were skipped
    """

    model: str
    outcome: str = "running"
    usage: Usage | None = None
    malformed: int = 0


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a run came to. `duration` and `first_token` are seconds since its start; `cost` is USD.

    `usage` is that of the answer; what failed attempts consumed besides stands in `attempts`, and
    is in `cost`. `text_length` counts code points. `first_token` is None where none came. `points`
    is what its user was charged; `cached`: nobody was asked, the answer was known.
    """

    model: str
    usage: Usage
    cost: float
    duration: float
    first_token: float | None
    text_length: int
    attempts: tuple[Attempt, ...]
    points: int = 0
    cached: bool = False


class Started(msgspec.Struct, frozen=True, tag="started", gc=False):
    """A run began. `model` is as asked or chosen by default; `at` is epoch seconds."""

    model: str
    at: float


class TextDelta(msgspec.Struct, frozen=True, tag="text", gc=False):
    """The next piece of the answer. Never empty, never half a character."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, tag="reasoning", gc=False):
    """The next piece of what a model thinks before, or while, it answers."""

    text: str


class ToolCall(msgspec.Struct, frozen=True, tag="tool_call"):
    """The model calls a tool. `arguments` is a whole JSON document: nobody wants half of one."""

    id: str
    name: str
    arguments: str


class Finished(msgspec.Struct, frozen=True, tag="finished", gc=False):
    """The run is over and came to something. The engine adds the receipt."""

    reason: FinishReason
    receipt: Receipt | None = None


class Failed(msgspec.Struct, frozen=True, tag="failed", gc=False):
    """The run is over and failed. `code` is one of `errors.py`; `at` is epoch seconds."""

    code: str
    message: str
    at: float = 0.0
    receipt: Receipt | None = None


Event = Started | TextDelta | ReasoningDelta | ToolCall | Usage | Finished | Failed
Ending = Finished | Failed
