"""Whose a session's name is: two strangers who choose the same do not share it."""

import logging
from itertools import count

import pytest

from sluice.core.commands import Principal
from sluice.services.scopes import Scopes

USER = Principal(id="u-1", address="10.0.0.1")
BROWSER = Principal(address="10.0.0.1", browser=True, visitor="cookie-1")
OTHER_BROWSER = Principal(address="10.0.0.1", browser=True, visitor="cookie-2")
NEW_BROWSER = Principal(address="10.0.0.1", browser=True)
SCRIPT = Principal(address="10.0.0.1")
OTHER_SCRIPT = Principal(address="10.0.0.2")
BEHIND_PROXY = Principal(address="10.0.0.1", direct=False, placed=False)
NEIGHBOURS = Principal(address="2001:db8::1"), Principal(address="2001:db8::ffff")


def scopes(secret: bytes = b"s" * 32) -> Scopes:
    numbers = count(1)
    return Scopes(secret, lambda: f"random-{next(numbers)}")


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        (USER, USER, True),
        (USER, SCRIPT, False),
        (BROWSER, BROWSER, True),
        (BROWSER, OTHER_BROWSER, False),
        (BROWSER, SCRIPT, False),
        (SCRIPT, SCRIPT, True),
        (SCRIPT, OTHER_SCRIPT, False),
        (*NEIGHBOURS, True),
    ],
)
def test_a_chosen_name_belongs_to_who_chose_it(one: Principal, another: Principal, same: bool):
    known = scopes()
    found = known.of(one, "default"), known.of(another, "default")
    assert None not in found
    assert (found[0] == found[1]) == same


@pytest.mark.parametrize("who", [BEHIND_PROXY, NEW_BROWSER])
def test_a_chosen_name_that_is_nobodys_gets_no_scope(who: Principal):
    assert scopes().of(who, "default") is None


@pytest.mark.parametrize("who", [BROWSER, NEW_BROWSER, SCRIPT, OTHER_SCRIPT, BEHIND_PROXY])
def test_a_name_that_we_made_is_proof_itself(who: Principal):
    known = scopes()
    assert known.of(who, known.name()) == ""


def test_a_users_sessions_are_the_users_whoever_made_the_name():
    known = scopes()
    assert known.of(USER, known.name()) == known.of(USER, "default")


@pytest.mark.parametrize("change", [lambda n: n[:-1] + "x", lambda n: "x" + n, lambda n: n[1:]])
def test_a_name_that_was_tampered_with_is_a_chosen_one(change):
    known = scopes()
    assert known.of(SCRIPT, change(known.name())) == "a:10.0.0.1"


def test_a_name_of_another_server_is_a_chosen_one():
    assert scopes(b"t" * 32).of(SCRIPT, scopes().name()) == "a:10.0.0.1"


def test_the_log_says_once_why_names_are_not_used(caplog: pytest.LogCaptureFixture):
    known = scopes()
    with caplog.at_level(logging.WARNING):
        known.of(BEHIND_PROXY, "default")
        known.of(BEHIND_PROXY, "default")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "SLUICE_TRUSTED_PROXIES" in caplog.text


def test_a_cookie_does_not_stand_in_the_scope():
    assert "cookie-1" not in (scopes().of(BROWSER, "default") or "")
