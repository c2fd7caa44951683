"""What people do with their own account: look at it, change it, leave."""

from collections.abc import Awaitable, Callable

from msgspec import UNSET

from sluice.core.commands import Principal
from sluice.core.errors import Unauthorized
from sluice.services.accounts.audit import Audit, instant
from sluice.services.accounts.books import Change, Passwords, Users
from sluice.services.accounts.keys import signed_in
from sluice.services.accounts.names import username
from sluice.services.accounts.ports import Account, Revoked
from sluice.services.accounts.proof import Proof

# Called before a user is deleted: ends what is going on in that user's name.
BeforeDelete = Callable[[str], Awaitable[None]]


class Profile:
    """Everybody's own account. `user` is the id of whoever asks."""

    def __init__(
        self,
        users: Users,
        passwords: Passwords,
        proof: Proof,
        audit: Audit,
        revoked: Revoked,
        *,
        before_delete: BeforeDelete,
        address: Callable[[str], str],
        wall: Callable[[], float],
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._proof = proof
        self._audit = audit
        self._revoked = revoked
        self._before_delete = before_delete
        self._address = address
        self._wall = wall

    async def show(self, user: str) -> Account:
        """Raises `Unauthorized` where the user is gone by now."""
        if (found := await self._users.find(user)) is None:
            raise Unauthorized
        return found

    async def change(
        self, user: str, name: str | None, email: str | None, who: Principal
    ) -> Account:
        """None stays as it is. Raises `InvalidRequest`, `Conflict`."""
        change = Change(
            username=UNSET if name is None else username(name),
            email=UNSET if email is None else self._address(email),
        )
        found, _ = await self._users.change(user, change, instant(self._wall()))
        await self._audit.note("profile", who)
        return found

    async def change_password(self, user: str, current: str, new: str, who: Principal) -> None:
        """Ends all other logins; keys stay. Raises what `Proof.by_id` and `Proof.hash` do."""
        await self._proof.by_id(user, current, who)
        await self._replace(user, await self._proof.hash(new, "new_password"), who.login)
        await self._audit.note("password", who)

    async def reset_password(self, user: str, new: str) -> None:
        """Another password, by the operator; ends all logins. Raises `InvalidRequest`."""
        await self._replace(user, await self._proof.hash(new, "new_password"), None)
        await self._audit.note("password_reset", Principal(), subject=user)

    async def leave(self, user: str, who: Principal, password: str | None = None) -> None:
        """Delete the account with all that is its owner's. A password that is given must be right:
        raises what `Proof.by_id` does, and `Forbidden` where a key asks."""
        signed_in(who)
        if password is not None:
            await self._proof.by_id(user, password, who)
        await self._before_delete(user)
        if await self._users.remove(user, instant(self._wall()), spare_last_admin=False):
            self._revoked("user", user)
            await self._audit.note("user_delete", who)

    async def _replace(self, user: str, hash: str, keep: str | None) -> None:
        now = instant(self._wall())
        for login in await self._passwords.replace(user, hash, keep, now):
            self._revoked("login", login)
