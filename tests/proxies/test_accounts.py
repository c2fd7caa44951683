"""Users behind a real nginx: their streams, and the cookie of a page that is asked over https."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import aiohttp
import pytest

from tests.clients.person import PASSWORD, STREAM, Person, signed_in
from tests.conftest import Running, free_port, running
from tests.proxies.nginx import example, serving, site

pytestmark = pytest.mark.clients

SESSION = "/api/v1/auth/session"
STALLED = "demo/n=3,delay=0ms,stall=60s@1"  # says one token, and no more within any patience
# What nginx adds where the browser's connection is encrypted.
ENCRYPTED = (
    "proxy_set_header Host $http_host;",
    "proxy_set_header X-Forwarded-For $remote_addr;",
    "proxy_set_header X-Forwarded-Proto https;",
)


class Ways(NamedTuple):
    """Addresses of the same server, each through nginx.

    `ours`       by our own example
    `encrypted`  as for a browser that came by https
    """

    ours: str
    encrypted: str


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = {
        "SLUICE_TRUSTED_PROXIES": "127.0.0.1",
        "SLUICE_REGISTRATION": "open",
        "SLUICE_DISCONNECT_GRACE": "0",
    }
    with running(tmp_path_factory.mktemp("behind"), **settings) as found:
        yield found


@pytest.fixture(scope="module")
def ways(behind: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    ports = free_port(), free_port()
    sites = example(ports[0], behind.port), site(ports[1], behind.port, *ENCRYPTED)
    with serving(tmp_path_factory.mktemp("nginx") / "prefix", ports[0], "\n".join(sites)):
        yield Ways(*(f"http://127.0.0.1:{port}" for port in ports))


@pytest.fixture(scope="module")
def wary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address, through nginx, of a server that trusts no proxy."""
    with running(tmp_path_factory.mktemp("wary"), SLUICE_REGISTRATION="open") as server:
        port = free_port()
        rest = site(port, server.port, *ENCRYPTED)
        with serving(tmp_path_factory.mktemp("nginx") / "prefix", port, rest) as url:
            yield url


async def cookie_session(url: str, name: str, session: aiohttp.ClientSession) -> Any:
    """Sign in as a page does; returns the cookie that comes of it."""
    body = {"username": name, "password": PASSWORD}
    async with session.post(url + SESSION, json=body) as response:
        assert response.status == 200, await response.text()
        (cookie,) = response.cookies.values()
        return cookie


async def name_of(person: Person) -> str:
    return (await person.get("/api/v1/auth/me"))["username"]


@pytest.mark.parametrize("way", Ways._fields)
async def test_a_reply_streams_to_whoever_brings_a_token_while_it_is_written(
    behind: Running, ways: Ways, way: str
):
    async with asyncio.timeout(30), signed_in(getattr(ways, way)) as ann:
        body = {"message": "hello", "model": STALLED}
        async with ann.streaming(STREAM, body) as stream:
            begun = await stream.events(most=2)
            state = await ann.get(f"/api/v1/runs/{stream.run}")
            await ann.ask("POST", f"/api/v1/runs/{stream.run}/cancel")
            rest = await stream.events()

    assert [one.event["type"] for one in begun] == ["start", "chunk"]
    assert state["state"] == "running"
    assert rest[-1].event["finish_reason"] == "cancelled"


async def test_strangers_that_come_through_a_proxy_are_turned_away(ways: Ways):
    async with aiohttp.ClientSession(ways.ours) as session:
        for path, body in ((STREAM, {"message": "hi"}), ("/api/v1/query", {"query": "hi"})):
            async with session.post(path, json=body) as response:
                assert (response.status, (await response.json())["code"]) == (401, "unauthorized")


async def test_a_browser_that_came_by_https_gets_a_cookie_for_https_alone(ways: Ways):
    headers = {"Origin": ways.encrypted.replace("http", "https"), "X-Sluice-Request": "page"}
    async with signed_in(ways.encrypted) as ann, aiohttp.ClientSession(ways.encrypted) as page:
        cookie = await cookie_session(ways.encrypted, await name_of(ann), page)
        headers["Cookie"] = f"{cookie.key}={cookie.value}"
        said = {"message": "hello", "model": "demo/n=3,delay=0ms"}
        async with page.post(STREAM, json=said, headers=headers) as response:
            text = await response.text()
        elsewhere = {**headers, "Origin": "https://evil.test"}
        async with page.post(STREAM, json=said, headers=elsewhere) as refused:
            pass

    assert cookie.key == "__Host-sluice_session"
    assert (cookie["secure"], cookie["httponly"], cookie["path"]) == (True, True, "/")
    assert cookie["samesite"].lower() == "lax"
    assert (response.status, '"type":"end"' in text) == (200, True)
    assert refused.status == 403


@pytest.mark.parametrize("way", ["by http", "by a proxy that nobody trusts"])
async def test_any_other_cookie_is_not_marked_as_one_for_https(ways: Ways, wary: str, way: str):
    url = ways.ours if way == "by http" else wary
    async with signed_in(url) as ann, aiohttp.ClientSession(url) as page:
        cookie = await cookie_session(url, await name_of(ann), page)

    assert (cookie.key, cookie["secure"]) == ("sluice_session", "")


async def test_a_login_is_listed_with_the_address_behind_the_proxy(ways: Ways):
    async with signed_in(ways.ours) as ann:
        (login,) = (await ann.get("/api/v1/auth/sessions"))["items"]

    assert login["address"] == "127.0.0.1"
