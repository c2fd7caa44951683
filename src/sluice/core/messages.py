"""What is asked of a model: a conversation so far, and how to continue it."""

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant"]


class Image(msgspec.Struct, frozen=True, tag="image", gc=False):
    """A picture that goes with a turn: `data` as its file has it, of this `media_type`."""

    media_type: str
    data: bytes


class Document(msgspec.Struct, frozen=True, tag="document", gc=False):
    """What a file that goes with a turn says. `name` is what its owner calls it."""

    name: str
    text: str


Part = Image | Document


class Message(msgspec.Struct, frozen=True, gc=False):
    """One turn of a conversation; `parts` go with its text."""

    role: Role
    text: str
    parts: tuple[Part, ...] = ()


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
