"""What a client may ask of the server. Every dialect is a way of writing these."""

import msgspec

from sluice.core.messages import Message


class Ask(msgspec.Struct, frozen=True):
    """What a client asks for, in our own words: every dialect's request comes down to this.

    `model`        as the client named it; None for the default
    `provider`     narrows the choice where no model is named, or the name stands alone
    `flow`         the name of a flow that answers instead of a model
    `messages`     the turns, the newest last
    `tag`          the client's own name for the request, repeated in every answer to it
    `background`   the run goes on whatever happens to its followers
    """

    messages: tuple[Message, ...]
    model: str | None = None
    provider: str | None = None
    flow: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    background: bool = False
    tag: str | int | None = None


class Cancel(msgspec.Struct, frozen=True):
    """Stop what this connection has running."""


class Principal(msgspec.Struct, frozen=True):
    """Who asks.

    `id`       None for a stranger
    `welcome`  a stranger may use what is open
    `address`  where the request came from
    `direct`   it came without a proxy between
    """

    id: str | None = None
    welcome: bool = True
    address: str = ""
    direct: bool = True
