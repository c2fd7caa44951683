"""Accounts, over a real database: registering, signing in, and what ends a login."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from sluice.adapters.addresses import email_address
from sluice.adapters.argon2 import Argon2
from sluice.core.commands import Principal
from sluice.core.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    Overloaded,
    RateLimited,
    SluiceError,
    Unauthorized,
)
from sluice.services.accounts.books import Change
from sluice.services.accounts.keys import MOST
from sluice.services.accounts.names import adapted, fold, username
from sluice.services.accounts.ports import LOGIN_LIFE, digest
from sluice.services.accounts.proof import Proof
from sluice.stores.sql.schema import api_keys
from tests.services.people import CHEAP, HOME, PASSWORD, People, living

ELSEWHERE = Principal(address="198.51.100.7")


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with living(tmp_path) as found:
        yield found


@pytest.mark.parametrize("name", ["a", "Ada", "ada.l-2_x", "Ünal", "नमस्ते", "李雷", "x" * 64])
def test_a_name_is_letters_and_digits_of_any_script(name: str):
    assert username(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a@b", "a/b", "a\0", "a\u202eb", "🙂", "...", "x" * 65, "ﷺ" * 8]
)
def test_other_names_are_refused(name: str):
    with pytest.raises(InvalidRequest) as refused:
        username(name)
    assert refused.value.field == "username"


@pytest.mark.parametrize(
    ("one", "other"), [("Ada", "ADA"), ("ﬁn", "fin"), ("Straße", "STRASSE"), ("é", "e\u0301")]
)
def test_names_that_look_alike_are_the_same(one: str, other: str):
    assert fold(one) == fold(other)
    assert fold(fold(one)) == fold(one)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("eve", "eve-2"),
        ("eve@example.com", "eve-2"),
        ("Eve Smith", "Eve-Smith-2"),
        ("", "user-2"),
        ("💥", "user-2"),
        ("x" * 99, "x" * 62 + "-2"),
    ],
)
def test_a_name_from_elsewhere_is_made_to_fit(given: str, name: str):
    assert adapted(given, "-2") == name
    assert username(adapted(given, "-2")) == name


@pytest.mark.parametrize(
    "email",
    [
        "a@example.com",
        "test@example.com",
        "x@localhost.test",
        "me@localhost",
        "ü@exämple.org",
        "a@office.local",
    ],
)
def test_an_address_is_judged_by_its_form(email: str):
    assert email_address(email)


@pytest.mark.parametrize(
    "email", ["", "a", "@example.com", "a@", "a b@example.com", "a@b@c.org", "a@b.", "a@x\0"]
)
def test_what_is_no_address_is_refused(email: str):
    with pytest.raises(InvalidRequest) as refused:
        email_address(email)
    assert refused.value.field == "email"


async def test_the_first_to_register_is_administrator_where_the_operator_says_so(people: People):
    assert (await people.join("ada")).role == "admin"
    assert (await people.join("bob")).role == "user"


async def test_nobody_is_administrator_unless_the_operator_says_so(people: People):
    people.first_admin = False
    assert (await people.join("ada")).role == "user"


@pytest.mark.parametrize(
    ("name", "email", "password", "field"),
    [
        ("a b", "a@example.com", PASSWORD, "username"),
        ("ada", "nowhere", PASSWORD, "email"),
        ("ada", "a@example.com", "short", "password"),
        ("ada", "a@example.com", "x" * 1025, "password"),
    ],
)
async def test_a_registration_that_makes_no_sense_names_the_field(
    people: People, name: str, email: str, password: str, field: str
):
    with pytest.raises(InvalidRequest) as refused:
        await people.registration.register(name, email, password, None, HOME)
    assert refused.value.field == field


async def test_registration_can_be_closed(people: People):
    people.admission = "closed"
    with pytest.raises(Forbidden):
        await people.join("ada")


async def test_registration_can_take_an_invitation(people: People):
    await people.join("ada")
    admin = await people.signed_in("ada")
    people.admission = "invite"
    _, secret = await people.inviting.invite("bob@example.com", 7, admin)
    for refused in (None, "made up"):
        with pytest.raises(Forbidden):
            await people.registration.register("bob", "bob@example.com", PASSWORD, refused, HOME)
    await people.registration.register("bob", "Bob@example.com", PASSWORD, secret, HOME)
    with pytest.raises(Forbidden):
        await people.registration.register("eve", "bob@example.com", PASSWORD, secret, HOME)


async def test_a_taken_name_does_not_use_up_the_invitation(people: People):
    await people.join("ada")
    admin = await people.signed_in("ada")
    people.admission = "invite"
    _, secret = await people.inviting.invite(None, 7, admin)
    with pytest.raises(Conflict):
        await people.registration.register("ADA", "x@example.com", PASSWORD, secret, HOME)
    assert await people.registration.register("bob", "x@example.com", PASSWORD, secret, HOME)


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@example.com"])
async def test_one_signs_in_by_name_or_address(people: People, name: str):
    ada = await people.join("ada")
    grant = await people.signing.bearer(name, PASSWORD, HOME, "curl/8")
    proof = people.tokens.read(grant.access_token, people.now)
    assert proof is not None
    assert grant.token_type == "bearer"
    assert grant.expires_in == 900
    (login,) = await people.signing.sessions(ada.id)
    assert (login.id, login.kind, login.address, login.agent) == (
        proof.login,
        "bearer",
        HOME.address,
        "curl/8",
    )
    assert await people.did() == [("register", "ok"), ("sign_in", "ok")]


async def test_the_same_password_from_another_keyboard(people: People):
    await people.registration.register("ada", "a@example.com", "pässwörd", None, HOME)
    assert await people.signing.bearer("ada", "pa\u0308sswo\u0308rd", HOME, "")


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", PASSWORD)])
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    people: People, name: str, password: str
):
    await people.join("ada")
    with pytest.raises(Unauthorized) as refused:
        await people.signing.bearer(name, password, HOME, "")
    assert refused.value.message == "The name or the password is wrong."
    assert await people.did() == [("register", "ok"), ("sign_in", "unauthorized")]


async def test_who_is_known_elsewhere_only_has_no_password(people: People):
    await people.identities.external("https://issuer", "s", "eve", None, people.instant)
    with pytest.raises(Unauthorized):
        await people.signing.bearer("eve", "", HOME, "")


async def test_an_unknown_name_costs_a_hash_as_well(people: People):
    tried: list[str | None] = []

    class Noting(Argon2):
        async def verify(self, hash: str | None, password: str) -> bool:
            tried.append(hash)
            return await super().verify(hash, password)

    hasher = Noting(CHEAP)
    proof = Proof(people.passwords, hasher, people.guesses, people.audit)
    with pytest.raises(Unauthorized):
        await proof.by_name("nobody", PASSWORD, HOME)
    hasher.close()
    assert tried == [None]


async def test_a_disabled_user_is_told_so_only_with_the_right_password(people: People):
    ada = await people.join("ada")
    await people.join("bob")
    bob = await people.passwords.find("bob")
    assert bob is not None
    await people.users.change(bob.account.id, Change(disabled=True), people.instant)
    with pytest.raises(Unauthorized):
        await people.signing.bearer("bob", "wrong", HOME, "")
    with pytest.raises(Forbidden):
        await people.signing.bearer("bob", PASSWORD, HOME, "")
    assert ada.role == "admin"


async def fail(people: People, name: str, times: int, who: Principal = HOME) -> list[str]:
    found: list[str] = []
    for _ in range(times):
        try:
            await people.signing.bearer(name, "wrong", who, "")
        except SluiceError as refused:
            found.append(refused.code)
    return found


async def test_ten_failures_lock_a_name_for_that_address_only(people: People):
    await people.join("ada")
    assert await fail(people, "ada", 12) == ["unauthorized"] * 10 + ["rate_limited"] * 2
    with pytest.raises(RateLimited) as refused:
        await people.signing.bearer("ADA", PASSWORD, HOME, "")
    assert refused.value.retry_after == 15 * 60
    assert await people.signing.bearer("ada", PASSWORD, ELSEWHERE, "")
    people.now += 15 * 60 + 1
    assert await people.signing.bearer("ada", PASSWORD, HOME, "")


async def test_fifty_failures_lock_an_address(people: People):
    await people.join("ada")
    for n in range(10):
        assert await fail(people, f"name{n}", 5) == ["unauthorized"] * 5
    assert await fail(people, "ada", 1) == ["rate_limited"]
    assert await fail(people, "ada", 1, ELSEWHERE) == ["unauthorized"]


async def test_a_success_forgives_the_failures_before_it(people: People):
    await people.join("ada")
    for _ in range(3):
        assert await fail(people, "ada", 9) == ["unauthorized"] * 9
        assert await people.signing.bearer("ada", PASSWORD, HOME, "")


async def test_successes_do_not_count(people: People):
    await people.join("ada")
    for _ in range(60):
        await people.signing.bearer("ada", PASSWORD, HOME, "")


async def test_an_ipv6_subscriber_is_one_address(people: People):
    for n in range(50):
        await fail(people, f"n{n}", 1, Principal(address=f"2001:db8::{n:x}"))
    assert await fail(people, "n", 1, Principal(address="2001:db8::ffff")) == ["rate_limited"]
    assert await fail(people, "n", 1, Principal(address="2001:db8:1::1")) == ["unauthorized"]


async def test_guesses_at_once_do_not_slip_through(people: People):
    await people.join("ada")
    await fail(people, "ada", 6)
    guesses = [fail(people, "ada", 1) for _ in range(8)]
    codes = sorted(code for (code,) in await asyncio.gather(*guesses))
    assert codes == ["rate_limited"] * 4 + ["unauthorized"] * 4


async def test_a_refresh_renews_the_same_login(people: People):
    ada = await people.join("ada")
    first = await people.signing.bearer("ada", PASSWORD, HOME, "")
    people.now += 3600
    second = await people.signing.refresh(first.refresh_token, HOME)
    assert second.refresh_token != first.refresh_token
    one, two = (
        people.tokens.read(token, at)
        for token, at in (
            (first.access_token, people.now - 3600),
            (second.access_token, people.now),
        )
    )
    assert one is not None
    assert two is not None
    assert one.login == two.login
    (login,) = await people.signing.sessions(ada.id)
    assert login.expires_at == people.instant + LOGIN_LIFE


async def test_a_refresh_token_used_twice_ends_the_login_at_once(people: People):
    ada = await people.join("ada")
    first = await people.signing.bearer("ada", PASSWORD, HOME, "")
    (login,) = await people.signing.sessions(ada.id)
    second = await people.signing.refresh(first.refresh_token, HOME)
    for token in (first.refresh_token, second.refresh_token, "made up"):
        with pytest.raises(Unauthorized):
            await people.signing.refresh(token, HOME)
    assert people.revoked == [("login", login.id)]
    assert (await people.did())[-1] == ("refresh", "unauthorized")


async def test_signing_out_ends_this_login_and_no_other(people: People):
    ada = await people.join("ada")
    here, there = await people.signed_in("ada"), await people.signed_in("ada")
    await people.signing.leave(ada.id, here)
    await people.signing.leave(ada.id, here)
    assert people.revoked == [("login", here.login)]
    assert [one.id for one in await people.signing.sessions(ada.id)] == [there.login]


async def test_a_session_is_ended_by_its_owner_only(people: People):
    ada, bob = await people.join("ada"), await people.join("bob")
    here = await people.signed_in("ada")
    assert here.login is not None
    with pytest.raises(NotFound):
        await people.signing.end(bob.id, here.login, await people.signed_in("bob"))
    await people.signing.end(ada.id, here.login, here)
    assert people.revoked == [("login", here.login)]


async def test_a_cookie_is_a_login_too(people: People):
    ada = await people.join("ada")
    account, secret = await people.signing.cookie("ada", PASSWORD, HOME, "Firefox\r\n")
    found = await people.identities.cookie(digest(secret), people.instant)
    assert found is not None
    assert (account, found[0]) == (ada, ada)
    (login,) = await people.signing.sessions(ada.id)
    assert (login.kind, login.agent) == ("cookie", "Firefox")


async def test_a_new_password_ends_all_other_logins_and_keeps_the_keys(people: People):
    ada = await people.join("ada")
    here, there = await people.signed_in("ada"), await people.signed_in("ada")
    await people.personal.make(ada.id, "script", None, here)
    with pytest.raises(Forbidden):
        await people.profile.change_password(ada.id, "wrong", "a new password", here)
    with pytest.raises(InvalidRequest):
        await people.profile.change_password(ada.id, PASSWORD, "short", here)
    await people.profile.change_password(ada.id, PASSWORD, "a new password", here)
    assert people.revoked == [("login", there.login)]
    assert [one.id for one in await people.signing.sessions(ada.id)] == [here.login]
    assert len(await people.personal.list(ada.id)) == 1
    assert await fail(people, "ada", 1) == ["unauthorized"]
    assert await people.signing.bearer("ada", "a new password", HOME, "")


async def test_a_thief_of_a_session_cannot_guess_the_password_for_ever(people: People):
    ada = await people.join("ada")
    here = await people.signed_in("ada")
    for _ in range(10):
        with pytest.raises(Forbidden):
            await people.profile.change_password(ada.id, "wrong", "a new password", here)
    with pytest.raises(RateLimited):
        await people.profile.change_password(ada.id, PASSWORD, "a new password", here)


async def test_whoever_leaves_leaves_nothing_running(people: People):
    ada = await people.join("ada")
    here = await people.signed_in("ada")
    with pytest.raises(Forbidden):
        await people.profile.leave(ada.id, here, "wrong")
    await people.profile.leave(ada.id, here)
    assert people.left == [ada.id]
    assert people.revoked == [("user", ada.id)]
    with pytest.raises(Unauthorized):
        await people.profile.show(ada.id)
    assert await people.join("ada")


async def test_a_key_is_shown_once_and_can_be_revoked(people: People):
    ada = await people.join("ada")
    here = await people.signed_in("ada")
    key, secret = await people.personal.make(ada.id, "script", 30, here)
    assert secret.startswith("sk-sluice-")
    assert secret.startswith(key.hint.removesuffix("…"))
    found = await people.identities.key(digest(secret), people.instant)
    assert found is not None
    assert found[:2] == (ada, key.id)
    await people.personal.revoke(ada.id, key.id, here)
    with pytest.raises(NotFound):
        await people.personal.revoke(ada.id, key.id, here)
    assert people.revoked == [("key", key.id)]
    assert await people.identities.key(digest(secret), people.instant) is None


async def test_an_id_of_a_key_fits_its_column(people: People):
    ada = await people.join("ada")
    key, _ = await people.personal.make(ada.id, "script", None, await people.signed_in("ada"))
    assert key.id.startswith("key_")
    assert len(key.id) == api_keys.c.id.type.length


async def test_a_key_makes_no_keys_and_deletes_no_account(people: People):
    ada = await people.join("ada")
    key, _ = await people.personal.make(ada.id, "script", None, await people.signed_in("ada"))
    by_key = Principal(id=ada.id, name="ada", login=key.id)
    with pytest.raises(Forbidden):
        await people.personal.make(ada.id, "another", None, by_key)
    with pytest.raises(Forbidden):
        await people.profile.leave(ada.id, by_key)
    await people.signing.leave(ada.id, by_key)
    assert len(await people.personal.list(ada.id)) == 1


async def test_there_are_so_many_keys_and_no_more(people: People):
    ada = await people.join("ada")
    here = await people.signed_in("ada")
    for n in range(MOST):
        await people.personal.make(ada.id, f"key {n}", None, here)
    with pytest.raises(Conflict):
        await people.personal.make(ada.id, "one more", None, here)


async def test_an_administrator_disables_and_enables(people: People):
    await people.join("ada")
    bob = await people.join("bob")
    admin, his = await people.signed_in("ada"), await people.signed_in("bob")
    with pytest.raises(Forbidden):
        await people.administration.change(bob.id, Change(role="admin"), his)
    await people.administration.change(bob.id, Change(disabled=True), admin)
    assert people.revoked == [("user", bob.id)]
    assert await people.signing.sessions(bob.id) == []
    await people.administration.change(bob.id, Change(disabled=False), admin)
    assert await people.signed_in("bob")
    with pytest.raises(Conflict):
        await people.administration.change(str(admin.id), Change(disabled=True), admin)


async def test_an_administrator_removes_a_user(people: People):
    await people.join("ada")
    bob = await people.join("bob")
    admin = await people.signed_in("ada")
    await people.administration.remove(bob.id, admin)
    assert people.left == [bob.id]
    with pytest.raises(NotFound):
        await people.administration.remove(bob.id, admin)
    with pytest.raises(Conflict):
        await people.administration.remove(str(admin.id), admin)
    assert (await people.did())[-1] == ("user_delete", "ok")


async def test_the_audit_holds_no_secret_and_no_unknown_name(
    people: People, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO", "sluice.audit")
    ada = await people.join("ada")
    here = await people.signed_in("ada")
    _, key = await people.personal.make(ada.id, "script", None, here)
    await fail(people, "hunter2", 1)
    lines = await people.trail.page(99, None)
    told = caplog.text + repr(lines)
    for secret in (PASSWORD, "wrong", "hunter2", key, digest(key), "$argon2"):
        assert secret not in told
    assert {one.address for one in lines} == {HOME.address}
    assert len(caplog.records) == len(lines)


async def test_a_hash_of_yesterdays_parameters_is_made_anew(people: People):
    ada = await people.join("ada")
    before = await people.passwords.of(ada.id)
    stronger = Argon2(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    proof = Proof(people.passwords, stronger, people.guesses, people.audit)
    await proof.by_name("ada", PASSWORD, HOME)
    after = await people.passwords.of(ada.id)
    await proof.by_name("ada", PASSWORD, HOME)
    again = await people.passwords.of(ada.id)
    stronger.close()
    assert before is not None
    assert after is not None
    assert before.hash != after.hash
    assert "t=2" in str(after.hash)
    assert again == after


class Slow(PasswordHasher):
    """Hashes when it is told to."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.go = threading.Event()
        self.at_once = 0
        self.most = 0
        self._lock = threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.go.wait(30)
        with self._lock:
            self.at_once -= 1
        return super().hash(password, salt=salt)


async def test_two_hash_eight_wait_and_the_next_comes_again():
    slow = Slow()
    hasher = Argon2(slow)
    going = [asyncio.create_task(hasher.hash("x")) for _ in range(10)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as refused:
        await hasher.hash("x")
    assert refused.value.retry_after is not None
    slow.go.set()
    await asyncio.gather(*going)
    assert slow.most <= 2
    assert await hasher.hash("x")
    hasher.close()


async def test_one_who_leaves_the_queue_gives_up_the_place():
    slow = Slow()
    hasher = Argon2(slow)
    going = [asyncio.create_task(hasher.hash("x")) for _ in range(10)]
    await asyncio.sleep(0)
    going.pop().cancel()
    await asyncio.sleep(0)
    going.append(asyncio.create_task(hasher.hash("x")))
    slow.go.set()
    assert len(await asyncio.gather(*going)) == 10
    hasher.close()


async def test_nobodys_hash_is_like_any_other():
    hasher = Argon2(CHEAP)
    assert not hasher.stale(hasher._nobody)
    assert len(hasher._nobody) == len(await hasher.hash("x"))
    assert not await hasher.verify(None, "x")
    assert not await hasher.verify("no hash at all", "x")
    assert await hasher.verify(await hasher.hash("x"), "x")
    hasher.close()
