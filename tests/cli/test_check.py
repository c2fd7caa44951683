"""`sluice check`: a healthy server passes, and what stands before one in its way is named."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import aiohttp
import pytest
import typer
from aiohttp import web
from typer.testing import CliRunner
from yarl import URL

from sluice.cli.check import PROBES, Wanted, attempt, check, check_command, seconds
from sluice.cli.probes.base import Context, Note, Plan, Probe, Result
from sluice.cli.probes.judge import clumped, compressed, stripped
from sluice.cli.probes.wire import Frame, Frames, Target, Trouble
from sluice.cli.report import Report, show

DEMO = Plan("demo", demo=True, thrifty=False)
APP = typer.Typer()
APP.command()(check_command)


async def made(url: str, name: str, plan: Plan = DEMO, timeout: float = 20) -> Result:
    """One check of the table, made against this address."""
    (probe,) = [probe for probe in PROBES if f"{probe.group}: {probe.name}" == name]
    async with aiohttp.ClientSession(headers={"Accept-Encoding": "identity"}) as session:
        return await attempt(probe, Context(Target(session, URL(url)), plan), timeout)


# A healthy server


def test_a_healthy_server_passes_every_check(server: Any) -> None:
    outcome = CliRunner().invoke(APP, ["--json", server.url])
    report = json.loads(outcome.output)
    assert [one for one in report["checks"] if one["state"] == "failed"] == []
    skipped = [one["name"] for one in report["checks"] if one["state"] == "skipped"]
    assert skipped == ["silence is survived"]
    assert (outcome.exit_code, report["ok"], report["model"]) == (0, True, "demo")
    stream = next(one for one in report["checks"] if one["name"] == "stream (SSE)")
    assert set(stream["ms"]) == {"first_byte", "first_token", "gap", "gap_max", "last"}


async def test_a_silence_is_survived_where_nothing_cuts_it(server: Any) -> None:
    plan = Plan("demo", demo=True, thrifty=False, idle=0.5)
    assert (await made(server.url, "delivery: silence is survived", plan)).state == "ok"


def test_a_person_gets_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [
        Result("query", "stream", "ok", "20 pieces", ms={"first_byte": 1.2, "gap": 50.1}),
        Result("query", "cancel", "failed", "too [late]\x1b[2J", "hurry"),
        Result("flows", "ask", "skipped", "no model"),
    ]
    show(Report("http://there", False, None, "Answers cost money.", checks), as_json=False)
    assert [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()] == [
        ["query"],
        ["✓", "stream", "20", "pieces", "·", "first", "byte", "1", "ms", "·", "gap", "50", "ms"],
        ["✗", "cancel", "too", "[late][2J"],
        ["→", "hurry"],
        ["flows"],
        ["–", "ask", "no", "model"],
        ["Answers", "cost", "money."],
        ["1", "of", "3", "checks", "failed,", "1", "left", "out."],
    ]


# What stands in the way


Alter = Callable[[web.Request, aiohttp.ClientResponse], Awaitable[web.StreamResponse]]
OF_THE_HOP = {"host", "connection", "transfer-encoding", "content-length", "keep-alive", "date"}


def kept(headers: Mapping[str, str], without: set[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in without}


async def pass_on(
    request: web.Request, answer: aiohttp.ClientResponse, lost: set[str], coding: str = ""
) -> web.StreamResponse:
    """As it comes, without the lost headers, compressed if a coding is named."""
    headers = kept(answer.headers, OF_THE_HOP | lost)
    response = web.StreamResponse(status=answer.status, headers=headers)
    if coding:
        response.enable_compression(web.ContentCoding(coding))
    await response.prepare(request)
    async for data in answer.content.iter_any():
        await response.write(data)
    return response


async def buffer(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    headers = kept(answer.headers, OF_THE_HOP)
    return web.Response(status=answer.status, headers=headers, body=await answer.read())


async def compress(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    return await pass_on(request, answer, set(), "gzip")


async def compress_where_offered(
    request: web.Request, answer: aiohttp.ClientResponse
) -> web.StreamResponse:
    offered = "gzip" in request.headers.get("Accept-Encoding", "")
    return await pass_on(request, answer, set(), "gzip" if offered else "")


async def strip(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    return await pass_on(request, answer, {"cache-control", "x-run-id"})


async def eat_what_nginx_eats(
    request: web.Request, answer: aiohttp.ClientResponse
) -> web.StreamResponse:
    return await pass_on(request, answer, {"x-accel-buffering"})


async def relabel(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    return await buffer(request, answer) if answer.status != 200 else web.Response(text="Welcome")


@asynccontextmanager
async def proxy(
    upstream: str, alter: Alter, *, lost: frozenset[str] = frozenset()
) -> AsyncIterator[str]:
    """An HTTP proxy that alters answers, loses headers of requests, and knows no WebSockets."""

    async def handle(request: web.Request) -> web.StreamResponse:
        headers = kept(request.headers, OF_THE_HOP | {"upgrade"} | lost)
        async with session.request(
            request.method,
            f"{upstream}{request.path_qs}",
            headers=headers,
            data=await request.read(),
        ) as answer:
            return await alter(request, answer)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


@pytest.mark.parametrize(
    ("alter", "name", "plan", "said", "hint"),
    [
        (buffer, "delivery: events arrive one by one", DEMO, "all at once", "proxy_buffering off"),
        (
            buffer, "delivery: events arrive one by one", Plan(None, False, True), "all at once",
            "http-no-delay",
        ),
        (
            buffer, "delivery: the start does not wait for the model", DEMO, "held back",
            "proxy_buffering off",
        ),
        (buffer, "query: cancel", DEMO, "was over before", "proxy_buffering off"),
        (buffer, "query: WebSocket", DEMO, "handshake is answered", "Upgrade"),
        (
            compress, "delivery: no compression where none is asked", DEMO,
            "Content-Encoding gzip though the client asked for none", "gzip_types",
        ),
        (
            compress_where_offered, "delivery: no compression where it is offered", DEMO,
            "Content-Encoding gzip to a client that offers gzip", "gzip_types",
        ),
        (
            strip, "delivery: headers arrive", DEMO,
            "Cache-Control is missing; X-Run-Id is missing", "proxy_hide_header",
        ),
        (relabel, "query: stream (SSE)", DEMO, "text/plain, not text/event-stream", "Content-Type"),
    ],
)  # fmt: skip
async def test_what_a_proxy_does_to_streams_is_named(
    server: Any, alter: Alter, name: str, plan: Plan, said: str, hint: str
) -> None:
    async with proxy(server.url, alter) as url:
        result = await made(url, name, plan)
    assert result.state == "failed"
    assert said in result.detail
    assert hint in result.hint


@pytest.mark.parametrize(
    ("alter", "name"),
    [
        (compress_where_offered, "delivery: no compression where none is asked"),
        (compress, "query: stream (SSE)"),
        (eat_what_nginx_eats, "delivery: headers arrive"),
        (strip, "delivery: events arrive one by one"),
    ],
)
async def test_a_proxy_is_accused_of_nothing_else(server: Any, alter: Alter, name: str) -> None:
    async with proxy(server.url, alter) as url:
        result = await made(url, name)
    assert result.state == "ok", result


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("query: resume with Last-Event-ID", "Last-Event-ID"),
        ("query: an unknown run is gone", "Last-Event-ID"),
    ],
)
async def test_a_lost_request_header_is_named(server: Any, name: str, header: str) -> None:
    async with proxy(server.url, eat_what_nginx_eats, lost=frozenset({header.lower()})) as url:
        result = await made(url, name)
    assert result.state == "failed"
    assert header in result.hint


@asynccontextmanager
async def impatient_proxy(upstream: str, patience: float) -> AsyncIterator[str]:
    """A TCP proxy that closes a connection on which the server says nothing for too long."""
    target = URL(upstream)

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(None) as limit:
            while data := await reader.read(65_536):
                writer.write(data)
                limit.reschedule(asyncio.get_running_loop().time() + patience)

    async def requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)

    async def handle(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_connection(target.host, target.port)
        asking = asyncio.create_task(requests(near, forth))
        try:
            await answers(far, back)
        except TimeoutError:
            pass  # what this proxy is made for
        finally:
            asking.cancel()
            forth.close()
            back.close()

    proxy = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    finally:
        proxy.close()


async def test_a_proxy_that_cuts_idle_streams_is_named(server: Any) -> None:
    plan = Plan("demo", demo=True, thrifty=False, idle=5)
    async with impatient_proxy(server.url, 0.3) as url:
        result = await made(url, "delivery: silence is survived", plan)
    assert result.state == "failed"
    assert "idle streams are cut" in result.detail
    assert "proxy_read_timeout" in result.hint


# What is no Sluice at all


async def test_a_server_of_another_kind_fails_every_check_and_stops_none() -> None:
    async def welcome(_: web.Request) -> web.Response:
        return web.Response(text="Welcome")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", welcome)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = URL(f"http://127.0.0.1:{runner.addresses[0][1]}")
    report = await check(Wanted(url, "demo", None, 5, None), lambda _: nullcontext())
    await runner.cleanup()
    well = {one.name for one in report.checks if one.state == "ok"}
    assert len(report.checks) == len(PROBES)
    assert well == {"alive (/livez)", "ready (/readyz)"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "cannot check"),
        ("ftp://there.example", "no http or https URL"),
        ("http://", "no http or https URL"),
        ("http://me:secret@127.0.0.1:1", "a token goes into --token"),
    ],
)
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_where_nothing_answers_the_exit_code_is_2(url: str, said: str, flags: list[str]) -> None:
    outcome = CliRunner().invoke(APP, [*flags, url])
    assert outcome.exit_code == 2
    assert said in outcome.stderr
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Trouble("it is bent", "straighten it"), "it is bent"),
        (ConnectionResetError(), "the connection broke off in the middle of the answer"),
        (aiohttp.ClientPayloadError(), "the connection broke off in the middle of the answer"),
        (TimeoutError(), "not done within 9 s"),
        (ValueError("chunk too big"), "ValueError: chunk too big"),
    ],
)
async def test_whatever_happens_in_a_check_stays_in_its_result(fault: Exception, said: str) -> None:
    async def run(_: Context) -> Note:
        raise fault

    async with aiohttp.ClientSession() as session:
        context = Context(Target(session, URL("http://127.0.0.1:1")), DEMO)
        result = await attempt(Probe("any", "one", "nothing", run), context, 9)
    assert (result.state, result.detail) == ("failed", said)


# What may be asked


PAID = Plan(None, demo=False, thrifty=True)
REAL = Plan("openai/gpt-4o-mini", demo=False, thrifty=False)


@pytest.mark.parametrize(
    ("plan", "allowed"),
    [
        (DEMO, ["nothing", "once", "generation", "demo"]),
        (Plan("demo", True, False, idle=40), ["nothing", "once", "generation", "demo", "idle"]),
        (REAL, ["nothing", "once", "generation"]),
        (PAID, ["nothing", "once"]),
    ],
)
def test_no_more_is_asked_than_somebody_wants_to_pay_for(plan: Plan, allowed: list[str]) -> None:
    needs = ("nothing", "once", "generation", "demo", "idle")
    assert [need for need in needs if not plan.why_not(need)] == allowed


@pytest.mark.parametrize(
    ("plan", "options"),
    [
        (DEMO, {"model": "demo/n=3"}),
        (REAL, {"model": "openai/gpt-4o-mini", "max_tokens": 16}),
        (PAID, {"max_tokens": 16}),
    ],
)
def test_a_paid_answer_is_a_short_one(plan: Plan, options: dict[str, object]) -> None:
    assert plan.options("n=3") == options


def test_at_most_one_check_is_made_where_answers_cost_money() -> None:
    assert [probe.name for probe in PROBES if probe.need == "once"] == ["stream (SSE)"]


# The judgements


def every(gap: float, count: int = 20) -> list[float]:
    return [gap * number for number in range(count)]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (every(0.05), None),
        (every(0.006), None),  # late and hurried, but each by itself
        ([*every(0.05, 12), *[0.6] * 8], None),  # a busy machine, for a while
        ([1.0] * 20, "all at once"),
        ([0.001 * number for number in range(20)], "all at once"),
        ([float(number // 5) for number in range(20)], "in 4 lumps"),
        ([0.0, 1.0], "only 2 events"),
        ([], "only 0 events"),
    ],
)
def test_events_that_come_together_are_told_from_events_in_their_time(
    times: list[float], said: str | None
) -> None:
    trouble = clumped(times, 0.05)
    assert (trouble is None) if said is None else (trouble is not None and said in trouble.text)


GOOD = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Run-Id": "1",
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"Cache-Control": "no-cache"}, "Cache-Control is 'no-cache'"),
        ({"Content-Type": "text/event-stream"}, "Content-Type is 'text/event-stream'"),
    ],
)
def test_a_changed_header_is_named(changed: dict[str, str], said: str | None) -> None:
    trouble = stripped(GOOD | changed)
    assert (trouble is None) if said is None else (trouble is not None and said in trouble.text)


@pytest.mark.parametrize(
    ("headers", "fine"),
    [({}, True), ({"Content-Encoding": "identity"}, True), ({"Content-Encoding": "br"}, False)],
)
def test_only_a_real_coding_is_compression(headers: dict[str, str], fine: bool) -> None:
    assert (compressed(headers, "gzip") is None) is fine


SSE = "retry: 1000\nid: r:1\ndata: é\n\n: keep-alive\n\ndata: [DONE]\n\n".encode()


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("data", [SSE, SSE.replace(b"\n", b"\r\n")])
def test_frames_are_found_wherever_the_bytes_are_cut(data: bytes, size: int) -> None:
    frames = Frames()
    found = [
        frame for at in range(0, len(data), size) for frame in frames.feed(data[at : at + size])
    ]
    assert found == [
        Frame(id="r:1", data="é", retry="1000"),
        Frame(comment=True),
        Frame(data="[DONE]"),
    ]


@pytest.mark.parametrize(("text", "value"), [("40s", 40), ("500ms", 0.5), ("1m", 60), ("2.5", 2.5)])
def test_a_duration_has_a_unit_or_is_in_seconds(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "-1s", "nan"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        seconds(text)
