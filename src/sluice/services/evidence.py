"""What proves who somebody is, and the ports that read tokens. Knows no format of a token."""

from typing import Protocol

import msgspec


class Proof(msgspec.Struct, frozen=True):
    """Which user somebody is. Moments are epoch seconds.

    `login`    the login or key by which that is known; None for another issuer's token
    `expires`  until when it holds; None: until it is revoked
    `issued`   since when
    """

    user: str
    login: str | None
    expires: float | None
    issued: float


class Outsider(msgspec.Struct, frozen=True):
    """Somebody whom another issuer of tokens knows. `email` only where it says it is verified."""

    issuer: str
    subject: str
    username: str
    email: str | None
    expires: float


class Reader(Protocol):
    """Reads our own access tokens."""

    def read(self, token: str, now: float) -> Proof | None:
        """What a token proves; None where it is not ours, or no good any more."""
        ...


class Issuer(Protocol):
    """Reads the tokens of another issuer."""

    async def read(self, token: str, now: float) -> Outsider | None:
        """Whom a token speaks of; None where it is no good. Raises `Overloaded` where that cannot
        be told, because the issuer is out of reach."""
        ...
