"""Logins: how they begin, are renewed, are listed, and end."""

from collections.abc import Callable, Sequence

import msgspec

from sluice.core.commands import Principal
from sluice.core.errors import NotFound, Unauthorized
from sluice.services.accounts.audit import Audit, instant
from sluice.services.accounts.books import Kind, Login, Logins
from sluice.services.accounts.ports import LOGIN_LIFE, Account, Revoked, Tokens, digest
from sluice.services.accounts.proof import Proof

MOST = 100  # logins of a user; the one that was not seen for longest goes first
AGENT = 200  # characters that are kept of what a client says it is


class Grant(msgspec.Struct, frozen=True):
    """What a client gets to show: an access token for `expires_in` seconds, and one to renew it."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class SigningIn:
    """Begins and ends logins. `new_secret` makes 256 random bits, as text without spaces."""

    def __init__(
        self,
        logins: Logins,
        proof: Proof,
        tokens: Tokens,
        audit: Audit,
        revoked: Revoked,
        *,
        new_id: Callable[[], str],
        new_secret: Callable[[], str],
        wall: Callable[[], float],
    ) -> None:
        self._logins = logins
        self._proof = proof
        self._tokens = tokens
        self._audit = audit
        self._revoked = revoked
        self._new_id = new_id
        self._new_secret = new_secret
        self._wall = wall

    async def bearer(self, name: str, password: str, who: Principal, agent: str) -> Grant:
        """Sign in for tokens. Raises what `Proof.by_name` does."""
        account = await self._proof.by_name(name, password, who)
        refresh = self._new_secret()
        login = await self._open(account, "bearer", refresh, who, agent)
        return self._grant(account.id, login, refresh)

    async def cookie(
        self, name: str, password: str, who: Principal, agent: str
    ) -> tuple[Account, str]:
        """Sign in for a cookie: who that is, and the cookie's value. Raises as `bearer` does."""
        account = await self._proof.by_name(name, password, who)
        secret = self._new_secret()
        await self._open(account, "cookie", secret, who, agent)
        return account, secret

    async def refresh(self, token: str, who: Principal) -> Grant:
        """New tokens for old. A token that was used before ends its login: one of the two who
        have used it is a thief. Raises `Unauthorized`."""
        now, new = self._wall(), self._new_secret()
        at = instant(now)
        found = await self._logins.rotate(digest(token), digest(new), at, at + LOGIN_LIFE)
        if found.ended is not None:
            self._revoked("login", found.ended)
            await self._audit.note(
                "refresh", who, actor=found.user, subject=found.ended, outcome=Unauthorized.code
            )
        if found.user is None or found.login is None:
            raise Unauthorized("This refresh token is not valid, or no longer. Sign in again.")
        return self._grant(found.user, found.login, new)

    async def leave(self, user: str, who: Principal) -> None:
        """End the login by which somebody is known. One who has none, but a key, stays known."""
        if who.login is not None:
            await self._end(user, who.login, who, "sign_out")

    async def end(self, user: str, login: str, who: Principal) -> None:
        """End one of the user's logins. Raises `NotFound`."""
        if not await self._end(user, login, who, "session_end"):
            raise NotFound

    async def sessions(self, user: str) -> Sequence[Login]:
        """The user's logins, the one seen last first."""
        return await self._logins.list(user, instant(self._wall()))

    async def _open(
        self, account: Account, kind: Kind, secret: str, who: Principal, agent: str
    ) -> str:
        now = instant(self._wall())
        login = Login(
            id=self._new_id(),
            kind=kind,
            created_at=now,
            seen_at=now,
            expires_at=now + LOGIN_LIFE,
            address=who.address[:64],
            agent="".join(char for char in agent if char.isprintable())[:AGENT],
        )
        kept = digest(secret)
        ended = await self._logins.open(
            account.id,
            login,
            cookie=kept if kind == "cookie" else None,
            refresh=kept if kind == "bearer" else None,
            most=MOST,
        )
        for one in ended:
            self._revoked("login", one)
        await self._audit.note("sign_in", who, actor=account.id, subject=login.id)
        return login.id

    async def _end(self, user: str, login: str, who: Principal, action: str) -> bool:
        if not await self._logins.end(user, login, instant(self._wall())):
            return False
        self._revoked("login", login)
        await self._audit.note(action, who, actor=user, subject=login)
        return True

    def _grant(self, user: str, login: str, refresh: str) -> Grant:
        access, lives = self._tokens.access(user, login, self._wall())
        return Grant(access, "bearer", lives, refresh)
