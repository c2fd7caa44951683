"""What the stores of accounts promise, asked of each database."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from sluice.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from sluice.services.accounts.books import Change, Entry, Invitation, Key, Login, NewUser
from sluice.services.accounts.ports import Account
from sluice.stores.sql.accounts.invitations import SqlInvitations
from sluice.stores.sql.accounts.keys import SqlKeys
from sluice.stores.sql.accounts.logins import SqlLogins
from sluice.stores.sql.accounts.passwords import SqlPasswords
from sluice.stores.sql.accounts.tidying import tidy
from sluice.stores.sql.accounts.trail import SqlTrail
from sluice.stores.sql.accounts.users import SqlUsers
from sluice.stores.sql.database import Database
from sluice.stores.sql.identities import SqlIdentities
from sluice.stores.sql.schema import logins, metadata, users

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MONTH = timedelta(days=30)


class Books:
    """Every store of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.users = SqlUsers(database)
        self.passwords = SqlPasswords(database)
        self.logins = SqlLogins(database)
        self.keys = SqlKeys(database)
        self.invitations = SqlInvitations(database)
        self.trail = SqlTrail(database)
        self.made = 0
        self.identities = SqlIdentities(database, self.new_id)

    def new_id(self) -> str:
        self.made += 1
        return f"external-{self.made}"

    async def revoked(self, since: datetime = NOW - DAY) -> list[tuple[str, str]]:
        return [(kind, id) for kind, id, _ in await self.identities.revoked_since(since)]

    async def join(self, name: str, **given: object) -> Account:
        user = NewUser(f"u-{name}", name, f"{name}@example.com", f"hash of {name}", NOW)
        fields = {name: getattr(user, name) for name in user.__struct_fields__}
        return await self.users.add(NewUser(**{**fields, **given}), None)

    async def sign_in(
        self, user: str, id: str, at: datetime = NOW, *, most: int = 10, cookie: str | None = None
    ) -> list[str]:
        kind = "bearer" if cookie is None else "cookie"
        login = Login(id, kind, at, at, at + MONTH, "192.0.2.1", "curl")
        refresh = f"r-{id}" if cookie is None else None
        ended = await self.logins.open(user, login, cookie=cookie, refresh=refresh, most=most)
        return list(ended)


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database)


async def test_a_user_is_found_by_name_address_and_id(books: Books):
    added = await books.join("Ada")
    assert added == Account("u-Ada", "Ada", "Ada@example.com", "user", False, NOW)
    for name in ("Ada", "ADA", "ada@EXAMPLE.com", "Ａda"):
        found = await books.passwords.find(name)
        assert found is not None
        assert (found.account, found.hash) == (added, "hash of Ada")
    assert await books.passwords.find("u-Ada") is None
    assert await books.users.find("u-Ada") == added
    assert await books.users.find("Ada") is None


@pytest.mark.parametrize(
    ("name", "email", "field"),
    [
        ("ADA", "other@example.com", "username"),
        ("Ａｄａ", "other@example.com", "username"),
        ("other", "ADA@example.com", "email"),
    ],
)
async def test_what_looks_the_same_is_taken(books: Books, name: str, email: str, field: str):
    await books.join("Ada")
    with pytest.raises(Conflict) as refused:
        await books.join("x", username=name, email=email)
    assert refused.value.field == field


async def test_of_many_who_want_a_name_at_once_one_gets_it(books: Books):
    wanted = [books.join("Ada", id=f"u-{n}", email=f"{n}@example.com") for n in range(8)]
    outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    assert sum(isinstance(one, Account) for one in outcomes) == 1
    assert sum(isinstance(one, Conflict) for one in outcomes) == 7


async def test_of_many_who_are_first_one_is_the_administrator(books: Books):
    wanted = [books.join(f"n{n}", first_admin=True) for n in range(8)]
    roles = [one.role for one in await asyncio.gather(*wanted)]
    assert sorted(roles) == ["admin", *["user"] * 7]


async def test_an_invitation_is_used_once(books: Books):
    invitation = Invitation("i", None, None, NOW - DAY, NOW + DAY)
    await books.invitations.add(invitation, "digest")
    assert await books.invitations.holds("digest", "x@example.com", NOW)
    users = [NewUser(f"u{n}", f"n{n}", f"{n}@x.org", "h", NOW) for n in range(4)]
    adding = [books.users.add(user, "digest") for user in users]
    outcomes = await asyncio.gather(*adding, return_exceptions=True)
    assert sum(isinstance(one, Account) for one in outcomes) == 1
    assert sum(isinstance(one, Forbidden) for one in outcomes) == 3
    assert not await books.invitations.holds("digest", "x@example.com", NOW)
    (kept,) = await books.invitations.list(10)
    assert kept.used_at == NOW
    assert kept.used_by in {user.id for user in users}


@pytest.mark.parametrize(
    ("email", "at", "holds"),
    [
        ("Guest@example.com", NOW, True),
        ("guest@EXAMPLE.com", NOW, True),
        ("other@example.com", NOW, False),
        ("guest@example.com", NOW + 2 * DAY, False),
    ],
)
async def test_an_invitation_is_for_its_address_and_its_time(
    books: Books, email: str, at: datetime, holds: bool
):
    invitation = Invitation("i", "guest@example.com", None, NOW, NOW + DAY)
    await books.invitations.add(invitation, "digest")
    assert await books.invitations.holds("digest", email, at) is holds
    if holds:
        await books.users.add(NewUser("u", "n", email, "h", at), "digest")
    else:
        with pytest.raises(Forbidden):
            await books.users.add(NewUser("u", "n", email, "h", at), "digest")
        assert await books.users.find("u") is None
    assert await books.invitations.remove("i")
    assert not await books.invitations.remove("i")


async def test_a_profile_changes_but_not_into_somebody_elses(books: Books):
    await books.join("Ada")
    await books.join("Bob")
    found, revoked = await books.users.change("u-Ada", Change(username="ada", email="a@b.org"), NOW)
    assert (found.username, found.email, revoked) == ("ada", "a@b.org", False)
    with pytest.raises(Conflict):
        await books.users.change("u-Ada", Change(username="BOB"), NOW)
    with pytest.raises(Conflict):
        await books.users.change("u-Ada", Change(email="BOB@example.com"), NOW)
    with pytest.raises(NotFound):
        await books.users.change("nobody", Change(username="x"), NOW)
    same, _ = await books.users.change("u-Ada", Change(), NOW)
    assert same == found
    assert await books.revoked() == []


async def test_limits_are_set_and_given_back_to_the_setting(books: Books):
    await books.join("Ada")
    found, _ = await books.users.change("u-Ada", Change(max_runs=3, daily_tokens=1 << 40), NOW)
    assert (found.max_runs, found.daily_tokens) == (3, 1 << 40)
    found, _ = await books.users.change("u-Ada", Change(max_runs=None), NOW)
    assert (found.max_runs, found.daily_tokens) == (None, 1 << 40)


async def test_a_disabled_user_is_signed_out_and_stays_out(books: Books):
    await books.join("Ada")
    await books.sign_in("u-Ada", "l1")
    await books.sign_in("u-Ada", "l2", cookie="c")
    await books.keys.add("u-Ada", Key("k", "n", "h", NOW, None, None), "kh", 50)
    found, revoked = await books.users.change("u-Ada", Change(disabled=True), NOW)
    assert (found.disabled, revoked) == (True, True)
    assert sorted(await books.revoked()) == [("login", "l1"), ("login", "l2"), ("user", "u-Ada")]
    assert await books.identities.cookie("c", NOW) is None
    assert await books.identities.key("kh", NOW) is None
    assert (await books.logins.rotate("r-l1", "x", NOW, NOW + MONTH)).login is None
    with pytest.raises(Unauthorized):
        await books.sign_in("u-Ada", "l3")
    await books.users.change("u-Ada", Change(disabled=False), NOW)
    assert await books.identities.cookie("c", NOW) is None
    assert await books.identities.key("kh", NOW) is not None
    await books.sign_in("u-Ada", "l3")


async def test_another_role_is_a_revocation(books: Books):
    await books.join("Ada", role="admin")
    await books.join("Bob")
    found, revoked = await books.users.change("u-Bob", Change(role="admin"), NOW)
    assert (found.role, revoked) == ("admin", True)
    _, again = await books.users.change("u-Bob", Change(role="admin"), NOW)
    assert again is False
    assert await books.revoked() == [("user", "u-Bob")]


@pytest.mark.parametrize("change", [Change(role="user"), Change(disabled=True)])
async def test_the_last_administrator_stays(books: Books, change: Change):
    await books.join("Ada", role="admin")
    await books.join("Bob", role="admin")
    demoting = [books.users.change(f"u-{name}", change, NOW) for name in ("Ada", "Bob")]
    outcomes = await asyncio.gather(*demoting, return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in outcomes) == 1
    (left,) = [
        one
        for one in await books.users.page("", 10, "")
        if one.role == "admin" and not one.disabled
    ]
    with pytest.raises(Conflict):
        await books.users.remove(left.id, NOW, spare_last_admin=True)
    assert await books.users.remove(left.id, NOW, spare_last_admin=False)


async def test_a_user_goes_with_everything(books: Books):
    await books.join("Ada")
    await books.sign_in("u-Ada", "l")
    await books.keys.add("u-Ada", Key("k", "n", "h", NOW, None, None), "kh", 50)
    assert await books.users.remove("u-Ada", NOW, spare_last_admin=True)
    assert not await books.users.remove("u-Ada", NOW, spare_last_admin=True)
    assert await books.revoked() == [("user", "u-Ada")]
    owned = [table for table in metadata.sorted_tables if "user_id" in table.c]
    for table in [users, *owned]:
        count = select(func.count()).select_from(table)
        assert await books.database.read(lambda c, count=count: c.execute(count).scalar()) == 0


async def test_users_are_paged_by_name_and_searched(books: Books):
    for name in ("eve", "Bob", "ada", "Dan", "c_d"):
        await books.join(name)

    async def names(q: str, limit: int, after: str) -> list[str]:
        return [one.username for one in await books.users.page(q, limit, after)]

    assert await names("", 2, "") == ["ada", "Bob"]
    assert await names("", 9, "bob") == ["c_d", "Dan", "eve"]
    assert await names("AN", 9, "") == ["Dan"]
    assert await names("_", 9, "") == ["c_d"]
    assert await names("%", 9, "") == []
    assert await names("eve@", 9, "") == ["eve"]


async def test_the_oldest_logins_make_room(books: Books):
    await books.join("Ada")
    for n in range(3):
        assert await books.sign_in("u-Ada", f"l{n}", NOW + n * MINUTE, most=3) == []
    assert await books.sign_in("u-Ada", "l3", NOW + 3 * MINUTE, most=3) == ["l0"]
    left = await books.logins.list("u-Ada", NOW + 3 * MINUTE)
    assert [one.id for one in left] == ["l3", "l2", "l1"]
    assert await books.revoked() == [("login", "l0")]
    assert left[0].agent == "curl"
    assert await books.logins.list("u-Ada", NOW + 2 * MONTH) == []


async def test_a_login_is_ended_by_its_owner_once(books: Books):
    await books.join("Ada")
    await books.join("Bob")
    await books.sign_in("u-Ada", "l")
    assert not await books.logins.end("u-Bob", "l", NOW)
    assert await books.logins.end("u-Ada", "l", NOW)
    assert not await books.logins.end("u-Ada", "l", NOW)
    assert await books.revoked() == [("login", "l")]


async def test_a_refresh_token_rotates_and_prolongs(books: Books):
    await books.join("Ada")
    await books.sign_in("u-Ada", "l")
    later = NOW + DAY
    first = await books.logins.rotate("r-l", "r2", later, later + MONTH)
    assert (first.user, first.login, first.ended) == ("u-Ada", "l", None)
    (login,) = await books.logins.list("u-Ada", later)
    assert (login.seen_at, login.expires_at) == (later, later + MONTH)
    second = await books.logins.rotate("r2", "r3", later, later + MONTH)
    assert second.login == "l"


async def test_a_refresh_token_used_twice_ends_the_login(books: Books):
    await books.join("Ada")
    await books.sign_in("u-Ada", "l")
    await books.logins.rotate("r-l", "r2", NOW, NOW + MONTH)
    reused = await books.logins.rotate("r-l", "thief", NOW, NOW + MONTH)
    assert (reused.login, reused.ended) == (None, "l")
    assert (await books.logins.rotate("r2", "r3", NOW, NOW + MONTH)).login is None
    assert await books.revoked() == [("login", "l")]


async def test_of_many_who_refresh_at_once_at_most_one_succeeds(books: Books):
    await books.join("Ada")
    await books.sign_in("u-Ada", "l")
    asking = [books.logins.rotate("r-l", f"x{n}", NOW, NOW + MONTH) for n in range(6)]
    found = await asyncio.gather(*asking)
    assert sum(one.login is not None for one in found) == 1
    assert await books.logins.list("u-Ada", NOW) == []


async def test_an_expired_or_unknown_refresh_token_says_nothing(books: Books):
    await books.join("Ada")
    await books.sign_in("u-Ada", "l")
    for token, at in (("unknown", NOW), ("r-l", NOW + MONTH)):
        found = await books.logins.rotate(token, "x", at, at + MONTH)
        assert (found.user, found.login, found.ended) == (None, None, None)


async def test_another_password_ends_the_other_logins(books: Books):
    await books.join("Ada")
    for id in ("here", "there", "elsewhere"):
        await books.sign_in("u-Ada", id)
    ended = await books.passwords.replace("u-Ada", "new", "here", NOW)
    assert sorted(ended) == ["elsewhere", "there"]
    assert [one.id for one in await books.logins.list("u-Ada", NOW)] == ["here"]
    found = await books.passwords.of("u-Ada")
    assert found is not None
    assert found.hash == "new"


async def test_a_rehash_does_not_undo_a_new_password(books: Books):
    await books.join("Ada")
    await books.passwords.rehash("u-Ada", "hash of Ada", "same, better")
    await books.passwords.rehash("u-Ada", "hash of Ada", "too late")
    found = await books.passwords.of("u-Ada")
    assert found is not None
    assert found.hash == "same, better"


async def test_keys_are_listed_bounded_and_revoked(books: Books):
    await books.join("Ada")
    await books.join("Bob")
    for n in range(2):
        key = Key(f"k{n}", f"key {n}", "sk-…", NOW + n * MINUTE, None, NOW + DAY if n else None)
        await books.keys.add("u-Ada", key, f"h{n}", 2)
    with pytest.raises(Conflict):
        await books.keys.add("u-Ada", Key("k", "n", "h", NOW, None, None), "h", 2)
    assert [one.id for one in await books.keys.list("u-Ada", NOW)] == ["k1", "k0"]
    assert [one.id for one in await books.keys.list("u-Ada", NOW + DAY)] == ["k0"]
    assert not await books.keys.revoke("u-Bob", "k0", NOW)
    assert await books.keys.revoke("u-Ada", "k0", NOW)
    assert not await books.keys.revoke("u-Ada", "k0", NOW)
    assert await books.identities.key("h0", NOW) is None
    assert await books.revoked() == [("key", "k0")]
    with pytest.raises(Unauthorized):
        await books.keys.add("nobody", Key("k", "n", "h", NOW, None, None), "h", 2)


async def test_a_key_tells_whose_it_is_and_that_it_was_seen(books: Books):
    ada = await books.join("Ada")
    await books.keys.add("u-Ada", Key("k", "n", "h", NOW, None, NOW + DAY), "kh", 50)
    seen = [NOW, NOW + MINUTE / 2, NOW + MINUTE]
    marked = [NOW, NOW, NOW + MINUTE]
    for at, mark in zip(seen, marked, strict=True):
        assert await books.identities.key("kh", at) == (ada, "k", NOW + DAY)
        (key,) = await books.keys.list("u-Ada", at)
        assert key.seen_at == mark
    assert await books.identities.key("kh", NOW + DAY) is None
    assert await books.identities.key("other", NOW) is None


async def test_a_cookie_lives_by_being_used(books: Books):
    ada = await books.join("Ada")
    await books.sign_in("u-Ada", "l", cookie="c")
    assert await books.identities.cookie("c", NOW) == (ada, "l", NOW + MONTH)
    later = NOW + 20 * DAY
    assert await books.identities.cookie("c", later) == (ada, "l", later + MONTH)
    assert await books.identities.cookie("c", NOW + 40 * DAY) is not None
    assert await books.identities.cookie("c", NOW + 80 * DAY) is None
    assert await books.identities.cookie("other", NOW) is None


async def test_somebody_from_elsewhere_is_made_once(books: Books):
    asking = [
        books.identities.external("https://issuer", "s1", "eve", "eve@x.org", NOW) for _ in range(3)
    ]
    found = await asyncio.gather(*asking)
    assert len({one.id for one in found}) == 1
    assert (found[0].username, found[0].email, found[0].role) == ("eve", "eve@x.org", "user")
    assert await books.identities.user(found[0].id) == found[0]
    credential = await books.passwords.of(found[0].id)
    assert credential is not None
    assert credential.hash is None


async def test_somebody_from_elsewhere_never_becomes_somebody_from_here(books: Books):
    await books.join("eve")
    found = await books.identities.external("https://i", "s", "Eve", "EVE@example.com", NOW)
    other = await books.identities.external("https://i", "t", "eve@x.org", None, NOW)
    odd = await books.identities.external("https://i", "u", "o'dd né 💥", "no address", NOW)
    assert (found.username, found.email) == ("Eve-2", None)
    assert (other.username, other.email) == ("eve-3", None)
    assert (odd.username, odd.email) == ("o-dd-né", None)


@pytest.mark.parametrize(("issuer", "subject"), [("", "s"), ("i", "s" * 256), ("i", "a\0b")])
async def test_an_issuers_words_that_cannot_be_kept_let_nobody_in(
    books: Books, issuer: str, subject: str
):
    with pytest.raises(Unauthorized):
        await books.identities.external(issuer, subject, "eve", None, NOW)


async def test_the_audit_is_read_backwards(books: Books):
    for n in range(5):
        at = NOW + n * MINUTE
        await books.trail.add(Entry(at, None, f"a{n}", "-", "192.0.2.1", "ok"))
    first = await books.trail.page(2, None)
    then = await books.trail.page(9, first[-1].seq)
    assert [one.action for one in [*first, *then]] == ["a4", "a3", "a2", "a1", "a0"]


async def test_what_is_past_its_time_goes(books: Books):
    await books.join("Ada")
    await books.sign_in("u-Ada", "old")
    await books.logins.end("u-Ada", "old", NOW)
    await books.sign_in("u-Ada", "new", NOW + 20 * DAY)
    await books.trail.add(Entry(NOW, None, "a", "-", "", "ok"))
    await tidy(books.database, NOW + 31 * DAY)
    kept = await books.database.read(lambda c: c.execute(select(logins.c.id)).scalars().all())
    assert kept == ["new"]
    assert await books.revoked() == []
    assert len(await books.trail.page(9, None)) == 1
    await tidy(books.database, NOW + 401 * DAY)
    assert await books.trail.page(9, None) == []
