"""Personal keys: a bearer for scripts, shown once."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from sluice.core.commands import Principal
from sluice.core.errors import Forbidden, NotFound
from sluice.services.accounts.audit import Audit, instant
from sluice.services.accounts.books import Key, Keys
from sluice.services.accounts.ports import KEY_ID_PREFIX, KEY_PREFIX, Revoked, digest

MOST = 50  # keys of a user
SHOWN = 4  # characters of a key, after its prefix, that are kept to know it by


class PersonalKeys:
    """Makes, lists and revokes keys. `new_secret` makes 256 random bits, `new_id` a UUID."""

    def __init__(
        self,
        keys: Keys,
        audit: Audit,
        revoked: Revoked,
        *,
        new_id: Callable[[], str],
        new_secret: Callable[[], str],
        wall: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._audit = audit
        self._revoked = revoked
        self._new_id = new_id
        self._new_secret = new_secret
        self._wall = wall

    async def make(self, user: str, name: str, days: int | None, who: Principal) -> tuple[Key, str]:
        """A key, and the secret itself, which is not kept. Raises `Conflict` where there are too
        many, and `Forbidden` where a key asks: a stolen one must not outlive its being revoked."""
        signed_in(who)
        now = instant(self._wall())
        secret = KEY_PREFIX + self._new_secret()
        key = Key(
            id=KEY_ID_PREFIX + self._new_id().replace("-", ""),  # a UUID leaves just the room
            name=name,
            hint=secret[: len(KEY_PREFIX) + SHOWN] + "…",
            created_at=now,
            seen_at=None,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        await self._keys.add(user, key, digest(secret), MOST)
        await self._audit.note("key_create", who, subject=key.id)
        return key, secret

    async def list(self, user: str) -> Sequence[Key]:
        """Those that are valid, the newest first."""
        return await self._keys.list(user, instant(self._wall()))

    async def revoke(self, user: str, key: str, who: Principal) -> None:
        """Raises `NotFound`."""
        if not await self._keys.revoke(user, key, instant(self._wall())):
            raise NotFound
        self._revoked("key", key)
        await self._audit.note("key_revoke", who, subject=key)


def signed_in(who: Principal) -> None:
    """Raises `Forbidden` where somebody is known by a key only."""
    if who.login is not None and who.login.startswith(KEY_ID_PREFIX):
        raise Forbidden("A key cannot do this. Sign in.")
