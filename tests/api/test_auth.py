"""Registering, signing in and out, one's own account, sessions and keys, over HTTP."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.api.site import Site, site
from tests.services.people import PASSWORD

REGISTER, LOGIN = "/api/v1/auth/register", "/api/v1/auth/login"
ME, SESSION = "/api/v1/auth/me", "/api/v1/auth/session"
SESSIONS, KEYS = "/api/v1/auth/sessions", "/api/v1/auth/keys"
ADA = {"username": "ada", "email": "test@example.com", "password": PASSWORD}


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as found:
        yield found


async def test_what_a_bash_script_cuts_out_is_there(local: Site):
    async with local.client() as bash:
        made = await bash.post(REGISTER, json=ADA)
        signed = await bash.post(LOGIN, json={"username": "ada", "password": PASSWORD})
    assert made.status_code == 201
    assert list(made.json()) == ["id", "username", "email", "created_at"]
    assert re.findall(r'"id":"[^"]*', made.text) == [f'"id":"{made.json()["id"]}']
    assert datetime.fromisoformat(made.json()["created_at"]).utcoffset() is not None
    assert signed.status_code == 200
    assert list(signed.json()) == ["access_token", "token_type", "expires_in", "refresh_token"]
    assert len(re.findall(r'"access_token":"[^"]*', signed.text)) == 1
    assert signed.json()["token_type"] == "bearer"
    assert signed.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (ADA | {"password": "short"}, 422, "password"),
        (ADA | {"password": 12345678}, 422, "password"),
        (ADA | {"email": "nowhere"}, 422, "e-mail"),
        (ADA | {"username": ""}, 422, "username"),
        (ADA | {"username": "a b"}, 422, "username"),
        (ADA | {"username": "a\0b"}, 422, "username"),
        ({"username": "ada", "password": PASSWORD}, 422, "email"),
        ([], 422, ""),
        (None, 422, ""),
    ],
)
async def test_a_body_that_makes_no_sense_names_the_field(
    local: Site, body: Any, status: int, field: str
):
    async with local.client() as client:
        found = await client.post(
            REGISTER,
            content=msgspec.json.encode(body),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
    assert (found.status_code, found.json()["code"]) == (status, "invalid_request")
    assert field in found.json()["detail"].lower()


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_request"),
        (b"", "application/json", 400, "invalid_request"),
        (b"\xff", "application/json", 400, "invalid_request"),
        (b"username=ada", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "", 415, "unsupported_media_type"),
    ],
)
@pytest.mark.parametrize("path", [REGISTER, LOGIN, SESSION, "/api/v1/auth/refresh"])
async def test_a_body_that_cannot_be_read_is_refused(
    local: Site, path: str, content: bytes, kind: str, status: int, code: str
):
    async with local.client() as client:
        found = await client.post(path, content=content, headers={"Content-Type": kind})
    assert (found.status_code, found.json()["code"]) == (status, code)


@pytest.mark.parametrize("taken", [{"username": "ADA"}, {"email": "TEST@example.com"}])
async def test_a_taken_name_or_address_is_a_conflict(local: Site, taken: dict[str, str]):
    async with local.client() as client:
        await client.post(REGISTER, json=ADA)
        other = {"username": "x", "email": "x@example.com", "password": PASSWORD}
        found = await client.post(REGISTER, json=other | taken)
    assert (found.status_code, found.json()["code"]) == (409, "conflict")


async def test_wrong_name_and_wrong_password_get_the_same_answer(local: Site):
    async with local.client() as client:
        await client.post(REGISTER, json=ADA)
        answers = [
            await client.post(LOGIN, json={"username": name, "password": password})
            for name, password in (("ada", "wrong"), ("nobody", PASSWORD), ("a\0", "x"))
        ]
    assert {one.status_code for one in answers} == {401}
    assert len({one.text for one in answers}) == 1
    assert answers[0].headers["www-authenticate"] == "Bearer"


async def test_the_eleventh_guess_is_told_to_wait(local: Site):
    guess = {"username": "ada", "password": "wrong"}
    async with local.client() as client:
        await client.post(REGISTER, json=ADA)
        codes = [(await client.post(LOGIN, json=guess)).status_code for _ in range(11)]
        last = await client.post(LOGIN, json=guess | {"password": PASSWORD})
    assert codes == [401] * 10 + [429]
    assert int(last.headers["retry-after"]) == 15 * 60


async def test_stale_credentials_do_not_keep_anybody_from_signing_in(local: Site):
    await local.join("ada")
    async with local.client("long.gone.token") as client:
        assert (await client.post(REGISTER, json=ADA)).status_code == 409
        signed = await client.post(LOGIN, json={"username": "ada", "password": PASSWORD})
        assert (await client.get(ME)).status_code == 401
    assert signed.status_code == 200


async def test_tokens_are_renewed_once_and_end_together(local: Site):
    grant, _ = await local.join("ada")
    async with local.client() as client:

        async def refresh(token: str) -> Any:
            return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})

        first = await refresh(grant["refresh_token"])
        again = await refresh(grant["refresh_token"])
        after = await refresh(first.json()["refresh_token"])
    assert [one.status_code for one in (first, again, after)] == [200, 401, 401]
    assert len(local.people.revoked) == 1


async def test_one_sees_and_changes_ones_profile(local: Site):
    _, ada = await local.join("ada")
    await local.join("bob")
    before = (await ada.get(ME)).json()
    changed = await ada.patch(ME, json={"username": "Ada.L", "email": None})
    taken = await ada.patch(ME, json={"username": "BOB"})
    assert list(before) == ["id", "username", "email", "role", "created_at"]
    assert changed.json() == before | {"username": "Ada.L"}
    assert taken.status_code == 409


async def test_signing_out_answers_nothing_and_ends_the_session(local: Site):
    grant, ada = await local.join("ada")
    out = await ada.post("/api/v1/auth/logout")
    body = {"refresh_token": grant["refresh_token"]}
    after = await ada.post("/api/v1/auth/refresh", json=body)
    assert (out.status_code, out.content) == (204, b"")
    assert after.status_code == 401


async def test_a_new_password_ends_the_other_sessions(local: Site):
    _, ada = await local.join("ada")
    async with local.client() as other:
        await other.post(LOGIN, json={"username": "ada", "password": PASSWORD})
    given = {"current_password": PASSWORD, "new_password": "quite another"}
    wrong = await ada.post("/api/v1/auth/password", json=given | {"current_password": "x"})
    weak = await ada.post("/api/v1/auth/password", json=given | {"new_password": "short"})
    right = await ada.post("/api/v1/auth/password", json=given)
    left = (await ada.get(SESSIONS)).json()["items"]
    assert [one.status_code for one in (wrong, weak, right)] == [403, 422, 204]
    assert [one["current"] for one in left] == [True]


@pytest.mark.parametrize(
    ("body", "status"), [(None, 204), ({"password": PASSWORD}, 204), ({"password": "wrong"}, 403)]
)
async def test_one_leaves_with_or_without_the_password(local: Site, body: Any, status: int):
    _, ada = await local.join("ada")
    left = await ada.request("DELETE", ME, json=body) if body else await ada.delete(ME)
    after = await ada.get(ME)
    assert left.status_code == status
    assert after.status_code == (200 if status == 403 else 401)


@pytest.mark.parametrize(
    ("https", "cookie"),
    [
        (False, r"sluice_session=\S+; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax"),
        (
            True,
            r"__Host-sluice_session=\S+; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax; Secure",
        ),
    ],
)
async def test_the_page_signs_in_by_a_cookie(local: Site, https: bool, cookie: str):
    await local.join("ada")
    local.people.now += 1
    async with local.client(https=https) as page:
        none = await page.get(SESSION)
        signed = await page.post(SESSION, json={"username": "ada", "password": PASSWORD})
        who = await page.get(SESSION)
        mine = (await page.get(SESSIONS)).json()["items"]
        out = await page.delete(SESSION)
        kept = dict(page.cookies)
        gone = await page.get(SESSION)
    assert none.status_code == 401
    assert re.fullmatch(cookie, signed.headers["set-cookie"])
    assert signed.json() == who.json()
    assert who.json()["username"] == "ada"
    assert [(one["kind"], one["current"]) for one in mine] == [("cookie", True), ("bearer", False)]
    assert (out.status_code, kept, gone.status_code) == (204, {}, 401)
    assert "Max-Age=0" in out.headers["set-cookie"]


async def test_a_session_of_somebody_elses_is_not_there(local: Site):
    _, ada = await local.join("ada")
    _, bob = await local.join("bob")
    (mine,) = (await ada.get(SESSIONS)).json()["items"]
    for client, id, status in (
        (bob, mine["id"], 404),
        (ada, "nothing", 404),
        (ada, "%00", 404),
        (ada, "x" * 500, 404),
        (ada, mine["id"], 204),
        (ada, mine["id"], 404),
    ):
        found = await client.delete(f"{SESSIONS}/{id}")
        assert found.status_code == status


async def test_a_key_is_a_bearer_until_it_is_revoked(local: Site):
    _, ada = await local.join("ada")
    made = (await ada.post(KEYS, json={"name": "script", "expires_in_days": 1})).json()
    assert made["key"].startswith("sk-sluice-")
    async with local.client(made["key"]) as script:
        assert (await script.get(ME)).json()["username"] == "ada"
        assert (await script.post(KEYS, json={"name": "more"})).status_code == 403
        (listed,) = (await script.get(KEYS)).json()["items"]
        assert listed == {name: made[name] for name in listed} | {"seen_at": listed["seen_at"]}
        assert "key" not in listed
        assert (await ada.delete(f"{KEYS}/{made['id']}")).status_code == 204
        assert (await script.get(ME)).status_code == 401
    assert (await ada.delete(f"{KEYS}/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "a\nb"}, {"name": "x", "expires_in_days": 0}, {"name": 1}],
)
async def test_a_key_needs_a_name_and_a_sensible_time(local: Site, body: Any):
    _, ada = await local.join("ada")
    assert (await ada.post(KEYS, json=body)).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/auth/logout"),
        ("POST", "/api/v1/auth/password"),
        ("GET", ME),
        ("PATCH", ME),
        ("DELETE", ME),
        ("GET", SESSION),
        ("DELETE", SESSION),
        ("GET", SESSIONS),
        ("DELETE", f"{SESSIONS}/x"),
        ("POST", KEYS),
        ("GET", KEYS),
        ("DELETE", f"{KEYS}/x"),
        ("GET", "/api/v1/admin/users"),
        ("GET", "/api/v1/admin/users/x"),
        ("PATCH", "/api/v1/admin/users/x"),
        ("DELETE", "/api/v1/admin/users/x"),
        ("POST", "/api/v1/admin/invitations"),
        ("GET", "/api/v1/admin/invitations"),
        ("DELETE", "/api/v1/admin/invitations/x"),
        ("GET", "/api/v1/admin/audit"),
    ],
)
async def test_a_stranger_is_asked_to_sign_in(local: Site, method: str, path: str):
    async with local.client() as stranger:
        found = await stranger.request(method, path)
    assert (found.status_code, found.json()["code"]) == (401, "unauthorized")


async def test_the_document_is_valid_and_tells_each_body_and_refusal(local: Site):
    document = local.app.openapi_schema.to_schema()
    OpenAPIV31SpecValidator(document).validate()
    register = document["paths"][REGISTER]["post"]
    body = register["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["username", "email", "password"]
    assert sorted(register["responses"]) == [
        "201", "400", "403", "409", "413", "415", "422", "429", "500", "503",
    ]  # fmt: skip
    users = document["paths"]["/api/v1/admin/users"]["get"]
    assert [one["name"] for one in users["parameters"]] == ["q", "limit", "cursor"]
    one = document["paths"]["/api/v1/auth/keys/{key_id}"]["delete"]
    assert sorted(one["responses"]) == ["204", "401", "403", "404", "429", "500", "503"]
