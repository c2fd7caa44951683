"""What stands in the headers of every answer, for the browsers' sake."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Running, running
from tests.security.world import QUICK, Person, signed_up, stranger

OURS, FOREIGN = "https://ours.test", "https://evil.test"
PASSWORD = {"username": "ann", "password": "a password of ann"}
SESSION = "/api/v1/auth/session"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(
        tmp_path_factory.mktemp("headers"),
        SLUICE_DEFAULT_MODEL=QUICK,
        SLUICE_CORS_ORIGINS=OURS,
        SLUICE_TRUSTED_PROXIES="127.0.0.1",
        SLUICE_ALLOW_ANONYMOUS="true",
        SLUICE_REGISTRATION="open",
    ) as found:
        yield found


@pytest.fixture(scope="module")
def ann(server: Running) -> Person:
    return signed_up(server, "ann")


def operations(server: Running) -> list[tuple[str, str]]:
    with stranger(server) as client:
        document = client.get("/openapi.json").json()
    return [
        (method.upper(), re.sub(r"\{\w+\}", "nothing", path))
        for path, entries in document["paths"].items()
        for method in ("get", "post", "put", "patch", "delete", "options", "head")
        if method in entries or method in {"put", "options", "head"}
    ]


EVERYBODYS = ("/api/flows", "/health")
LEAVING = {
    ("DELETE", "/api/v1/auth/me"),
    ("DELETE", "/api/v1/auth/session"),
    ("POST", "/api/v1/auth/logout"),
}
ELSEWHERE = [
    ("GET", "/"), ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/nowhere"),
    ("POST", "/"), ("GET", "/api/nowhere"), ("GET", "/socket.io/?EIO=4&transport=polling"),
    ("GET", "/socket.io/?EIO=3&transport=polling"), ("GET", "/../../etc/passwd"),
]  # fmt: skip


def every_answer(server: Running, client: httpx.Client) -> Iterator[tuple[str, httpx.Response]]:
    """Ask for everything there is, mostly in vain."""
    for method, path in [*operations(server), *ELSEWHERE]:
        if (method, path) in LEAVING:
            continue
        yield f"{method} {path}", client.request(method, path)
    with stranger(server, host="evil.test") as elsewhere:
        yield "another host", elsewhere.get("/health")


def test_no_answer_lets_a_browser_guess_what_it_is(server: Running, ann: Person):
    for client in (stranger(server), ann.client()):
        with client:
            for what, answer in every_answer(server, client):
                assert answer.headers.get("x-content-type-options") == "nosniff", what


def test_no_answer_about_anybody_is_kept_by_a_cache(server: Running, ann: Person):
    talk = ann.talk("hello")[0]["conversation_id"]
    ann.ask("POST", "/api/chat", {"message": "hello", "session_id": "named"})
    real = [f"/api/v1/conversations/{talk}{rest}" for rest in ("", "/messages", "/export")]
    with ann.client() as client:
        found = {path: client.get(path) for path in [*real, "/api/chat/sessions/named"]}
        assert {answer.status_code for answer in found.values()} == {200}
        found |= dict(every_answer(server, client))
    for what, answer in found.items():
        if "/api/" in what and not any(path in what for path in EVERYBODYS):
            kept = answer.headers.get("cache-control", "")
            assert "no-store" in kept or kept == "no-cache, no-transform", what


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_runs_nothing_that_is_not_ours(server: Running, path: str):
    with stranger(server) as client:
        page = client.get(path)
    policy = dict(
        rule.strip().split(" ", 1) for rule in page.headers["content-security-policy"].split(";")
    )
    assert page.status_code == 200
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert not {"'unsafe-inline'", "'unsafe-eval'"} & set(page.headers["content-security-policy"])
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|javascript:", page.text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page.text.replace(server.url, ""))


# what the proxy says of the browser's connection, and the cookie that comes of it
COOKIES: list[tuple[dict[str, str], str, bool]] = [
    ({}, "sluice_session", False),
    ({"x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "http"}, "sluice_session", False),
    ({"x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https"}, "__Host-sluice_session", True),
    ({"x-forwarded-proto": "https"}, "sluice_session", False),  # no proxy has sent that
]


def cookie_in(answer: httpx.Response, name: str) -> tuple[str, dict[str, str]]:
    """A cookie that an answer gives: its value, and its attributes."""
    for line in answer.headers.get_list("set-cookie"):
        first, *rest = (part.strip() for part in line.split(";"))
        if first.startswith(f"{name}="):
            pairs = (part.partition("=") for part in rest)
            return first.partition("=")[2].strip('"'), {key.lower(): text for key, _, text in pairs}
    raise AssertionError(f"no {name} in {answer.headers}")


@pytest.mark.parametrize(("said", "name", "secure"), COOKIES)
def test_the_cookie_of_a_session_is_for_no_script_and_for_no_other_site(
    server: Running, ann: Person, said: dict[str, str], name: str, secure: bool
):
    with stranger(server, **said) as client:
        signed = client.post(SESSION, json=PASSWORD)
        secret, about = cookie_in(signed, name)
        assert ("httponly" in about, about["samesite"], about["path"]) == (True, "lax", "/")
        assert ("secure" in about, "domain" in about) == (secure, False)
        assert int(about["max-age"]) > 0
        assert len(secret) >= 43
        assert secret not in signed.text
        mine = {"cookie": f"{name}={secret}", "x-sluice-request": "1"}
        assert client.get("/api/v1/auth/me", headers=mine).json()["username"] == "ann"
        out = client.delete(SESSION, headers=mine)
        assert (out.status_code, cookie_in(out, name)) == (204, ("", {**about, "max-age": "0"}))
        assert client.get("/api/v1/auth/me", headers=mine).status_code == 401


def test_the_cookie_of_a_stranger_is_for_no_script(server: Running):
    with stranger(server, **{"sec-fetch-site": "same-origin"}) as client:
        said = client.post("/api/chat", json={"message": "hello", "session_id": "named"})
    _, about = cookie_in(said, "sluice_visitor")
    assert ("httponly" in about, about["samesite"].lower(), about["path"]) == (True, "lax", "/")


ASKED = [("GET", "/api/v1/auth/me"), ("POST", "/api/chat"), ("POST", "/api/v1/chat/stream")]
# the origin of a page, whether it may read answers, and whether with cookies
ORIGINS = [
    (OURS, True, True),
    ("http://localhost:5173", True, False),
    (FOREIGN, False, False),
    ("null", False, False),
    (f"{OURS}.evil.test", False, False),
    ("http://ours.test", False, False),
]


@pytest.mark.parametrize(("origin", "readable", "with_cookies"), ORIGINS)
def test_only_pages_of_listed_origins_read_answers_and_send_cookies(
    server: Running, ann: Person, origin: str, readable: bool, with_cookies: bool
):
    body: Any = {"message": "hello"}
    with ann.client() as client:
        for method, path in ASKED:
            answer = client.request(
                method, path, json=None if method == "GET" else body, headers={"origin": origin}
            )
            preflight = client.options(
                path, headers={"origin": origin, "access-control-request-method": method}
            )
            assert preflight.status_code == (204 if readable else 403)
            for one in (answer, preflight):
                allowed = one.headers.get("access-control-allow-origin")
                assert allowed == (origin if readable else None)
                credentials = one.headers.get("access-control-allow-credentials")
                assert credentials == ("true" if with_cookies else None)
            if readable:
                assert answer.headers["vary"] == "Origin"
                assert "X-Run-Id" in answer.headers["access-control-expose-headers"]
                named = "X-Sluice-Request" in preflight.headers["access-control-allow-headers"]
                assert named == with_cookies
