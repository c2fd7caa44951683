"""What is asked of a model: a conversation so far, and how to continue it."""

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant"]


class Message(msgspec.Struct, frozen=True, gc=False):
    """One turn of a conversation."""

    role: Role
    text: str


class Prompt(msgspec.Struct, frozen=True, gc=False):
    """A conversation, and the settings of its next reply.

    `model`        as the provider knows it: without `provider/` before it
    `max_tokens`   upper limit of the reply, in tokens; None leaves it to the provider
    `temperature`  0..2; None leaves it to the provider
    """

    model: str
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    temperature: float | None = None
