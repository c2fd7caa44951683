"""Many at once, some of them badly behaved; and nothing is left when they have gone."""

import asyncio
import json
import resource
import socket
from collections.abc import Iterator

import psutil
import pytest

from tests.conftest import Running, Serve
from tests.transports.client import Wire, fetch, gauge, until_gauge
from tests.transports.driver import until

pytestmark = pytest.mark.load

QUERY = "/api/v1/query/stream"
MIB = 1 << 20
FILES = 4096


@pytest.fixture(autouse=True)
def files() -> Iterator[None]:
    """As many sockets as the tests need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, FILES), hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def until_quiet(server: Running, files: int) -> None:
    """Wait until no run, follower or connection is left."""
    await until_gauge(server.port, "sluice_runs_live", 0)
    await until_gauge(server.port, "sluice_followers_live", 0)
    process = psutil.Process(server.process.pid)
    await until(lambda: process.num_fds() <= files + 1)  # the connection that asks


async def ask(server: Running, number: int) -> bool:
    """Whether client `number` gets its own text, whole and once."""
    body = {"query": f"I am number {number}.", "model": "demo/n=20,delay=50ms"}
    wire = await fetch(server.port, QUERY, body)
    first, *content, last = wire.events
    text = "".join(event["chunk"] for event in content)
    lengths = [event["accumulated_length"] for event in content]
    return (
        first["type"] == "start"
        and last["full_response"] == text
        and lengths[-1] == len(text)
        and f"number {number}." in text
    )


async def test_a_thousand_clients_each_get_their_own_text(serve: Serve):
    server = serve()
    await fetch(server.port, "/health")
    process = psutil.Process(server.process.pid)
    before = process.num_fds()
    whole = await asyncio.gather(*(ask(server, number) for number in range(1000)))

    assert whole == [True] * 1000
    await until_quiet(server, before)


async def test_clients_that_never_read_slow_nobody_and_take_little_memory(serve: Serve):
    server = serve(SLUICE_STALL="5", SLUICE_DISCONNECT_GRACE="0")
    await ask(server, 0)
    process = psutil.Process(server.process.pid)
    files, memory = process.num_fds(), process.memory_info().rss
    deaf = [silent(server, json.dumps({"query": "x", "model": "demo/n=3000,delay=1ms"}))
            for _ in range(200)]  # fmt: skip
    try:
        whole = await asyncio.gather(*(ask(server, number) for number in range(50)))
        assert whole == [True] * 50
        assert process.memory_info().rss - memory < 200 * MIB
    finally:
        for one in deaf:
            one.close()
    await until_quiet(server, files)


def silent(server: Running, body: str) -> socket.socket:
    """A client that asks, and never reads."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.connect(("127.0.0.1", server.port))
    found.sendall(
        f"POST {QUERY} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return found


async def test_clients_that_leave_in_the_middle_leave_nothing_behind(serve: Serve):
    server = serve(SLUICE_DISCONNECT_GRACE="0.2")
    await fetch(server.port, "/health")
    files = psutil.Process(server.process.pid).num_fds()

    async def leave(number: int) -> None:
        async with Wire(server.port) as wire:
            await wire.send(QUERY, {"query": "x", "model": "demo/n=20,delay=20ms"})
            await wire.head()
            for _ in range(number % 8):
                await wire.chunk()

    await asyncio.gather(*(leave(number) for number in range(400)))
    await until_quiet(server, files)


async def test_memory_stays_flat_over_ten_thousand_runs(serve: Serve):
    server = serve(SLUICE_RUN_RETENTION="1", SLUICE_LOG_MEMORY="4MiB")
    process = psutil.Process(server.process.pid)
    body = {"query": "x " * 100, "model": "demo/n=5,delay=0ms"}

    async def client(runs: int) -> None:
        for _ in range(runs):
            async with Wire(server.port) as wire:
                await wire.send(QUERY, body)
                await wire.head()
                await wire.rest()

    sizes: list[int] = []
    for _ in range(2):
        await asyncio.gather(*(client(250) for _ in range(20)))
        sizes.append(process.memory_info().rss)
    assert sizes[1] - sizes[0] < 6 * MIB
    assert await gauge(server.port, "sluice_log_memory_bytes") <= 4 * MIB
