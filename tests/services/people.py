"""All of the accounts over a real database, with a clock that the test moves."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from argon2 import PasswordHasher

from sluice.adapters.addresses import email_address
from sluice.adapters.argon2 import Argon2
from sluice.adapters.jwt import AccessTokens
from sluice.core.commands import Principal
from sluice.services.accounts.administration import Administration, Inviting
from sluice.services.accounts.audit import Audit
from sluice.services.accounts.guesses import Guesses
from sluice.services.accounts.keys import PersonalKeys
from sluice.services.accounts.ports import Account
from sluice.services.accounts.profile import Profile
from sluice.services.accounts.proof import Proof
from sluice.services.accounts.registration import Admission, Policy, Registration
from sluice.services.accounts.signing_in import SigningIn
from sluice.services.windows import MovingWindows
from sluice.stores.sql.accounts.invitations import SqlInvitations
from sluice.stores.sql.accounts.keys import SqlKeys
from sluice.stores.sql.accounts.logins import SqlLogins
from sluice.stores.sql.accounts.passwords import SqlPasswords
from sluice.stores.sql.accounts.trail import SqlTrail
from sluice.stores.sql.accounts.users import SqlUsers
from sluice.stores.sql.database import Database
from sluice.stores.sql.identities import SqlIdentities
from sluice.stores.sql.schema import metadata
from sluice.stores.sql.sqlite import SQLite

START = 1_800_000_000.0
PASSWORD = "correct horse"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HOME = Principal(address="192.0.2.1")


class People:
    """The services, as the server puts them together."""

    def __init__(self, database: Database) -> None:
        self.now = START
        self.admission: Admission = "open"
        self.first_admin = True
        self.revoked: list[tuple[str, str]] = []
        self.left: list[str] = []  # users whose runs were cancelled
        self._ids, self._secrets = count(1), count(1)
        self.hasher = Argon2(CHEAP)
        self.users, self.passwords = SqlUsers(database), SqlPasswords(database)
        self.logins, self.keys = SqlLogins(database), SqlKeys(database)
        self.invitations, self.trail = SqlInvitations(database), SqlTrail(database)
        self.identities = SqlIdentities(database, self.new_id)
        self.tokens = AccessTokens(b"t" * 32)
        self.audit = Audit(self.trail, self.wall)
        self.guesses = Guesses(MovingWindows(self.wall))
        self.proof = Proof(self.passwords, self.hasher, self.guesses, self.audit)
        self.signing = SigningIn(
            self.logins,
            self.proof,
            self.tokens,
            self.audit,
            self.hear,
            new_id=self.new_id,
            new_secret=self.new_secret,
            wall=self.wall,
        )
        self.profile = Profile(
            self.users,
            self.passwords,
            self.proof,
            self.audit,
            self.hear,
            before_delete=self.leave,
            address=email_address,
            wall=self.wall,
        )
        self.personal = PersonalKeys(
            self.keys,
            self.audit,
            self.hear,
            new_id=self.new_id,
            new_secret=self.new_secret,
            wall=self.wall,
        )
        self.administration = Administration(
            self.users,
            self.trail,
            self.audit,
            self.hear,
            before_delete=self.leave,
            wall=self.wall,
        )
        self.inviting = Inviting(
            self.invitations,
            self.audit,
            address=email_address,
            new_id=self.new_id,
            new_secret=self.new_secret,
            wall=self.wall,
        )

    @property
    def registration(self) -> Registration:
        return Registration(
            self.users,
            self.invitations,
            self.proof,
            self.audit,
            Policy(lambda _: self.admission, self.first_admin),
            address=email_address,
            new_id=self.new_id,
            wall=self.wall,
        )

    @property
    def instant(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    def wall(self) -> float:
        return self.now

    def new_id(self) -> str:
        return str(uuid.UUID(int=next(self._ids)))

    def new_secret(self) -> str:
        return f"secret-{next(self._secrets)}"

    def hear(self, kind: str, id: str) -> None:
        self.revoked.append((kind, id))

    async def leave(self, user: str) -> None:
        self.left.append(user)

    async def join(self, name: str) -> Account:
        """Register somebody."""
        return await self.registration.register(name, f"{name}@example.com", PASSWORD, None, HOME)

    async def signed_in(self, name: str) -> Principal:
        """Sign somebody in, for tokens."""
        before = await self.passwords.find(name)
        assert before is not None
        grant = await self.signing.bearer(name, PASSWORD, HOME, "test")
        proof = self.tokens.read(grant.access_token, self.now)
        assert proof is not None
        account = before.account
        return Principal(
            id=account.id,
            name=name,
            admin=account.role == "admin",
            login=proof.login,
            address=HOME.address,
        )

    async def did(self) -> list[tuple[str, str]]:
        """What the audit says: actions and their outcomes, the oldest first."""
        found = await self.trail.page(200, None)
        return [(one.action, one.outcome) for one in reversed(found)]


@asynccontextmanager
async def living(folder: Path) -> AsyncIterator[People]:
    """People in a database of the test's own."""
    database = SQLite(folder / "people.db")
    await database.write(metadata.create_all)
    people = People(database)
    try:
        yield people
    finally:
        people.hasher.close()
        await database.close()
