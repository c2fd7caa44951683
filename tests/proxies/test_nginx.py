"""Streams through a real nginx: judged by what has come while the answer is still being written."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import aiohttp
import pytest
from websockets.asyncio.client import connect

from tests.clients.running import Done, run
from tests.conftest import Running, free_port, running, sluice_command
from tests.proxies.nginx import example, serving, site

pytestmark = pytest.mark.clients

STREAM = "/api/v1/query/stream"
STALLED = "demo/n=3,delay=0ms,stall=60s@1"  # says one token, and no more within any patience

UPGRADE = (
    "proxy_http_version 1.1;",
    "proxy_set_header Upgrade $http_upgrade;",
    'proxy_set_header Connection "upgrade";',
)
GZIP = ("gzip on;", "gzip_types text/event-stream;", "gzip_proxied any;", "gzip_min_length 1;")
DEAF = ("proxy_ignore_headers X-Accel-Buffering;",)


class Ways(NamedTuple):
    """Addresses of the same server, each through nginx.

    `plain`      as nginx comes: with buffering, HTTP/1.0, and no WebSockets
    `deaf`       the same, and told to ignore what the server says of buffering
    `upgrading`  as it comes, with WebSockets
    `ours`       by our own example
    `gzip`       compresses everything
    """

    plain: str
    deaf: str
    upgrading: str
    ours: str
    gzip: str


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The server behind all of them; it is told what `deploy/nginx.conf` says it needs."""
    settings = {
        "SLUICE_ALLOW_ANONYMOUS": "true",
        "SLUICE_TRUSTED_PROXIES": "127.0.0.1",
        "SLUICE_DISCONNECT_GRACE": "0",
    }
    with running(tmp_path_factory.mktemp("behind"), **settings) as found:
        yield found


@pytest.fixture(scope="module")
def ways(behind: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    ports = Ways(*(str(free_port()) for _ in Ways._fields))
    sites = (
        site(int(ports.plain), behind.port),
        site(int(ports.deaf), behind.port, *DEAF),
        site(int(ports.upgrading), behind.port, *UPGRADE),
        example(int(ports.ours), behind.port),
        site(int(ports.gzip), behind.port, *UPGRADE, *GZIP),
    )
    folder = tmp_path_factory.mktemp("nginx") / "prefix"
    with serving(folder, int(ports.plain), "\n".join(sites)):
        yield Ways(*(f"http://127.0.0.1:{port}" for port in ports))


async def words(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    async for line in response.content:
        if line.startswith(b"data: {"):
            yield json.loads(line.removeprefix(b"data: "))


async def state(server: Running, run_id: str, how: str = "GET", verb: str = "") -> dict[str, Any]:
    """What the server itself says of a run, without nginx between."""
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.request(how, f"/api/v1/runs/{run_id}{verb}") as response,
    ):
        return await response.json()


@pytest.mark.parametrize("way", ["plain", "deaf", "ours"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", STREAM, {"query": "hi", "model": STALLED}),
        ("POST", "/api/stream/chat", {"user_input": "hi", "model": STALLED}),
        ("GET", f"/api/stream/chat-get?user_input=hi&model={STALLED}", None),
    ],
)
async def test_the_first_token_arrives_before_the_last_is_written(
    behind: Running, ways: Ways, way: str, method: str, path: str, body: dict[str, str] | None
):
    async with (
        asyncio.timeout(30),
        aiohttp.ClientSession(getattr(ways, way)) as session,
        session.request(method, path, json=body) as response,
    ):
        said = words(response)
        first = await anext(said)
        while not first.get("chunk"):
            first = await anext(said)
        found = await state(behind, response.headers["X-Run-Id"])
        await state(behind, response.headers["X-Run-Id"], "POST", "/cancel")
        rest = [word async for word in said]

    assert (found["state"], found["text_length"]) == ("running", len(first["chunk"]))
    assert [word["finish_reason"] for word in rest] == ["cancelled"]


@pytest.mark.parametrize("way", ["upgrading", "ours"])
async def test_a_websocket_passes_and_is_not_held_back(ways: Ways, way: str):
    address = getattr(ways, way).replace("http", "ws") + "/api/v1/query/ws"
    async with asyncio.timeout(30), connect(address, proxy=None) as socket:
        await socket.send(json.dumps({"query": "hi", "model": STALLED}))
        said = [json.loads(await socket.recv()) for _ in ("start", "content")]
        await socket.send('{"type":"cancel"}')
        said.append(json.loads(await socket.recv()))

    assert [word["type"] for word in said] == ["start", "content", "end"]
    assert said[-1]["finish_reason"] == "cancelled"


@pytest.mark.parametrize("way", ["plain", "ours"])
async def test_a_stream_is_resumed_through_nginx(ways: Ways, way: str):
    body = {"query": "hi", "model": "demo/n=5,delay=0ms"}
    async with aiohttp.ClientSession(getattr(ways, way)) as session:
        async with session.post(STREAM, json=body) as response:
            whole = (await response.text()).partition("retry: 1000\n")[2].split("\n\n")
        id = whole[2].partition("\n")[0].removeprefix("id: ")
        async with session.post(STREAM, json={}, headers={"Last-Event-ID": id}) as response:
            rest = (await response.text()).partition("retry: 1000\n")[2].split("\n\n")

    assert rest == whole[3:]


@pytest.mark.parametrize("way", ["plain", "ours"])
async def test_a_client_that_leaves_nginx_ends_its_run(behind: Running, ways: Ways, way: str):
    async with (
        asyncio.timeout(30),
        aiohttp.ClientSession(getattr(ways, way)) as session,
    ):
        async with session.post(STREAM, json={"query": "hi", "model": STALLED}) as response:
            await anext(words(response))
            run_id = response.headers["X-Run-Id"]
        while (found := await state(behind, run_id))["state"] == "running":
            continue  # each look is a request of its own

    assert found["state"] == "cancelled"


async def checked(url: str) -> Done:
    """`sluice check`, as an operator has it."""
    return await run(*sluice_command(), "check", url, "--json", check=False)


def troubles(done: Done) -> list[str]:
    """What it found wrong."""
    found = json.loads(done.out)["checks"]
    return [one["detail"] for one in found if one["state"] == "failed"]


@pytest.mark.parametrize("way", ["upgrading", "ours"])
async def test_the_check_finds_nothing_wrong_with_a_good_configuration(ways: Ways, way: str):
    done = await checked(getattr(ways, way))

    assert (done.code, troubles(done)) == (0, [])


@pytest.mark.parametrize(
    ("way", "named"),
    [
        ("gzip", "compressed on the way: Content-Encoding gzip to a client that offers gzip"),
        ("plain", "the WebSocket handshake is answered 426"),
    ],
)
async def test_the_check_names_what_a_bad_configuration_does_to_streams(
    ways: Ways, way: str, named: str
):
    done = await checked(getattr(ways, way))

    assert done.code == 1
    assert named in troubles(done)
