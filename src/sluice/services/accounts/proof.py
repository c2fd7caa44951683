"""Whether somebody knows a password. In the same time, whether or not there is such a user."""

import contextlib
import unicodedata

from sluice.core.commands import Principal
from sluice.core.errors import Forbidden, InvalidRequest, Overloaded, Unauthorized
from sluice.services.accounts.audit import Audit
from sluice.services.accounts.books import Credential, Passwords
from sluice.services.accounts.guesses import Guesses
from sluice.services.accounts.names import fold
from sluice.services.accounts.ports import Account, Hasher

SHORTEST, LONGEST = 8, 1024  # characters of a password
WRONG = "The name or the password is wrong."


class Proof:
    """Checks passwords, and makes new ones."""

    def __init__(
        self, passwords: Passwords, hasher: Hasher, guesses: Guesses, audit: Audit
    ) -> None:
        self._passwords = passwords
        self._hasher = hasher
        self._guesses = guesses
        self._audit = audit

    async def by_name(self, name: str, password: str, who: Principal) -> Account:
        """Whose name or address, and whose password this is. `who` asks, as a stranger.

        Raises `Unauthorized`, `Forbidden` for a disabled account, `RateLimited`, `Overloaded`.
        """
        with self._guesses.guess(fold(name), who.address) as guess:
            found = await self._passwords.find(name)
            right = await self._matches(found, password)
            guess.succeeded() if right else guess.failed()
        if found is None or not right:
            subject = found.account.id if found is not None else None
            outcome = Unauthorized.code
            await self._audit.note("sign_in", who, subject=subject, outcome=outcome)
            raise Unauthorized(WRONG)
        if found.account.disabled:
            id = found.account.id
            await self._audit.note("sign_in", who, subject=id, outcome=Forbidden.code)
            raise Forbidden("This account is disabled.")
        return found.account

    async def by_id(self, id: str, password: str, who: Principal) -> None:
        """That whoever is signed in knows the password, too. Raises `Forbidden` where it is wrong
        or there is none, `RateLimited`, `Overloaded`."""
        with self._guesses.guess(f"id {id}", who.address) as guess:
            found = await self._passwords.of(id)
            right = await self._matches(found, password)
            guess.succeeded() if right else guess.failed()
        if not right:
            await self._audit.note("password", who, outcome=Forbidden.code)
            raise Forbidden("The password is wrong.")

    async def hash(self, password: str, field: str = "password") -> str:
        """The hash of a new password. Raises `InvalidRequest` for a weak one, and `Overloaded`."""
        if not SHORTEST <= len(password) <= LONGEST:
            text = f"The password must have {SHORTEST} to {LONGEST} characters."
            raise InvalidRequest(text, field=field)
        return await self._hasher.hash(_normal(password))

    async def _matches(self, found: Credential | None, password: str) -> bool:
        hash = None if found is None else found.hash
        right = await self._hasher.verify(hash, _normal(password))
        if right and found is not None and hash is not None and self._hasher.stale(hash):
            with contextlib.suppress(Overloaded):  # another time, then
                new = await self._hasher.hash(_normal(password))
                await self._passwords.rehash(found.account.id, hash, new)
        return right


def _normal(password: str) -> str:
    """The same password from every keyboard: RFC 8265, section 4.2."""
    return unicodedata.normalize("NFC", password)
