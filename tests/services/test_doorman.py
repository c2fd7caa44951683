"""Who asks is told by what the request brought, at once wherever that was found out lately."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar

import msgspec
import pytest

from sluice.adapters.jwt import AccessTokens
from sluice.core.commands import Principal
from sluice.core.errors import Overloaded, SluiceError, StoreUnavailable, Unauthorized
from sluice.services.accounts.ports import Account, Subject, digest
from sluice.services.doorman import BELIEVED, HouseDoorman
from sluice.services.evidence import Outsider
from sluice.services.identity import Admitted, Credentials
from sluice.services.standing import Revocations, Watchman
from sluice.services.tickets import TicketBox

T = TypeVar("T")

SECRET = bytes(range(32))
KEY, COOKIE, OUTSIDE = "sk-sluice-ann", "cookie-of-ann", "outside.token.ann"
STRANGER = Principal(welcome=False, address="192.0.2.7", direct=False, browser=True, visitor="v")
BORN = datetime(2026, 1, 1, tzinfo=UTC)


class Register:
    """An `IdentityStore` that says what it is told to, and counts how often it is asked."""

    def __init__(self) -> None:
        ann = Account("ann", "Ann", "ann@example.com", "admin", False, BORN, 3, 500)
        self.users: dict[str, Account] = {"ann": ann}
        self.keys: dict[str, tuple[str, datetime | None]] = {digest(KEY): ("key_1", None)}
        self.cookies = {digest(COOKIE): ("login-7", datetime.fromtimestamp(9_000, UTC))}
        self.asked: list[str] = []
        self.problem: SluiceError | None = None
        self.meanwhile: Callable[[], None] | None = None

    async def user(self, id: str) -> Account | None:
        return self._after("user", self.users.get(id))

    async def key(self, hash: str, now: datetime) -> tuple[Account, str, datetime | None] | None:
        found = self.keys.get(hash)
        return self._after("key", found and (self.users["ann"], *found))

    async def cookie(self, hash: str, now: datetime) -> tuple[Account, str, datetime] | None:
        found = self.cookies.get(hash)
        return self._after("cookie", found and (self.users["ann"], *found))

    async def external(
        self, issuer: str, subject: str, username: str, email: str | None, now: datetime
    ) -> Account:
        return self._after(f"{issuer} {subject} {username} {email}", self.users["ann"])

    async def revoked_since(self, at: datetime) -> Sequence[tuple[Subject, str, datetime]]:
        return []

    def _after(self, what: str, found: T) -> T:
        """What was read, before what happens meanwhile."""
        self.asked.append(what)
        if self.problem is not None:
            raise self.problem
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return found


class Elsewhere:
    """Another issuer, who knows one token."""

    problem: SluiceError | None = None
    expires = 2_000.0

    async def read(self, token: str, now: float) -> Outsider | None:
        if self.problem is not None:
            raise self.problem
        if token != OUTSIDE:
            return None
        return Outsider("https://issuer", "a-1", "ann", "ann@example.com", self.expires)


class World:
    """A doorman, and everything behind it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        numbers = count(1)
        self.store = Register()
        self.tokens = AccessTokens(SECRET)
        self.tickets = TicketBox(self.wall, lambda: f"ticket-{next(numbers)}")
        self.elsewhere = Elsewhere()
        revocations = Revocations()
        self.watchman = Watchman(self.store, revocations, self.wall)
        self.doorman = HouseDoorman(
            self.store, self.tokens, self.tickets, revocations, self.wall, self.elsewhere
        )

    def wall(self) -> float:
        return self.now

    def bearer(self, login: str = "login-1") -> Credentials:
        return Credentials(bearer=self.tokens.access("ann", login, self.now)[0])

    async def ask(self, given: Credentials) -> Principal | SluiceError:
        """What is said at once, else after looking it up, as a server asks."""
        found = self.doorman.known(given, STRANGER)
        return await self.doorman.identify(given, STRANGER) if found is None else found

    async def enter(self, given: Credentials) -> Admitted:
        found = await self.ask(given)
        assert isinstance(found, Admitted)
        return found


@pytest.fixture
def world() -> World:
    return World()


BY = {
    "token": lambda world: world.bearer(),
    "key": lambda _: Credentials(bearer=KEY),
    "cookie": lambda _: Credentials(cookie=COOKIE),
    "outside": lambda _: Credentials(bearer=OUTSIDE),
}
WAYS = pytest.mark.parametrize("way", BY)


@pytest.mark.parametrize(
    ("way", "login", "expires", "asked"),
    [
        ("token", "login-1", 1_900.0, ["user"]),
        ("key", "key_1", None, ["key"]),
        ("cookie", "login-7", 9_000.0, ["cookie"]),
        ("outside", None, 2_000.0, ["https://issuer a-1 ann ann@example.com"]),
    ],
)
async def test_each_credential_says_whose_it_is_and_the_rest_shows_by_the_request(
    world: World, way: str, login: str | None, expires: float | None, asked: list[str]
) -> None:
    given = BY[way](world)
    assert world.doorman.known(given, STRANGER) is None
    who = await world.enter(given)
    assert msgspec.structs.asdict(who) == msgspec.structs.asdict(STRANGER) | {
        "id": "ann",
        "name": "Ann",
        "admin": True,
        "login": login,
        "expires": expires,
        "max_runs": 3,
        "daily_tokens": 500,
        "since": 0,
    }
    assert world.doorman.known(given, STRANGER) == who
    assert world.store.asked == asked


@WAYS
async def test_what_was_looked_up_is_believed_for_a_few_seconds(world: World, way: str) -> None:
    given = BY[way](world)
    await world.enter(given)
    asked = list(world.store.asked)
    world.now += BELIEVED - 0.1
    assert isinstance(world.doorman.known(given, STRANGER), Admitted)
    world.now += 0.1
    assert world.doorman.known(given, STRANGER) is None
    await world.enter(given)
    assert world.store.asked == asked * 2


async def test_who_brings_nothing_is_a_stranger(world: World) -> None:
    assert await world.ask(Credentials()) is STRANGER


async def test_a_bearer_goes_before_a_ticket_and_a_ticket_before_a_cookie(world: World) -> None:
    ticket = world.tickets.issue(await world.enter(world.bearer("login-9")))
    all_three = Credentials(bearer=KEY, ticket=ticket, cookie=COOKIE)
    assert (await world.enter(all_three)).login == "key_1"
    assert (await world.enter(Credentials(ticket=ticket, cookie=COOKIE))).login == "login-9"
    assert (await world.enter(Credentials(cookie=COOKIE))).login == "login-7"


@pytest.mark.parametrize(
    "given",
    [
        Credentials(bearer=""),
        Credentials(bearer="nonsense"),
        Credentials(bearer="a.b.c"),
        Credentials(bearer="sk-sluice-unknown"),
        Credentials(bearer=COOKIE),
        Credentials(bearer="\ud800.b.c"),
        Credentials(bearer="k" * 10_000),
        Credentials(bearer=AccessTokens(b"x" * 32).access("ann", "login-1", 1_000.0)[0]),
        Credentials(bearer=AccessTokens(SECRET).access("nobody", "login-1", 1_000.0)[0]),
        Credentials(bearer=AccessTokens(SECRET).access("ann", "login-1", 90.0)[0]),
        Credentials(cookie="unknown"),
        Credentials(cookie=KEY),
        Credentials(ticket="unknown"),
        Credentials(ticket=""),
        Credentials(ticket="unknown", run="run-1"),
    ],
)
async def test_a_bad_credential_is_refused_whatever_is_known_of_good_ones(
    world: World, given: Credentials
) -> None:
    for way in BY.values():
        await world.enter(way(world))
    assert type(await world.ask(given)) is Unauthorized


@pytest.mark.parametrize("secret", [KEY, AccessTokens(SECRET).access("ann", "l", 1_000.0)[0]])
async def test_a_key_or_token_in_an_address_is_refused_with_a_word_of_what_to_do(
    world: World, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = await world.ask(Credentials(ticket=secret))
    assert isinstance(found, Unauthorized)
    assert "ask for a ticket" in found.message
    assert secret not in found.message + caplog.text


@WAYS
async def test_nobody_who_is_disabled_or_deleted_is_let_in(world: World, way: str) -> None:
    given = BY[way](world)
    ann = world.store.users["ann"]
    world.store.users["ann"] = msgspec.structs.replace(ann, disabled=True)
    assert type(await world.ask(given)) is Unauthorized
    world.store.users["ann"] = ann
    world.now += BELIEVED
    await world.enter(given)
    world.store.users["ann"] = msgspec.structs.replace(ann, disabled=True)
    world.watchman.revoked("user", "ann")
    assert type(await world.ask(given)) is Unauthorized


@pytest.mark.parametrize(
    ("way", "kind", "id"),
    [
        ("token", "login", "login-1"),
        ("token", "user", "ann"),
        ("key", "key", "key_1"),
        ("cookie", "login", "login-7"),
    ],
)
async def test_what_is_revoked_is_refused_at_once(
    world: World, way: str, kind: Subject, id: str
) -> None:
    given = BY[way](world)
    await world.enter(given)
    world.store.keys.clear()
    world.store.cookies.clear()
    world.watchman.revoked(kind, id)
    assert type(await world.ask(given)) is Unauthorized


async def test_a_user_who_was_revoked_may_come_back_with_a_token_that_is_newer(
    world: World,
) -> None:
    old = world.bearer()
    world.now += 1
    world.watchman.revoked("user", "ann")
    world.now += 0.001
    new = world.bearer("login-2")
    assert type(await world.ask(old)) is Unauthorized
    assert (await world.enter(new)).since == 1
    await world.enter(Credentials(bearer=KEY))


async def test_what_is_revoked_while_it_is_looked_up_is_looked_up_again(world: World) -> None:
    def revoke() -> None:
        world.store.keys.clear()
        world.watchman.revoked("key", "key_1")

    world.store.meanwhile = revoke
    assert type(await world.ask(Credentials(bearer=KEY))) is Unauthorized
    assert world.store.asked == ["key", "key"]


async def test_an_account_that_has_changed_is_looked_at_again(world: World) -> None:
    await world.enter(Credentials(bearer=KEY))
    ann = world.store.users["ann"]
    world.store.users["ann"] = msgspec.structs.replace(ann, username="Anna", role="user")
    assert (await world.enter(Credentials(bearer=KEY))).name == "Ann"
    world.doorman.forget("ann")
    who = await world.enter(Credentials(bearer=KEY))
    assert (who.name, who.admin, world.store.asked) == ("Anna", False, ["key", "user"])


async def test_a_key_that_expires_is_refused_from_then_on(world: World) -> None:
    world.store.keys[digest(KEY)] = ("key_1", datetime.fromtimestamp(1_003, UTC))
    given = Credentials(bearer=KEY)
    assert (await world.enter(given)).expires == 1_003.0
    world.now += 3
    assert type(await world.ask(given)) is Unauthorized


async def test_a_ticket_lets_its_owner_in_once_and_back_to_the_run_it_began(world: World) -> None:
    owner = await world.enter(world.bearer())
    ticket = world.tickets.issue(owner)
    first, again = Credentials(ticket=ticket), Credentials(ticket=ticket, run="run-1")
    assert world.doorman.known(first, STRANGER) == owner
    assert type(await world.ask(first)) is Unauthorized
    assert type(await world.ask(again)) is Unauthorized
    world.doorman.began(first, "run-1")
    assert await world.enter(again) == owner
    other_run = Credentials(ticket=ticket, run="run-2")
    assert type(await world.ask(other_run)) is Unauthorized
    world.watchman.revoked("login", "login-1")
    assert type(await world.ask(again)) is Unauthorized


async def test_a_fresh_ticket_resumes_a_run_as_well(world: World) -> None:
    owner = await world.enter(world.bearer())
    given = Credentials(ticket=world.tickets.issue(owner), run="run-1")
    assert await world.enter(given) == owner


@pytest.mark.parametrize(("kind", "id"), [("login", "login-1"), ("user", "ann")])
async def test_a_ticket_is_no_better_than_what_let_its_owner_in(
    world: World, kind: Subject, id: str
) -> None:
    ticket = world.tickets.issue(await world.enter(world.bearer()))
    world.watchman.revoked(kind, id)
    assert type(await world.ask(Credentials(ticket=ticket))) is Unauthorized


async def test_only_a_ticket_is_noted_with_the_run_it_began(world: World) -> None:
    ticket = world.tickets.issue(await world.enter(world.bearer()))
    await world.enter(Credentials(ticket=ticket))
    world.doorman.began(Credentials(bearer=KEY, ticket=ticket), "run-1")
    assert world.tickets.resume(ticket, "run-1") is None


async def test_many_requests_at_once_look_up_once(world: World) -> None:
    given = [Credentials(bearer=KEY)] * 200 + [world.bearer()] * 200
    found = await asyncio.gather(*(world.doorman.identify(one, STRANGER) for one in given))
    assert {type(one) for one in found} == {Admitted}
    assert world.store.asked == ["key", "user"]


async def test_unknown_secrets_are_not_remembered(world: World) -> None:
    for _ in range(3):
        assert type(await world.ask(Credentials(bearer="sk-sluice-unknown"))) is Unauthorized
    assert world.store.asked == ["key"] * 3


@WAYS
async def test_where_the_store_is_out_of_reach_nobody_is_called_a_liar(
    world: World, way: str
) -> None:
    world.store.problem = StoreUnavailable()
    assert type(await world.ask(BY[way](world))) is StoreUnavailable
    world.store.problem = None
    await world.enter(BY[way](world))


async def test_another_issuer_may_let_somebody_in_for_ever(world: World) -> None:
    world.elsewhere.expires = 1e18
    assert (await world.enter(Credentials(bearer=OUTSIDE))).expires == 1e18


async def test_where_another_issuer_is_out_of_reach_so_it_is_said(world: World) -> None:
    world.elsewhere.problem = Overloaded("The issuer of this token cannot be reached.")
    assert type(await world.ask(Credentials(bearer=OUTSIDE))) is Overloaded


async def test_a_foreign_token_is_refused_where_no_other_issuer_is_known(world: World) -> None:
    alone = HouseDoorman(world.store, world.tokens, world.tickets, Revocations(), world.wall)
    assert type(alone.known(Credentials(bearer=OUTSIDE), STRANGER)) is Unauthorized
