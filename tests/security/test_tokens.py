"""No forged, worn-out or stolen token opens any door; and nothing secret is taken from a URL."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from tests.conftest import Running, running
from tests.security.doors import DOORS, POLLING, REST, SOCKET, SOURCE, WATCHED, Door, refused
from tests.security.world import (
    LONG,
    PATIENCE,
    Person,
    operator,
    rows,
    signed_in,
    signed_up,
    stranger,
    streaming,
)

SECRET = "a secret that only this server and these tests know"
OTHER = "a secret of another server, which is as long as ours"
PEM = RSAKey.generate_key(2048)
doors = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("tokens")
    with running(folder, SLUICE_JWT_SECRET=SECRET, SLUICE_CORS_ORIGINS="https://ours.test") as it:
        yield it


@pytest.fixture(scope="module")
def ann(server: Running) -> Person:
    return signed_up(server, "ann")


def claims_of(person: Person, **other: Any) -> dict[str, Any]:
    payload = person.access.split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {**told, **other}


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def signed(claims: dict[str, Any], secret: str = SECRET, **header: Any) -> str:
    """A token by HMAC-SHA-256, whatever its header says."""
    head = json.dumps({"alg": "HS256", "typ": "JWT", **header}).encode()
    text = f"{encoded(head)}.{encoded(json.dumps(claims).encode())}"
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{encoded(mac)}"


def unsigned(claims: dict[str, Any], algorithm: str) -> str:
    head, payload, _ = signed(claims, alg=algorithm).split(".")
    return f"{head}.{payload}."


def by_rsa(claims: dict[str, Any]) -> str:
    return jws.serialize_compact({"alg": "RS256"}, json.dumps(claims), PEM)


def flipped(token: str) -> str:
    """The same with another signature."""
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def bad_tokens(ann: Person) -> dict[str, str]:
    told = claims_of(ann)
    now = time.time()
    return {
        "nonsense": "nonsense",
        "empty parts": "..",
        "very long": "x" * 5_000,
        "truncated": ann.access[:-1],
        "without a signature": ann.access.rpartition(".")[0] + ".",
        "another signature": flipped(ann.access),
        "another server's": signed(told, OTHER),
        "expired": signed(claims_of(ann, iat=now - 60, exp=int(now) - 1)),
        "another audience": signed(claims_of(ann, aud="elsewhere")),
        "another issuer": signed(claims_of(ann, iss="elsewhere")),
        "no such user": signed(claims_of(ann, sub="11111111-1111-4111-8111-111111111111")),
        "no expiry": signed({name: value for name, value in told.items() if name != "exp"}),
        "no user": signed({name: value for name, value in told.items() if name != "sub"}),
        "no object": signed([]),  # pyright: ignore[reportArgumentType]
        "none": unsigned(told, "none"),
        "None": unsigned(told, "None"),
        "NONE, yet signed": signed(told, alg="NONE"),
        "HS512": signed(told, alg="HS512"),
        "RS256 by our secret": signed(told, alg="RS256"),
        "RS256 by a key": by_rsa(told),
        "a key in its header": signed(told, OTHER, jwk={"kty": "oct", "k": encoded(b"x" * 32)}),
        "a key of ours that is none": "sk-sluice-" + "a" * 43,
        "a refresh token": ann.refresh,
    }


def test_what_these_tests_sign_is_good_as_long_as_it_is_true(server: Running, ann: Person):
    answer = REST.knock(server, authorization=f"Bearer {signed(claims_of(ann))}")
    assert answer.status == 200


@doors
def test_no_bad_token_opens_a_door_nor_passes_for_a_stranger(
    server: Running, ann: Person, door: Door
):
    for name, token in bad_tokens(ann).items():
        answer = door.knock(server, authorization=f"Bearer {token}")
        assert answer.status in {0, 401}, name
        refused(door, answer)
        assert token[:40] not in json.dumps(answer.body), name


@doors
def test_a_good_token_opens_every_door(server: Running, ann: Person, door: Door):
    answer = door.knock(server, authorization=f"Bearer {ann.access}")
    assert answer.status in {200, 101, 404}  # nobody has a session of that name
    assert answer.code in {None, "not_found"}


@doors
def test_whoever_is_signed_out_disabled_or_gone_is_let_in_nowhere(server: Running, door: Door):
    name = "".join(letter for letter in door.name if letter.isalpha())
    out, off, gone = (signed_up(server, f"{name}.{what}") for what in ("out", "off", "gone"))
    key = off.ask("POST", "/api/v1/auth/keys", {"name": "script"}).json()["key"]
    revoked = out.ask("POST", "/api/v1/auth/keys", {"name": "script"}).json()
    assert out.ask("DELETE", f"/api/v1/auth/keys/{revoked['id']}").status_code == 204
    assert out.ask("POST", "/api/v1/auth/logout").status_code == 204
    assert gone.ask("DELETE", "/api/v1/auth/me").status_code == 204
    operator(server, "users", "disable", off.name)
    heard(server, off)
    for token in (out.access, revoked["key"], gone.access, off.access, key):
        refused(door, door.knock(server, authorization=f"Bearer {token}"))


def heard(server: Running, person: Person) -> None:
    """Wait until the server has heard of what another process has done."""
    until = time.monotonic() + PATIENCE
    while REST.knock(server, authorization=f"Bearer {person.access}").status != 401:
        assert time.monotonic() < until, "it never heard of it"
        time.sleep(0.1)


def test_a_refresh_token_works_once_and_its_second_use_ends_the_login(server: Running):
    person = signed_up(server, "bea")
    other = signed_in(server, person.id, person.name, person.password)
    with stranger(server) as client:

        def refresh(token: str) -> Any:
            return client.post("/api/v1/auth/refresh", json={"refresh_token": token})

        second = refresh(person.refresh).json()
        assert REST.knock(server, authorization=f"Bearer {second['access_token']}").status == 200
        again = refresh(person.refresh)
        assert (again.status_code, again.json()["code"]) == (401, "unauthorized")
        assert again.headers["www-authenticate"] == "Bearer"
        assert refresh(second["refresh_token"]).status_code == 401  # the whole family is gone
        refused(REST, REST.knock(server, authorization=f"Bearer {second['access_token']}"))
        refused(REST, REST.knock(server, authorization=f"Bearer {person.access}"))
        for bad in (person.access, "nonsense", "x" * 1000):
            assert refresh(bad).status_code == 401
    assert REST.knock(server, authorization=f"Bearer {other.access}").status == 200


# What can be opened with a ticket.
TICKETED = (SOURCE, SOCKET, Door("a chat by GET", "GET", "/api/chat/stream?message=hi", "error"))
ticketed = pytest.mark.parametrize("door", TICKETED, ids=lambda door: door.name)


def ticket_of(person: Person) -> str:
    return person.ask("POST", "/api/v1/auth/ticket").json()["ticket"]


@ticketed
def test_a_ticket_opens_one_door_once(server: Running, ann: Person, door: Door):
    ticket = f"ticket={ticket_of(ann)}"
    assert door.knock(server, ticket).status in {101, 200}
    refused(door, door.knock(server, ticket))
    refused(door, door.knock(server, "ticket=never-issued"))


def test_a_used_ticket_resumes_the_run_that_it_began_and_no_other(server: Running, ann: Person):
    ticket = ticket_of(ann)
    other = ann.ask("POST", "/api/v1/chat/stream", {"message": "hi"}).headers["x-run-id"]
    with stranger(server) as client:
        mine = client.get(f"{SOURCE.path}&ticket={ticket}")
        events = f"/api/v1/runs/{mine.headers['x-run-id']}/events?ticket={ticket}"
        again = client.get(events, headers={"last-event-id": f"{mine.headers['x-run-id']}:1"})
        assert again.status_code == 200
        assert '"type":"end"' in again.text
        for run in (other, "unknown", ""):
            refused(SOURCE, SOURCE.knock(server, f"ticket={ticket}", last_event_id=f"{run}:1"))
            refused(SOURCE, SOURCE.knock(server, f"ticket={ticket}&last_event_id={run or 'x'}%3A1"))


def test_a_ticket_is_worth_no_more_than_the_login_it_came_from(server: Running):
    person = signed_up(server, "cid")
    ticket = ticket_of(person)
    person.ask("POST", "/api/v1/auth/logout")
    refused(SOURCE, SOURCE.knock(server, f"ticket={ticket}"))


@doors
def test_a_token_or_a_key_in_an_address_is_refused(server: Running, ann: Person, door: Door):
    key = ann.ask("POST", "/api/v1/auth/keys", {"name": door.name}).json()["key"]
    for secret in (ann.access, key):
        refused(door, door.knock(server, f"ticket={secret}"))
    for name in ("token", "access_token", "authorization", "api_key"):
        answer = door.knock(server, f"{name}={ann.access}")  # which nobody reads
        assert answer.body.get("username") is None
        assert answer.body.get("user") in {None, "anonymous"}


def cookie_of(server: Running, person: Person) -> str:
    with stranger(server) as client:
        given = {"username": person.name, "password": person.password}
        signed = client.post("/api/v1/auth/session", json=given)
        assert signed.status_code == 200
        return f"sluice_session={signed.cookies['sluice_session']}"


MARK = {"x_sluice_request": "1"}
FOREIGN = "https://evil.test"
# door, what stands beside the cookie, whether that is let in
COOKIES: list[tuple[Door, dict[str, str], bool]] = [
    (REST, {}, True),
    (REST, MARK, True),
    (REST, {**MARK, "origin": "https://ours.test"}, True),
    (REST, {**MARK, "origin": FOREIGN}, False),
    (WATCHED, {}, False),
    (WATCHED, MARK, True),
    (WATCHED, {**MARK, "origin": "https://ours.test"}, True),
    (WATCHED, {**MARK, "origin": FOREIGN}, False),
    (WATCHED, {**MARK, "origin": "null"}, False),
    (WATCHED, {"origin": "https://ours.test"}, False),
    (SOURCE, {}, False),
    (SOURCE, {"sec_fetch_site": "same-origin"}, True),
    (SOURCE, {"sec_fetch_site": "same-site"}, False),
    (SOURCE, {"sec_fetch_site": "cross-site"}, False),
    (SOURCE, {"sec_fetch_site": "none"}, False),
    (SOCKET, {}, False),
    (SOCKET, {"origin": FOREIGN}, False),
    (SOCKET, {"origin": "null"}, False),
    (SOCKET, {"origin": "http://localhost:9"}, False),
    (SOCKET, {"origin": "https://ours.test"}, True),
    (POLLING, {"origin": FOREIGN}, False),
    (POLLING, {**MARK, "origin": FOREIGN}, False),
]


@pytest.mark.parametrize(("door", "beside", "let_in"), COOKIES)
def test_a_cookie_speaks_only_for_a_page_of_ours(
    server: Running, ann: Person, door: Door, beside: dict[str, str], let_in: bool
):
    answer = door.knock(server, cookie=cookie_of(server, ann), **beside)
    if let_in:
        assert answer.status in {200, 101}
    else:
        assert answer.status in {0, 403}
        assert answer.code in {"forbidden", None}  # uvicorn words the 403 of a WebSocket


CHANGES = [
    ("POST", "/api/v1/conversations", {"title": "stolen"}),
    ("PATCH", "/api/v1/auth/me", {"email": "thief@example.com"}),
    ("POST", "/api/v1/auth/keys", {"name": "stolen"}),
    ("POST", "/api/v1/auth/ticket", None),
    ("POST", "/api/v1/auth/logout", None),
    ("DELETE", "/api/v1/auth/session", None),
    ("DELETE", "/api/v1/auth/me", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize("beside", [{}, {"x-sluice-request": "1", "origin": FOREIGN}])
def test_nothing_changes_by_a_cookie_alone(
    server: Running, ann: Person, method: str, path: str, body: object, beside: dict[str, str]
):
    before = rows(server, "SELECT count(*) FROM conversations UNION SELECT email FROM users")
    with stranger(server, cookie=cookie_of(server, ann), **beside) as client:
        answer = client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    after = rows(server, "SELECT count(*) FROM conversations UNION SELECT email FROM users")
    assert after == before


def test_a_cookie_that_is_over_is_taken_away(server: Running):
    person = signed_up(server, "dot")
    cookie = cookie_of(server, person)
    with stranger(server, cookie=cookie, **{"x-sluice-request": "1"}) as client:
        assert client.delete("/api/v1/auth/session").status_code == 204
        over = client.get("/api/v1/auth/me")
    assert over.status_code == 401
    assert any("Max-Age=0" in line for line in over.headers.get_list("set-cookie"))


def test_a_run_is_stopped_by_its_owner_alone(server: Running, ann: Person):
    body = {"message": "hello", "model": LONG}
    with streaming(ann.client(), "POST", "/api/v1/chat/stream", json=body) as stream:
        stream.next()
        cancel = f"/api/v1/runs/{stream.run}/cancel"
        for token in (None, "nonsense", signed_in(server, "", *other(server)).access):
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            with stranger(server, **headers) as client:
                assert client.post(cancel).status_code in {401, 404}
        assert ann.ask("GET", f"/api/v1/runs/{stream.run}").json()["state"] == "running"
        assert ann.ask("POST", cancel).status_code == 200
        assert stream.rest()[-1]["finish_reason"] == "cancelled"


def other(server: Running) -> tuple[str, str]:
    person = signed_up(server, "eve")
    return person.name, person.password
