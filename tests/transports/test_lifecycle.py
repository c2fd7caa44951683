"""A server's life as a process: what stops the start, and how it goes down."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import STARTUP, Serve, environment, free_port, sluice_command
from tests.transports.client import Wire, fetch, until_draining

QUERY = "/api/v1/query/stream"


def start(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Start a server that is not to come up."""
    return subprocess.run(
        [*sluice_command(), "serve", *arguments],
        cwd=folder, env=environment(**settings), capture_output=True, text=True,
        timeout=STARTUP,
        check=False,
    )  # fmt: skip


async def stopped(server: object) -> int:
    return await asyncio.to_thread(server.process.wait, STARTUP)  # type: ignore[attr-defined]


async def test_a_running_stream_may_finish_while_nothing_new_begins(serve: Serve):
    server = serve(SLUICE_DRAIN="30")
    async with Wire(server.port) as wire, Wire(server.port) as other:
        await wire.send(QUERY, {"query": "hi", "model": "demo/n=4,first=0ms,delay=0ms,stall=2s@2"})
        await wire.head()
        await wire.until(b'"content"')
        server.process.send_signal(signal.SIGTERM)
        await until_draining(server.port)
        await other.send(QUERY, {"query": "hi"})
        await other.head()
        assert other.status == 503
        assert int(other.headers["retry-after"]) >= 1
        assert json.loads(await other.rest())["code"] == "overloaded"
        await wire.rest()
    assert wire.events[-1]["finish_reason"] == "stop"
    assert await stopped(server) == 0


async def test_a_stream_that_takes_too_long_is_interrupted_with_what_it_has(serve: Serve):
    server = serve(SLUICE_DRAIN="0.2", SLUICE_LOG_FORMAT="json")
    async with Wire(server.port) as wire:
        await wire.send(QUERY, {"query": "hi", "model": "demo/n=4,first=0ms,delay=60s"})
        await wire.head()
        await wire.until(b'"content"')
        server.process.send_signal(signal.SIGTERM)
        await wire.rest()
    assert [event["type"] for event in wire.events] == ["start", "content", "error"]
    assert wire.events[-1]["code"] == "interrupted"
    assert await stopped(server) == 0
    (line,) = [line for line in log(server) if line["event"] == "run"]
    assert (line["outcome"], line["tokens_out"]) == ("interrupted", 1)


def log(server: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in server.log.read_text().splitlines()]  # type: ignore[attr-defined]


async def test_a_second_signal_stops_at_once(serve: Serve):
    server = serve(SLUICE_DRAIN="600")
    async with Wire(server.port) as wire:
        await wire.send(QUERY, {"query": "hi", "model": "demo/first=60s"})
        await wire.head()
        server.process.send_signal(signal.SIGTERM)
        await until_draining(server.port)
        server.process.send_signal(signal.SIGTERM)
        assert await stopped(server) == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_server_stops_at_once_and_well(serve: Serve, number: int):
    server = serve()
    async with Wire(server.port) as idle:
        await idle.send("/livez")
        await idle.head()
        await idle.rest()
        server.process.send_signal(number)
        assert await stopped(server) == 0
    assert "Traceback" not in server.log.read_text()


WRONG = [
    ({"SLUICE_MAX_RUNS": "many"}, "SLUICE_MAX_RUNS"),
    ({"SLUICE_TRUSTED_PROXIES": "nobody"}, "SLUICE_TRUSTED_PROXIES"),
    ({"SLUICE_PRICES": "x"}, "SLUICE_PRICES"),
    ({"SLUICE_FALLBACKS": "demo/odd=1"}, "SLUICE_FALLBACKS"),
    ({"SLUICE_FLOWS": "nowhere.py"}, "SLUICE_FLOWS"),
]


@pytest.mark.parametrize(("given", "name"), WRONG)
def test_a_wrong_setting_stops_the_start_with_one_line(
    tmp_path: Path, given: dict[str, str], name: str
):
    done = start(tmp_path, "--port", str(free_port()), **given)
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if line] == [done.stderr.strip()]
    assert name in done.stderr


def test_a_taken_port_stops_the_start_with_one_line_that_names_it(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = start(tmp_path, "--port", str(port))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(port) in done.stderr


async def test_one_server_listens_on_several_ports_and_on_both_loopbacks(serve: Serve):
    more = free_port()
    server = serve("--port", str(more))
    for port in (server.port, more):
        assert (await fetch(port, "/livez")).status == 200
        async with Wire(port, "::1") as wire:
            await wire.send("/livez", Host=f"[::1]:{port}")
            await wire.head()
            assert wire.status == 200
    assert str(more) in server.out.read_text()


async def test_few_files_mean_few_runs_and_a_line_that_says_so(tmp_path: Path):
    port = free_port()
    command = f"ulimit -n 200; exec {sys.executable} -m sluice serve --port {port}"
    process = await asyncio.create_subprocess_shell(
        command, cwd=tmp_path, env=environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        said = ""
        while "SLUICE_MAX_RUNS is cut to 68" not in said:
            line = await process.stdout.readline()
            assert line, said
            said += line.decode()
    finally:
        process.terminate()
        await process.communicate()
