"""What is kept of accounts, and the ports behind which it is kept. Knows neither SQL nor HTTP.

Instants are aware datetimes in UTC.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from sluice.services.accounts.ports import Account, Role

Kind = Literal["bearer", "cookie"]


class Credential(msgspec.Struct, frozen=True):
    """An account, and the hash of its password; None where it has none."""

    account: Account
    hash: str | None


class NewUser(msgspec.Struct, frozen=True):
    """Somebody who registers. `first_admin`: an administrator, if there is no user yet."""

    id: str
    username: str
    email: str
    hash: str
    created_at: datetime
    role: Role = "user"
    first_admin: bool = False


class Change(msgspec.Struct, frozen=True):
    """What is to change of an account. None as a limit: the setting's."""

    username: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    max_runs: int | UnsetType | None = UNSET
    daily_tokens: int | UnsetType | None = UNSET


class Login(msgspec.Struct, frozen=True):
    """A person's session on one device; it outlives its access tokens."""

    id: str
    kind: Kind
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


class Key(msgspec.Struct, frozen=True):
    """A personal key. `hint` is how it begins, to know it by."""

    id: str
    name: str
    hint: str
    created_at: datetime
    seen_at: datetime | None
    expires_at: datetime | None


class Invitation(msgspec.Struct, frozen=True):
    """Leave to register, once. `email`: the only address that may use it; None: any."""

    id: str
    email: str | None
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    used_by: str | None = None


class Entry(msgspec.Struct, frozen=True):
    """A line of the audit.

    `actor`    who did it: a user's id; None for nobody who was known, and for the command line
    `action`   what was done: `sign_in`
    `subject`  to whom or what: an id
    `outcome`  `ok`, or an error's code
    """

    at: datetime
    actor: str | None
    action: str
    subject: str
    address: str
    outcome: str
    seq: int = 0


class Rotation(msgspec.Struct, frozen=True):
    """What became of a refresh token: whose login it renews, and which a thief's was ended."""

    user: str | None = None
    login: str | None = None
    ended: str | None = None


class Users(Protocol):
    """Who there is."""

    async def add(self, user: NewUser, invitation: str | None) -> Account:
        """Raises `Conflict` where the name or address is taken, and `Forbidden` where there is an
        invitation (its digest) that will not do."""
        ...

    async def find(self, id: str) -> Account | None: ...

    async def change(self, id: str, change: Change, now: datetime) -> tuple[Account, bool]:
        """The account as it is then, and whether whoever was let in as that user is to be asked
        anew: another role revokes the user, and so does disabling, which ends all logins as well.

        Raises `NotFound`, and `Conflict` for what is taken and for the last administrator.
        """
        ...

    async def remove(self, id: str, now: datetime, *, spare_last_admin: bool) -> bool:
        """Delete a user with all that is theirs, and revoke; whether there was one. Raises
        `Conflict` for the last administrator, where that one is to be spared."""
        ...

    async def page(self, q: str, limit: int, after: str) -> Sequence[Account]:
        """Those whose name or address holds `q`, by their folded names, beginning after that."""
        ...


class Passwords(Protocol):
    """By what people prove who they are."""

    async def find(self, name: str) -> Credential | None:
        """By name or address."""
        ...

    async def of(self, id: str) -> Credential | None: ...

    async def rehash(self, id: str, old: str, new: str) -> None:
        """The same password, hashed anew; unless it is another by now."""
        ...

    async def replace(self, id: str, hash: str, keep: str | None, now: datetime) -> Sequence[str]:
        """Another password: ends all logins but `keep`, and returns those that it has ended."""
        ...


class Logins(Protocol):
    """Who is signed in where."""

    async def open(
        self, user: str, login: Login, *, cookie: str | None, refresh: str | None, most: int
    ) -> Sequence[str]:
        """Begin a login, with the digest of its cookie or of its first refresh token. Ends the
        user's oldest beyond so many, and returns their ids. Raises `Unauthorized` where the user
        is gone or disabled by now."""
        ...

    async def rotate(self, old: str, new: str, now: datetime, expires: datetime) -> Rotation:
        """Use up a refresh token and put another in its place, both as digests. One that was used
        before ends its login."""
        ...

    async def end(self, user: str, login: str, now: datetime) -> bool:
        """Whether the user had this login, and it was not over yet."""
        ...

    async def list(self, user: str, now: datetime) -> Sequence[Login]:
        """Those that are not over, the one seen last first."""
        ...


class Keys(Protocol):
    """Personal keys."""

    async def add(self, user: str, key: Key, hash: str, most: int) -> None:
        """Raises `Conflict` where the user has as many as that."""
        ...

    async def list(self, user: str, now: datetime) -> Sequence[Key]:
        """Those that are valid, the newest first."""
        ...

    async def revoke(self, user: str, key: str, now: datetime) -> bool:
        """Whether the user had this key, and it was valid."""
        ...


class Invitations(Protocol):
    """Who may register, where that takes an invitation."""

    async def add(self, invitation: Invitation, hash: str) -> None: ...

    async def list(self, limit: int) -> Sequence[Invitation]:
        """The newest first."""
        ...

    async def remove(self, id: str) -> bool:
        """Whether there was one."""
        ...

    async def holds(self, hash: str, email: str, now: datetime) -> bool:
        """Whether it can be used, by this address."""
        ...


class Trail(Protocol):
    """The audit, as it is kept."""

    async def add(self, entry: Entry) -> None: ...

    async def page(self, limit: int, before: int | None) -> Sequence[Entry]:
        """The newest first, from the one before this `seq` on."""
        ...
