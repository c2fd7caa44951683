"""The one loop from socket to events, against a server that says exactly the given bytes."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Coroutine, Sequence

import aiohttp
import pytest
from stub import CLOSE, END, HANG, HEAD, ONCE, RESET, Line, deaf, part, reply, say, stub, unused

from sluice.core.errors import (
    ProviderAuth,
    ProviderBadResponse,
    ProviderError,
    ProviderModelNotFound,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)
from sluice.core.events import Attempt, Event, Finished, TextDelta, Usage
from sluice.core.messages import Message, Prompt
from sluice.core.ports import Enough
from sluice.providers.gemini import Gemini
from sluice.providers.http import HttpSource, list_models, open_session
from sluice.providers.openai import OpenAI
from sluice.providers.wire import Patience

KEY = "sk-very-secret-0123456789"
PROMPT = Prompt("m", (Message("user", "Hi"),))
SHORT = Patience(connect=0.2, first_byte=0.2, first_byte_last=0.2, silence=0.2, finish=0.1)
LONG = Patience(connect=60, first_byte=60, first_byte_last=60, silence=60, finish=60)

READ = 0.05  # seconds in which the client reads what would else come together with the next
DONE = part(b"data: [DONE]\n\n")
FIGURES = {"prompt_tokens": 3, "completion_tokens": 2}
USAGE = say(usage=FIGURES)
HTML = "Content-Type: text/html"
JSON = "Content-Type: application/json"
PLAIN = HEAD.replace(b"text/event-stream", b"text/plain")
UNTYPED = HEAD.replace(b"Content-Type: text/event-stream\r\n", b"")
UNTIL_CLOSE = HEAD.replace(b"Transfer-Encoding: chunked\r\n", b"")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


def start(
    session: aiohttp.ClientSession, url: str, attempt: Attempt, batches: list[Sequence[Event]],
    patience: Patience = LONG, last: bool = True,
) -> Coroutine[None, None, None]:  # fmt: skip
    source = HttpSource(OpenAI(url, KEY), session)
    return source.attempt(PROMPT, attempt, patience, last, batches.append)


async def ask(
    session: aiohttp.ClientSession, url: str, patience: Patience = LONG, last: bool = True
) -> tuple[list[Event], ProviderError | None, Attempt]:
    """The events, the error that ended them, and what the attempt says of itself."""
    attempt = Attempt("openai/m")
    batches: list[Sequence[Event]] = []
    problem: ProviderError | None = None
    try:
        await start(session, url, attempt, batches, patience, last)
    except ProviderError as error:
        problem = error
    assert all(batches)
    return [event for batch in batches for event in batch], problem, attempt


WHOLE: list[Line] = [HEAD, say("Hi"), say("!"), say(None, "stop"), USAGE, DONE, END]
ANSWER = [TextDelta("Hi"), TextDelta("!"), Usage(3, 2), Finished("stop")]


async def test_an_answer_becomes_events_and_its_usage_is_noted(
    session: aiohttp.ClientSession,
) -> None:
    async with stub(*WHOLE) as server:
        events, error, attempt = await ask(session, server.url)
    assert (events, error, attempt.usage, attempt.malformed) == (ANSWER, None, Usage(3, 2), 0)
    [(head, body)] = server.requests
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}\r\n".encode() in head
    assert b"Accept-Encoding: identity\r\n" in head
    assert KEY.encode() not in body


@pytest.mark.parametrize(
    "lines",
    [
        [PLAIN, *WHOLE[1:]],
        [UNTYPED, *WHOLE[1:]],
        [HEAD + b"".join(line for line in WHOLE[1:] if isinstance(line, bytes))],
        [HEAD, say("Hi"), say("!"), say(None, "stop", usage=FIGURES), HANG],
        [HEAD, say("Hi"), say("!"), say(None, "stop"), USAGE, HANG],
        [HEAD, say("Hi"), say("!"), say(None, "stop"), USAGE, END],
        [HEAD, say("Hi"), say("!", "stop"), USAGE, b"ffff\r\ndata: {", CLOSE],
        [HEAD, say("Hi"), say("!", "stop"), USAGE, READ, RESET],
        [HEAD, say("Hi"), say("!", "stop"), USAGE, READ, b"not a chunk\r\n", CLOSE],
        [HEAD, part(b": ping\n\n"), READ, say("Hi"), say("!", "stop"), USAGE, DONE, END],
    ],
    ids=["text/plain", "no type", "one write", "then hangs", "no [DONE], hangs", "no [DONE]",
         "cut at the end", "reset at the end", "nonsense at the end", "ping"],
)  # fmt: skip
async def test_an_answer_is_complete_after_its_finish_reason(
    session: aiohttp.ClientSession, lines: list[Line]
) -> None:
    async with stub(*lines) as server:
        events, error, attempt = await ask(session, server.url, SHORT)
    assert (events, error, attempt.usage) == (ANSWER, None, Usage(3, 2))


async def test_text_in_the_read_with_the_finish_reason_does_not_wait_for_the_end(
    session: aiohttp.ClientSession,
) -> None:
    async with stub(HEAD + say("Hi", "stop"), HANG) as server:
        batches: list[Sequence[Event]] = []
        task = asyncio.create_task(start(session, server.url, Attempt("m"), batches))
        await soon(server.hanging)
        await let_the_loop_read()
        assert batches == [[TextDelta("Hi")]]
        task.cancel()
        await soon(server.gone)


HI = [HEAD, say("Hi")]
REDIRECT = reply("302 Found", b"", "Location: http://127.0.0.1:1/")
UNAUTHORIZED = reply("401 Unauthorized", b'{"error":{"message":"no"}}', JSON)
BUSY = reply("429 Too Many Requests", b"{}", JSON, "Retry-After: 7")
NO_MODEL = reply("404 Not Found", b'{"error":{"message":"no model m"}}', JSON)
STREAM_ERROR = part(b'data: {"error":{"message":"x","type":"rate_limit_error"}}\n\n')
NONSENSE = part(b"data: {nonsense\n\n")

FAILURES: dict[str, tuple[list[Line], list[Event], type[ProviderError]]] = {
    "a redirect": ([REDIRECT], [], ProviderBadResponse),
    "a page": ([reply("200 OK", b"<html>hello", HTML)], [], ProviderBadResponse),
    "no stream": ([reply("200 OK", b'{"choices":[]}', JSON)], [], ProviderBadResponse),
    "no stream, broken": ([reply("200 OK", b'{"choices":[', JSON)], [], ProviderBadResponse),
    "no content": ([reply("204 No Content")], [], ProviderBadResponse),
    "no HTTP": ([b"SSH-2.0-OpenSSH\r\n\r\n", CLOSE], [], ProviderBadResponse),
    "a refusal": ([UNAUTHORIZED], [], ProviderAuth),
    "no such model": ([NO_MODEL], [], ProviderModelNotFound),
    "a refusal as a success": (
        [reply("200 OK", b'{"error":{"code":"invalid_api_key"}}', JSON)], [], ProviderAuth),
    "a refusal without end": (
        [UNAUTHORIZED.replace(b"Content-Length: 26", b"Content-Length: 99"), HANG],
        [], ProviderAuth),
    "a refusal that is huge": (
        [b"HTTP/1.1 500 X\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 200_000, HANG],
        [], ProviderUnavailable),
    "slow down": ([BUSY], [], ProviderRateLimited),
    "no answer": ([CLOSE], [], ProviderUnavailable),
    "a reset": ([RESET], [], ProviderUnavailable),
    "no headers": ([HANG], [], ProviderTimeout),
    "no body": ([HEAD, HANG], [], ProviderTimeout),
    "an empty body": ([HEAD, END], [], ProviderUnavailable),
    "silence": ([*HI, HANG], [TextDelta("Hi")], ProviderTimeout),
    "a cut": ([*HI, CLOSE], [TextDelta("Hi")], ProviderUnavailable),
    "a reset in the middle": ([*HI, READ, RESET], [TextDelta("Hi")], ProviderUnavailable),
    "an end too early": ([*HI, END], [TextDelta("Hi")], ProviderUnavailable),
    "a close too early": (
        [UNTIL_CLOSE, b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n', CLOSE],
        [TextDelta("Hi")], ProviderUnavailable),
    "nonsense twice": ([*HI, NONSENSE, NONSENSE, HANG], [TextDelta("Hi")], ProviderBadResponse),
    "no chunks": ([*HI, READ, b"nonsense\r\n", HANG], [TextDelta("Hi")], ProviderBadResponse),
    "an error": ([*HI, STREAM_ERROR, HANG], [TextDelta("Hi")], ProviderRateLimited),
    "an error in the same read": (
        [HEAD + say("Hi") + STREAM_ERROR, HANG], [TextDelta("Hi")], ProviderRateLimited),
    "an endless line": (
        [*HI, *[part(b"x" * 65_536)] * 65, HANG], [TextDelta("Hi")], ProviderBadResponse),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_is_one_of_our_errors_and_closes_the_connection(
    session: aiohttp.ClientSession, name: str
) -> None:
    lines, expected, kind = FAILURES[name]
    async with stub(*lines) as server:
        events, error, _ = await ask(session, server.url, SHORT)
        assert (events, type(error)) == (expected, kind)
        assert KEY not in "".join(traceback.format_exception(error))
        if HANG in lines:
            await soon(server.gone)


async def soon(event: asyncio.Event) -> None:
    async with asyncio.timeout(1):
        await event.wait()


async def test_a_wait_that_the_provider_asks_for_is_handed_on(
    session: aiohttp.ClientSession,
) -> None:
    async with stub(BUSY) as server:
        _, error, _ = await ask(session, server.url)
    assert error is not None
    assert error.retry_after == 7.0


async def test_what_a_failed_answer_cost_is_noted(session: aiohttp.ClientSession) -> None:
    async with stub(HEAD, NONSENSE, say("Hi", usage=FIGURES), CLOSE) as server:
        _, error, attempt = await ask(session, server.url)
    assert isinstance(error, ProviderUnavailable)
    assert (attempt.usage, attempt.malformed) == (Usage(3, 2), 1)


async def test_a_first_byte_is_waited_for_longer_where_no_fallback_is_left(
    session: aiohttp.ClientSession,
) -> None:
    patience = Patience(first_byte=0.05, first_byte_last=30, silence=0.05)
    async with stub(0.3, *WHOLE) as server:
        _, error, _ = await ask(session, server.url, patience, last=False)
        assert isinstance(error, ProviderTimeout)
        events, error, _ = await ask(session, server.url, patience, last=True)
        assert (events, error) == (ANSWER, None)


async def test_pings_are_life(session: aiohttp.ClientSession) -> None:
    pings: list[Line] = [0.1, part(b": ping\n\n")] * 5
    async with stub(HEAD, say("Hi"), *pings, *WHOLE[2:]) as server:
        patience = Patience(first_byte_last=0.35, silence=0.35)
        events, error, _ = await ask(session, server.url, patience)
    assert (events, error) == (ANSWER, None)


async def test_nobody_there_and_nobody_answering_are_told_apart(
    session: aiohttp.ClientSession,
) -> None:
    _, error, _ = await ask(session, unused(), SHORT)
    assert isinstance(error, ProviderUnavailable)
    async with deaf() as url:
        _, error, _ = await ask(session, url, SHORT)
    assert isinstance(error, ProviderTimeout)


PHASES: dict[str, list[Line]] = {
    "waiting for headers": [HANG],
    "waiting for the first token": [HEAD, HANG],
    "between tokens": [HEAD, say("Hi"), HANG],
    "waiting for the end": [HEAD, say("Hi"), say(None, "stop"), HANG],
    "reading a refusal": [b"HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nx", HANG],
}


@pytest.mark.parametrize("name", PHASES)
async def test_a_cancel_in_any_phase_closes_the_connection(
    session: aiohttp.ClientSession, name: str
) -> None:
    async with stub(*PHASES[name]) as server:
        task = asyncio.create_task(ask(session, server.url))
        await soon(server.hanging)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await soon(server.gone)


async def test_a_cancel_while_connecting_ends_at_once(session: aiohttp.ClientSession) -> None:
    async with deaf() as url:
        task = asyncio.create_task(ask(session, url))
        async with asyncio.timeout(1):
            await asyncio.wait([task], timeout=0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_who_has_enough_at_a_token_closes_the_connection(
    session: aiohttp.ClientSession,
) -> None:
    def enough(batch: Sequence[Event]) -> None:
        raise Enough

    async with stub(HEAD, say("Hi"), HANG) as server:
        source = HttpSource(OpenAI(server.url, KEY), session)
        with pytest.raises(Enough):
            await source.attempt(PROMPT, Attempt("m"), LONG, True, enough)
        await soon(server.gone)


@pytest.mark.parametrize(
    "lines",
    [WHOLE, [*WHOLE[:-1], 0.02, END], [reply("429 X", b"{}")], [UNAUTHORIZED]],
    ids=["an answer", "an end that comes late", "a refusal", "another"],
)
async def test_a_connection_is_used_again(
    session: aiohttp.ClientSession, lines: list[Line]
) -> None:
    async with stub(*lines) as server:
        for _ in range(3):
            server.said.clear()
            await ask(session, server.url)
            await soon(server.said)
            await let_the_loop_read()
        assert (len(server.requests), server.connections) == (3, 1)


async def test_a_kept_connection_that_is_dead_is_replaced_at_once(
    session: aiohttp.ClientSession,
) -> None:
    async with stub(*WHOLE, ONCE) as server:
        for _ in range(3):
            events, error, _ = await ask(session, server.url)
            assert (events, error) == (ANSWER, None)
        assert (len(server.requests), server.connections) == (5, 3)


async def test_a_request_that_a_new_connection_swallows_is_not_sent_again(
    session: aiohttp.ClientSession,
) -> None:
    async with stub(CLOSE) as server:
        _, error, _ = await ask(session, server.url)
    assert isinstance(error, ProviderUnavailable)
    assert len(server.requests) == 1


async def let_the_loop_read() -> None:
    """What has been written on loopback is there; reading it takes the loop a round or two."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_answer_whose_body_never_ends_is_closed(session: aiohttp.ClientSession) -> None:
    async with stub(HEAD, say("Hi", "stop"), DONE, HANG) as server:
        events, error, _ = await ask(session, server.url, SHORT)
        assert (events, error) == ([TextDelta("Hi"), Finished("stop")], None)
        await soon(server.gone)


async def test_gemini_ends_with_its_body(session: aiohttp.ClientSession) -> None:
    chunk = b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}%b}]}\r\n\r\n'
    lines = [HEAD, part(chunk % b""), part(chunk % b',"finishReason":"STOP"'), END]
    async with stub(*lines) as server:
        source = HttpSource(Gemini(server.url, KEY), session)
        said: list[Event] = []
        await source.attempt(PROMPT, Attempt("m"), LONG, True, said.extend)
    assert said == [
        TextDelta("Hi"), TextDelta("Hi"), Finished("stop"),
    ]  # fmt: skip
    assert server.requests[0][0].startswith(b"POST /v1/models/m:streamGenerateContent?alt=sse ")


async def test_the_local_servers_models_are_listed(session: aiohttp.ClientSession) -> None:
    async with stub(reply("200 OK", b'{"data":[{"id":"a"},{"id":"b"}]}', JSON)) as server:
        assert await list_models(session, server.url, KEY) == ["a", "b"]
        assert await list_models(session, server.url.removesuffix("/v1"), None) == ["a", "b"]
    (head, _), (bare, _) = server.requests
    assert head.startswith(b"GET /v1/models ")
    assert KEY.encode() in head
    assert b"Authorization" not in bare


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([UNAUTHORIZED], ProviderAuth),
        ([REDIRECT], ProviderBadResponse),
        ([reply("200 OK", b"<html>", HTML)], ProviderBadResponse),
        ([CLOSE], ProviderUnavailable),
    ],
)
async def test_a_list_of_models_may_not_be_had(
    session: aiohttp.ClientSession, lines: list[Line], kind: type[ProviderError]
) -> None:
    async with stub(*lines) as server:
        with pytest.raises(kind):
            await list_models(session, server.url, KEY)
    with pytest.raises(ProviderUnavailable):
        await list_models(session, unused(), KEY)
