"""What a client may ask of the server. Every dialect is a way of writing these."""

from ipaddress import IPv6Address, ip_address, ip_network

import msgspec

from sluice.core.messages import Message


class Thread(msgspec.Struct, frozen=True):
    """The stored conversation that an ask is part of.

    `kind`     the dialect that keeps it, among whose conversations it is looked for
    `id`       its id; None: a new one, or the one of that name
    `named`    its client calls it by a name: the id of a session
    `name`     that name; None: it is to be given one
    `again`    the id of a message whose place the new turn takes: a reply is written anew, or a
               question is put in other words. What stood there is kept, as a version beside it
    `keeps`    the files of the question that is put in other words go with the new one, too
    `waits`    while a reply is being written in it, wait for one's turn, rather than be refused
    """

    kind: str
    id: str | None = None
    named: bool = False
    name: str | None = None
    again: str | None = None
    keeps: bool = False
    waits: bool = False


class Medium(msgspec.Struct, frozen=True):
    """A file that goes with a question: one that was uploaded, by its `id`, or one to be fetched
    from a `url`. One of the two is given.
    """

    id: str | None = None
    url: str | None = None


class Ask(msgspec.Struct, frozen=True):
    """What a client asks for, in our own words: every dialect's request comes down to this.

    `messages`     the turns, the newest last; none where a reply is to be written anew
    `model`        as the client named it; None for the default
    `provider`     narrows the choice where no model is named, or the name stands alone
    `flow`         the name of a flow that answers instead of a model
    `tag`          the client's own name for the request, repeated in every answer to it
    `background`   the run goes on whatever happens to its followers
    `thread`       the stored conversation to which it belongs; None: nothing is remembered
    `bad_key`      call the provider with a key that it does not know, to show what comes of it
    `media`        files that go with the newest turn
    `whole`        for dialects whose events can repeat the text so far: yes, no, or as they like
    """

    messages: tuple[Message, ...]
    model: str | None = None
    provider: str | None = None
    flow: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    background: bool = False
    tag: str | int | None = None
    thread: Thread | None = None
    bad_key: bool = False
    media: tuple[Medium, ...] = ()
    whole: bool | None = None


class Cancel(msgspec.Struct, frozen=True):
    """Stop what this connection has running."""


class Attach(msgspec.Struct, frozen=True):
    """Follow a run that goes on, or has ended: the one of this id, or the caller's newest live."""

    run: str | None = None


class Principal(msgspec.Struct, frozen=True):
    """Who asks.

    `id`       of a user; None for a stranger
    `name`     the user's name
    `admin`    may see and stop what is others'
    `login`    the session or the key by which the user is known: what is revoked ends with it
    `expires`  epoch seconds until which that holds; None: until it is revoked
    `welcome`  a stranger may use what is open
    `address`  where the request came from
    `direct`   it came without a proxy between
    `placed`   the address is the client's own: it came directly, or a trusted proxy has said so
    `browser`  it is a browser's request
    `visitor`  what a stranger's browser is known by: the value of a cookie of ours
    `max_runs`, `daily_tokens`  the user's own, instead of the settings'
    """

    id: str | None = None
    name: str = ""
    admin: bool = False
    login: str | None = None
    expires: float | None = None
    welcome: bool = True
    address: str = ""
    direct: bool = True
    placed: bool = True
    browser: bool = False
    visitor: str | None = None
    max_runs: int | None = None
    daily_tokens: int | None = None

    @property
    def caller(self) -> str:
        """By what a request counts: the user, or a stranger's address (IPv6 by its /64)."""
        return self.id or network_of(self.address)


def network_of(address: str) -> str:
    """The address itself, or the /64 of an IPv6 address: a single subscriber has as much."""
    if ":" not in address:
        return address
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False))


class Once(msgspec.Struct, frozen=True):
    """What makes a request the same as an earlier one: an `Idempotency-Key`, and its content.

    `fingerprint` is a hash, in hexadecimal.
    """

    key: str
    fingerprint: str


class Place(msgspec.Struct, frozen=True):
    """Where a run's reply is kept.

    `conversation`  its id; `message` is the reply's
    `name`          what the client calls the conversation: the id of a session
    `new`           the conversation began with this run
    """

    conversation: str
    message: str
    name: str | None = None
    new: bool = False
