"""What administrators do, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.site import Site, site
from tests.services.people import PASSWORD

USERS, INVITATIONS = "/api/v1/admin/users", "/api/v1/admin/invitations"
AUDIT = "/api/v1/admin/audit"


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as found:
        yield found


async def pages(client: httpx.AsyncClient, path: str, limit: int) -> list[list[Any]]:
    """All pages of a list."""
    found: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(path, params=query)).json()
        found.append(page["items"])
        cursor = page["next_cursor"]
    return found


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", USERS),
        ("GET", f"{USERS}/x"),
        ("PATCH", f"{USERS}/x"),
        ("DELETE", f"{USERS}/x"),
        ("POST", INVITATIONS),
        ("GET", INVITATIONS),
        ("DELETE", f"{INVITATIONS}/x"),
        ("GET", AUDIT),
    ],
)
async def test_this_is_for_administrators(local: Site, method: str, path: str):
    await local.join("ada")
    _, bob = await local.join("bob")
    found = await bob.request(method, path, json={})
    assert (found.status_code, found.json()["code"]) == (403, "forbidden")


async def test_users_are_listed_in_pages_and_searched(local: Site):
    _, ada = await local.join("ada")
    for name in ("Émile", "bob", "Carl"):
        await local.join(name)
    found = await pages(ada, USERS, 2)
    assert [[one["username"] for one in page] for page in found] == [
        ["ada", "bob"],
        ["Carl", "Émile"],
    ]
    some = (await ada.get(USERS, params={"q": "AR"})).json()
    assert [one["username"] for one in some["items"]] == ["Carl"]
    assert (await ada.get(USERS, params={"q": "\0"})).status_code == 200


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "x"}, {"limit": "201"}, {"cursor": "é"}, {"cursor": "a"}]
)
@pytest.mark.parametrize("path", [USERS, AUDIT])
async def test_a_query_that_makes_no_sense_names_the_parameter(
    local: Site, path: str, query: dict[str, str]
):
    _, ada = await local.join("ada")
    found = await ada.get(path, params=query)
    assert (found.status_code, found.json()["code"]) == (422, "invalid_request")
    assert next(iter(query)) in found.json()["detail"]


async def test_a_user_is_disabled_limited_and_deleted(local: Site):
    _, ada = await local.join("ada")
    grant, _ = await local.join("bob")
    (bob,) = (await ada.get(USERS, params={"q": "bob"})).json()["items"]
    one = f"{USERS}/{bob['id']}"
    assert (await ada.get(one)).json() == bob
    limited = await ada.patch(one, json={"max_runs": 2, "daily_tokens": 1000})
    assert limited.json() == bob | {"max_runs": 2, "daily_tokens": 1000}
    freed = await ada.patch(one, json={"max_runs": None, "role": None})
    assert freed.json() == bob | {"daily_tokens": 1000}
    disabled = await ada.patch(one, json={"disabled": True})
    assert disabled.json()["disabled"] is True
    async with local.client() as client:
        body = {"refresh_token": grant["refresh_token"]}
        assert (await client.post("/api/v1/auth/refresh", json=body)).status_code == 401
        login = {"username": "bob", "password": PASSWORD}
        assert (await client.post("/api/v1/auth/login", json=login)).status_code == 403
    assert (await ada.delete(one)).status_code == 204
    for method in ("GET", "DELETE", "PATCH"):
        assert (await ada.request(method, one, json={})).status_code == 404
    assert ("user", bob["id"]) in local.people.revoked


@pytest.mark.parametrize(
    "body",
    [{"role": "king"}, {"disabled": "yes"}, {"max_runs": -1}, {"daily_tokens": 1 << 60}, []],
)
async def test_a_change_that_makes_no_sense_is_refused(local: Site, body: Any):
    _, ada = await local.join("ada")
    (me,) = (await ada.get(USERS)).json()["items"]
    assert (await ada.patch(f"{USERS}/{me['id']}", json=body)).status_code == 422


async def test_the_last_administrator_stays(local: Site):
    _, ada = await local.join("ada")
    (me,) = (await ada.get(USERS)).json()["items"]
    one = f"{USERS}/{me['id']}"
    answers = [
        await ada.patch(one, json={"role": "user"}),
        await ada.patch(one, json={"disabled": True}),
        await ada.delete(one),
    ]
    assert [one.status_code for one in answers] == [409] * 3


async def test_an_invitation_lets_one_in(local: Site):
    _, ada = await local.join("ada")
    local.people.admission = "invite"
    made = (await ada.post(INVITATIONS, json={"email": "bob@example.com"})).json()
    bob = {"username": "bob", "email": "bob@example.com", "password": PASSWORD}
    async with local.client() as client:
        without = await client.post("/api/v1/auth/register", json=bob)
        given = bob | {"invitation": made["invitation"]}
        invited = await client.post("/api/v1/auth/register", json=given)
    (listed,) = (await ada.get(INVITATIONS)).json()["items"]
    assert (without.status_code, invited.status_code) == (403, 201)
    assert "invitation" not in listed
    assert listed["used_by"] == invited.json()["id"]
    assert (await ada.delete(f"{INVITATIONS}/{made['id']}")).status_code == 204
    assert (await ada.delete(f"{INVITATIONS}/{made['id']}")).status_code == 404


async def test_the_audit_tells_what_was_done(local: Site):
    _, ada = await local.join("ada")
    await ada.post(INVITATIONS, json={})
    found = [line for page in await pages(ada, AUDIT, 2) for line in page]
    assert [one["action"] for one in found] == ["invite", "sign_in", "register"]
    assert {one["outcome"] for one in found} == {"ok"}
    assert {one["address"] for one in found} == {"127.0.0.1"}
