"""What administrators do: with users, with invitations, and to read the audit."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from sluice.core.commands import Principal
from sluice.core.errors import Forbidden, NotFound, Unauthorized
from sluice.services.accounts.audit import Audit, instant
from sluice.services.accounts.books import Change, Entry, Invitation, Invitations, Trail, Users
from sluice.services.accounts.ports import Account, Revoked, digest
from sluice.services.accounts.profile import BeforeDelete

INVITATIONS = 1000  # that are listed


def administrator(who: Principal) -> str:
    """The id of whoever asks. Raises `Unauthorized`, and `Forbidden` for anybody else."""
    if who.id is None:
        raise Unauthorized
    if not who.admin:
        raise Forbidden("This is for administrators.")
    return who.id


class Administration:
    """For administrators only: each method raises `Forbidden` for anybody else."""

    def __init__(
        self,
        users: Users,
        trail: Trail,
        audit: Audit,
        revoked: Revoked,
        *,
        before_delete: BeforeDelete,
        wall: Callable[[], float],
    ) -> None:
        self._users = users
        self._trail = trail
        self._audit = audit
        self._revoked = revoked
        self._before_delete = before_delete
        self._wall = wall

    async def users(self, q: str, limit: int, after: str, who: Principal) -> Sequence[Account]:
        """Users whose name or address holds `q`, by their folded names, beginning after that."""
        administrator(who)
        return await self._users.page(q, limit, after)

    async def user(self, id: str, who: Principal) -> Account:
        """Raises `NotFound`."""
        administrator(who)
        if (found := await self._users.find(id)) is None:
            raise NotFound
        return found

    async def change(self, id: str, change: Change, who: Principal) -> Account:
        """Raises `NotFound`, and `Conflict` for the last administrator."""
        administrator(who)
        return await self.alter(id, change, who)

    async def alter(self, id: str, change: Change, who: Principal) -> Account:
        """The same for the operator, at the command line."""
        found, revoked = await self._users.change(id, change, instant(self._wall()))
        if revoked:
            self._revoked("user", id)
        await self._audit.note("user_change", who, subject=id)
        return found

    async def remove(self, id: str, who: Principal) -> None:
        """Delete a user with all that is theirs. Raises `NotFound`, and `Conflict` for the last
        administrator."""
        await self.user(id, who)
        await self._before_delete(id)
        if not await self._users.remove(id, instant(self._wall()), spare_last_admin=True):
            raise NotFound
        self._revoked("user", id)
        await self._audit.note("user_delete", who, subject=id)

    async def audit(self, limit: int, before: int | None, who: Principal) -> Sequence[Entry]:
        """The audit, the newest first."""
        administrator(who)
        return await self._trail.page(limit, before)


class Inviting:
    """Invitations, for administrators only: each method raises `Forbidden` for anybody else."""

    def __init__(
        self,
        invitations: Invitations,
        audit: Audit,
        *,
        address: Callable[[str], str],
        new_id: Callable[[], str],
        new_secret: Callable[[], str],
        wall: Callable[[], float],
    ) -> None:
        self._invitations = invitations
        self._audit = audit
        self._address = address
        self._new_id = new_id
        self._new_secret = new_secret
        self._wall = wall

    async def invite(self, email: str | None, days: int, who: Principal) -> tuple[Invitation, str]:
        """An invitation, and the secret itself, which is not kept. Raises `InvalidRequest`."""
        by = administrator(who)
        now, secret = instant(self._wall()), self._new_secret()
        invitation = Invitation(
            id=self._new_id(),
            email=None if email is None else self._address(email),
            created_by=by,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        await self._invitations.add(invitation, digest(secret))
        await self._audit.note("invite", who, subject=invitation.id)
        return invitation, secret

    async def list(self, who: Principal) -> Sequence[Invitation]:
        """The newest first."""
        administrator(who)
        return await self._invitations.list(INVITATIONS)

    async def withdraw(self, id: str, who: Principal) -> None:
        """Raises `NotFound`."""
        administrator(who)
        if not await self._invitations.remove(id):
            raise NotFound
        await self._audit.note("invitation_delete", who, subject=id)
