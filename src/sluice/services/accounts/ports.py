"""What an account is, and the ports that telling who asks shares with it. Knows no HTTP.

Instants are aware datetimes in UTC. A secret is kept as its `digest` only: each has 256 random
bits, so that a fast hash will do. (Passwords are hashed by `Hasher`, slowly.)
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

Role = Literal["user", "admin"]
Subject = Literal["login", "user", "key"]

# Called after something was revoked: its kind and id, so that this process acts at once.
Revoked = Callable[[Subject, str], None]

KEY_PREFIX = "sk-sluice-"  # how a personal key begins
KEY_ID_PREFIX = "key_"  # how a key's id begins, so that a principal's `login` tells which it is
LOGIN_LIFE = timedelta(days=30)  # of a login that is not used


def digest(secret: str) -> str:
    """What is kept of a random secret: its SHA-256, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Account(msgspec.Struct, frozen=True):
    """A user.

    `email`         None for a user of another issuer that tells none, or a taken one
    `max_runs`      runs at once; None: the setting's
    `daily_tokens`  tokens a day; None: the setting's
    """

    id: str
    username: str
    email: str | None
    role: Role
    disabled: bool
    created_at: datetime
    max_runs: int | None = None
    daily_tokens: int | None = None


class Tokens(Protocol):
    """Issues access tokens."""

    def access(self, user_id: str, login_id: str, now: float) -> tuple[str, int]:
        """A token by which this user is known, and the seconds that it lives."""
        ...


class Hasher(Protocol):
    """Hashes passwords, slowly and off the event loop. Raises `Overloaded` where too many wait."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, hash: str | None, password: str) -> bool:
        """Whether it is the password. None: it is not, and finding out takes just as long."""
        ...

    def stale(self, hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        ...


class IdentityStore(Protocol):
    """How a request's credentials are looked up. The instants returned are when they expire."""

    async def user(self, id: str) -> Account | None: ...

    async def key(self, hash: str, now: datetime) -> tuple[Account, str, datetime | None] | None:
        """Whose personal key this is, and its id, while it is valid; notes that it was seen."""
        ...

    async def cookie(self, hash: str, now: datetime) -> tuple[Account, str, datetime] | None:
        """Whose cookie this is, and its login's id, while it is valid; notes that it was seen,
        which prolongs it."""
        ...

    async def external(
        self, issuer: str, subject: str, username: str, email: str | None, now: datetime
    ) -> Account:
        """The user whom another issuer knows by this subject; made where there is none yet.

        Never an existing account of the same name or address: a new one's name gets a suffix, and
        an address that is taken is left out.
        """
        ...

    async def revoked_since(self, at: datetime) -> Sequence[tuple[Subject, str, datetime]]:
        """What was revoked at that instant or later, the oldest first.

        A `user` is revoked by being disabled or deleted, or given another role: whatever let
        somebody in as that user before is to be asked for anew. Instants are those of the servers
        that wrote them, before their commit: ask with some seconds of overlap.
        """
        ...
