"""How people become users."""

from collections.abc import Callable
from typing import Literal

import msgspec

from sluice.core.commands import Principal
from sluice.core.errors import Forbidden
from sluice.services.accounts.audit import Audit, instant
from sluice.services.accounts.books import Invitations, NewUser, Users
from sluice.services.accounts.names import username
from sluice.services.accounts.ports import Account, Role, digest
from sluice.services.accounts.proof import Proof

Admission = Literal["open", "invite", "closed"]


class Policy(msgspec.Struct, frozen=True):
    """What the operator has decided.

    `admission`    who may register, by where they come from
    `first_admin`  the first to register becomes an administrator
    """

    admission: Callable[[Principal], Admission]
    first_admin: bool = False


class Registration:
    """Makes users. `address` reads an e-mail address, and raises `InvalidRequest`."""

    def __init__(
        self,
        users: Users,
        invitations: Invitations,
        proof: Proof,
        audit: Audit,
        policy: Policy,
        *,
        address: Callable[[str], str],
        new_id: Callable[[], str],
        wall: Callable[[], float],
    ) -> None:
        self._users = users
        self._invitations = invitations
        self._proof = proof
        self._audit = audit
        self._policy = policy
        self._address = address
        self._new_id = new_id
        self._wall = wall

    def admission(self, who: Principal) -> Admission:
        """Who may register, as it holds for whoever asks from there."""
        return self._policy.admission(who)

    async def register(
        self, name: str, email: str, password: str, invitation: str | None, who: Principal
    ) -> Account:
        """Raises `Forbidden` where it is closed, or takes an invitation; `InvalidRequest` naming
        the field; `Conflict` for a name or address that is taken; `Overloaded`."""
        admission = self.admission(who)
        if admission == "closed":
            raise Forbidden("Registration is closed here.")
        name, email = username(name), self._address(email)
        token = None
        if admission == "invite":
            token = await self._invited(invitation, email)
        first = self._policy.first_admin
        found = await self._add(name, email, password, token, first=first)
        await self._audit.note("register", who, actor=found.id)
        return found

    async def appoint(self, name: str, email: str, password: str, role: Role) -> Account:
        """A user whom the operator makes. Raises `InvalidRequest`, `Conflict`."""
        found = await self._add(username(name), self._address(email), password, role=role)
        await self._audit.note("user_add", Principal(), subject=found.id)
        return found

    async def _add(
        self,
        name: str,
        email: str,
        password: str,
        invitation: str | None = None,
        *,
        first: bool = False,
        role: Role = "user",
    ) -> Account:
        hash = await self._proof.hash(password)
        now = instant(self._wall())
        user = NewUser(self._new_id(), name, email, hash, now, role, first)
        return await self._users.add(user, invitation)

    async def _invited(self, invitation: str | None, email: str) -> str:
        """The digest of an invitation. It is looked at before the password is hashed: strangers
        without one cost nothing."""
        now = instant(self._wall())
        if invitation is None:
            raise Forbidden("Registration is by invitation here.")
        if not await self._invitations.holds(digest(invitation), email, now):
            raise Forbidden("This invitation is not valid, or no longer.")
        return digest(invitation)
