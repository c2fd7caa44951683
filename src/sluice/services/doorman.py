"""Tells who asks, by what a request brought. Knows neither HTTP nor SQL, and logs no secret.

A proof says which user somebody is, and how long that holds: an access token is one by itself; a
key, a cookie and another issuer's token are looked up, and so is the account. What was looked up
is believed for a few seconds, or until it is revoked: nearly every request is answered at once.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from sluice.core.commands import Principal
from sluice.core.errors import Overloaded, SluiceError, Unauthorized
from sluice.services.accounts.ports import KEY_PREFIX, Account, IdentityStore, digest
from sluice.services.evidence import Issuer, Proof, Reader
from sluice.services.identity import Admitted, Credentials
from sluice.services.lookups import Lookups, Recent
from sluice.services.standing import Revocations
from sluice.services.tickets import Tickets

T = TypeVar("T")

BELIEVED = 5.0  # seconds that what was looked up is taken for true
MOST = 50_000  # proofs, and accounts, that are remembered
LONGEST = 8 << 10  # characters of a credential
ROUNDS = 4  # lookups for one request: a proof, an account, and again where one is revoked meanwhile
# What credentials say; the rest of a `Principal` shows by the request itself.
TOLD = ("id", "name", "admin", "login", "expires", "max_runs", "daily_tokens")
NO_GOOD = "Sign in again: what was sent is unknown, has expired, or was revoked."
IN_AN_ADDRESS = "A key or access token must not stand in an address: ask for a ticket instead."
USED_UP = "This ticket is unknown, too old, or was used before."


class Clue(NamedTuple):
    """A secret of which only a lookup can tell whose it is. `name` is what it is remembered by."""

    kind: Literal["key", "cookie", "token"]
    digest: str
    secret: str

    @property
    def name(self) -> str:
        return self.kind + self.digest


class Found(NamedTuple, Generic[T]):
    """What was looked up, begun after so many revocations had been heard of."""

    value: T
    heard: int


class HouseDoorman:
    """The `Doorman` of a server. `wall` is epoch seconds; `issuer` is another one's, if any."""

    def __init__(
        self,
        store: IdentityStore,
        reader: Reader,
        tickets: Tickets,
        revocations: Revocations,
        wall: Callable[[], float],
        issuer: Issuer | None = None,
    ) -> None:
        self._store = store
        self._reader = reader
        self._tickets = tickets
        self._revocations = revocations
        self._wall = wall
        self._issuer = issuer
        self._proofs: Recent[Found[Proof]] = Recent(MOST)
        self._accounts: Recent[Found[Account]] = Recent(MOST)
        self._lookups: Lookups[bool] = Lookups()
        self._outside: Lookups[bool] = Lookups()  # a slow issuer holds up its own only

    def known(self, given: Credentials, stranger: Principal) -> Principal | SluiceError | None:
        if given.bearer is None and given.ticket is not None:
            return self._take(given.ticket, given.run, stranger)
        now = self._wall()
        proof = self._read(given, now)
        if isinstance(proof, Clue):
            proof = self._remembered(proof, now)
            if proof is None:
                return None
        elif proof is None:
            return stranger
        return proof if isinstance(proof, SluiceError) else self._admit(proof, stranger, now)

    async def identify(self, given: Credentials, stranger: Principal) -> Principal | SluiceError:
        for _ in range(ROUNDS):
            found = self.known(given, stranger)
            if found is not None:
                return found
            problem = await self._find_out(given)
            if problem is not None:
                return problem
        return Overloaded(retry_after=1)  # it is being revoked faster than it can be looked up

    def began(self, given: Credentials, run: str) -> None:
        if given.bearer is None and given.ticket is not None:
            self._tickets.began(given.ticket, run)

    def forget(self, user: str) -> None:
        """The account has changed: look at it again. What was revoked is noticed by itself."""
        self._accounts.drop(user)

    def _take(self, ticket: str, run: str | None, stranger: Principal) -> Principal | SluiceError:
        """Who comes with a ticket: back to the run that it began, or for the first time."""
        if ticket.startswith(KEY_PREFIX) or _looks_like_a_token(ticket):
            return Unauthorized(IN_AN_ADDRESS)
        who = self._tickets.resume(ticket, run) if run is not None else None
        who = who or self._tickets.redeem(ticket)
        since = who.since if isinstance(who, Admitted) else 0
        if who is None or self._revocations.since(since, who.id, who.login):
            return Unauthorized(USED_UP)
        told = {name: getattr(who, name) for name in TOLD}
        return _admitted(stranger, self._revocations.count, told)

    def _read(self, given: Credentials, now: float) -> Proof | Clue | SluiceError | None:
        """What was brought, as far as that shows by itself; None where nothing was."""
        secret = given.cookie if given.bearer is None else given.bearer
        if secret is None:
            return None
        if not (secret and secret.isascii() and len(secret) <= LONGEST):
            return Unauthorized(NO_GOOD)
        if given.bearer is None:
            return Clue("cookie", digest(secret), secret)
        if secret.startswith(KEY_PREFIX):
            return Clue("key", digest(secret), secret)
        return self._read_token(secret, now)

    def _read_token(self, token: str, now: float) -> Proof | Clue | SluiceError:
        proof = self._reader.read(token, now)
        if proof is not None:
            over = self._revocations.ended(proof.user, proof.login, proof.issued)
            return Unauthorized(NO_GOOD) if over else proof
        if self._issuer is not None and _looks_like_a_token(token):
            return Clue("token", digest(token), token)
        return Unauthorized(NO_GOOD)

    def _remembered(self, clue: Clue, now: float) -> Proof | None:
        """What this clue has turned out to be lately."""
        found = self._proofs.get(clue.name, now)
        if found is None or self._over(found.heard, found.value.user, found.value.login):
            return None
        return found.value

    def _admit(
        self, proof: Proof, stranger: Principal, now: float
    ) -> Principal | SluiceError | None:
        """Let somebody in; None where the account is to be looked up first."""
        if proof.expires is not None and proof.expires <= now:
            return Unauthorized(NO_GOOD)
        found = self._accounts.get(proof.user, now)
        if found is None or self._over(found.heard, proof.user, None):
            return None
        if found.value.disabled:
            return Unauthorized(NO_GOOD)
        return _admitted(
            stranger, self._revocations.count, _of_account(found.value, proof.login, proof.expires)
        )

    def _over(self, count: int, user: str, login: str | None) -> bool:
        return self._revocations.since(count, user, login)

    async def _find_out(self, given: Credentials) -> SluiceError | None:
        """Look up what is not known yet: the proof, or else the account. What comes of it is
        remembered, or returned where it is nothing good."""
        now = self._wall()
        proof = self._read(given, now)
        if isinstance(proof, Clue):
            clue, proof = proof, self._remembered(proof, now)
            if proof is None:
                lookups = self._outside if clue.kind == "token" else self._lookups
                return _problem(await lookups.once(clue.name, partial(self._learn, clue)))
        if proof is None or isinstance(proof, SluiceError):
            return proof
        user = proof.user
        return _problem(await self._lookups.once("user" + user, partial(self._meet, user)))

    async def _learn(self, clue: Clue) -> bool:
        """Find out whose secret this is; whether it is anybody's."""
        count = self._revocations.count
        match clue.kind:
            case "key":
                found = await self._store.key(clue.digest, self._instant())
            case "cookie":
                found = await self._store.cookie(clue.digest, self._instant())
            case "token":
                found = await self._learn_outside(clue.secret)
        if found is None:
            return False
        account, login, expires = found
        until = expires.timestamp() if isinstance(expires, datetime) else expires
        now = self._wall()
        proof = Proof(account.id, login, until, now)
        self._proofs.put(clue.name, Found(proof, count), now, now + BELIEVED)
        self._keep(account, count)
        return True

    async def _learn_outside(self, token: str) -> tuple[Account, None, float] | None:
        """The same of another issuer's token, which may name a moment beyond any `datetime`."""
        one = None if self._issuer is None else await self._issuer.read(token, self._wall())
        if one is None:
            return None
        account = await self._store.external(
            one.issuer, one.subject, one.username, one.email, self._instant()
        )
        return account, None, one.expires

    async def _meet(self, user: str) -> bool:
        """Find out about a user; whether there is one."""
        count = self._revocations.count
        account = await self._store.user(user)
        if account is None:
            return False
        self._keep(account, count)
        return True

    def _keep(self, account: Account, count: int) -> None:
        now = self._wall()
        self._accounts.put(account.id, Found(account, count), now, now + BELIEVED)

    def _instant(self) -> datetime:
        return datetime.fromtimestamp(self._wall(), UTC)


def _problem(outcome: bool | SluiceError) -> SluiceError | None:
    if isinstance(outcome, SluiceError):
        return outcome
    return None if outcome else Unauthorized(NO_GOOD)


def _looks_like_a_token(text: str) -> bool:
    return text.count(".") == 2


def _of_account(account: Account, login: str | None, expires: float | None) -> dict[str, Any]:
    """What an account says of who asks, by the names of `Principal`."""
    return {
        "id": account.id,
        "name": account.username,
        "admin": account.role == "admin",
        "login": login,
        "expires": expires,
        "max_runs": account.max_runs,
        "daily_tokens": account.daily_tokens,
    }


def _admitted(stranger: Principal, since: int, told: dict[str, Any]) -> Admitted:
    """The request as it is, by who is told to make it."""
    return Admitted(**(msgspec.structs.asdict(stranger) | told), since=since)
