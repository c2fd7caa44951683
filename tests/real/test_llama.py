"""llama.cpp's server as the local model: what it says arrives, and what is given up is stopped."""

import asyncio
import codecs
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
import websockets
from asking import receipt_of, socket, stream, text_of, whole
from reciters import MANY_WORDS, SENTENCE, Llama
from tests.conftest import Running, Serve, running
from vendors import call

import sluice
from sluice.settings import load

pytestmark = pytest.mark.clients

SOON = 30.0  # seconds in which llama.cpp has to notice; on an idle machine it takes milliseconds
ALL = len(MANY_WORDS.split())


@pytest.fixture(scope="module")
def local(reciter: Llama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("local"), LOCAL_LLM_URL=reciter.url) as found:
        yield found


@pytest.fixture(scope="module")
def slow(slow_reciter: Llama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """No client that leaves is waited for."""
    folder = tmp_path_factory.mktemp("slow")
    with running(folder, LOCAL_LLM_URL=slow_reciter.url, SLUICE_DISCONNECT_GRACE="0") as found:
        yield found


# Answers


async def test_what_it_says_arrives_in_all_three_ways(local: Running, reciter: Llama) -> None:
    model = f"local/{reciter.name}"
    run, events = await stream(local, model, temperature=0)
    messages = await socket(local, model, temperature=0)
    status, answer = await whole(local, model, temperature=0)
    for said in (events, messages):
        assert "".join(one["chunk"] for one in said if one["type"] == "content") == reciter.text
    assert status == 200
    for end in (events[-1], messages[-1], answer):
        told = (end["full_response"], end["model_used"], end["finish_reason"])
        assert told == (reciter.text, model, "stop")
    tokens = receipt_of(local, run)["tokens"]
    assert tokens["completion"] == len(SENTENCE.split()) + 1  # the stop is a token too
    assert tokens["prompt"] > 0
    assert not tokens["estimated"]


@pytest.mark.parametrize("form", ["{url}", "{url}/", "{url}/v1", "{url}/v1/chat/completions"])
async def test_its_address_may_be_given_in_any_form(
    serve: Serve, reciter: Llama, form: str
) -> None:
    server = serve(LOCAL_LLM_URL=form.format(url=reciter.url))
    assert (await whole(server, reciter.name))[0] == 200


async def test_a_bare_name_is_found_in_its_list(local: Running, reciter: Llama) -> None:
    _, answer = await whole(local, reciter.name, temperature=0)
    assert (answer["model_used"], answer["response"]) == (f"local/{reciter.name}", reciter.text)


async def test_without_a_name_its_first_model_answers(local: Running, reciter: Llama) -> None:
    answer = call(f"{local.url}/api/v1/query", {"query": "Hello", "temperature": 0})
    assert (answer["model_used"], answer["response"]) == (f"local/{reciter.name}", reciter.text)


async def test_a_name_that_it_does_not_list_is_refused(local: Running) -> None:
    status, answer = await whole(local, "llama-unheard-of")
    assert (status, answer["code"]) == (422, "model_not_found")


async def test_a_limit_on_tokens_is_kept_and_said(local: Running, reciter: Llama) -> None:
    run, events = await stream(local, reciter.name, temperature=0, max_tokens=5)
    assert events[-1]["finish_reason"] == "length"
    assert receipt_of(local, run)["tokens"]["completion"] == 5
    assert reciter.text.startswith(events[-1]["full_response"])


async def test_a_prompt_that_does_not_fit_is_refused_in_its_words(
    local: Running, reciter: Llama
) -> None:
    _, events = await stream(local, reciter.name, query="word " * 4000)
    assert (events[-1]["type"], events[-1]["code"]) == ("error", "context_too_long")


async def test_gibberish_with_broken_characters_is_valid_and_ends(
    serve: Serve, babbler: Llama
) -> None:
    server = serve(LOCAL_LLM_URL=babbler.url)
    ask = {"query": "Hello", "model": babbler.name, "temperature": 0, "max_tokens": 300}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/api/v1/query/stream", json=ask) as answer,
    ):
        chunks = [chunk async for chunk in answer.content.iter_any()]
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    frames = "".join([decoder.decode(chunk) for chunk in chunks])
    decoder.decode(b"", final=True)
    data = [line[6:] for line in frames.split("\n") if line.startswith("data: ")]
    assert data.pop() == "[DONE]"
    end = json.loads(data[-1])
    assert (end["type"], end["finish_reason"]) == ("end", "length")
    text = "".join(json.loads(one)["chunk"] for one in data[1:-1])
    assert text == end["full_response"]
    assert "\ufffd" in text  # what cannot be a character is marked, and the rest goes on


# Stopping: `/slots` tells what llama.cpp is really at


async def until(llama: Llama, busy: int, patience: float = SOON) -> int:
    """Wait until it works on so many requests; returns how far the last of them had come."""
    decoded, limit = 0, time.monotonic() + patience
    while (slots := await asyncio.to_thread(llama.slots)).busy != busy:
        assert time.monotonic() < limit, f"still busy with {slots.busy}, not {busy}"
        decoded = slots.decoded
        await asyncio.sleep(0.01)
    return max(decoded, slots.decoded)


async def cut_short(llama: Llama) -> None:
    """It has stopped, and before it would have ended by itself."""
    assert await until(llama, 0) < ALL - 100


class Watching:
    """A client in the middle of a stream."""

    def __init__(self, session: aiohttp.ClientSession, answer: aiohttp.ClientResponse) -> None:
        self.session = session
        self.answer = answer
        self.run = answer.headers["X-Run-Id"]


@pytest.fixture
async def watching(slow: Running, slow_reciter: Llama) -> AsyncIterator[Watching]:
    await until(slow_reciter, 0)
    async with aiohttp.ClientSession() as session:
        ask = {"query": "Hello", "model": slow_reciter.name, "temperature": 0, "max_tokens": 1900}
        async with session.post(f"{slow.url}/api/v1/query/stream", json=ask) as answer:
            while b'"content"' not in (line := await answer.content.readline()):
                assert line, "an end before the first word"
            await until(slow_reciter, 1)
            yield Watching(session, answer)


async def test_a_cancel_stops_it(slow: Running, slow_reciter: Llama, watching: Watching) -> None:
    async with watching.session.post(f"{slow.url}/api/v1/runs/{watching.run}/cancel") as answer:
        receipt = await answer.json()
    await cut_short(slow_reciter)
    assert receipt["state"] == "cancelled"
    assert 0 < receipt["text_length"] < len(slow_reciter.text)
    said = (await watching.answer.read()).decode()
    assert '"finish_reason":"cancelled"' in said
    assert said.endswith("data: [DONE]\n\n")


async def test_a_client_that_leaves_stops_it(slow_reciter: Llama, watching: Watching) -> None:
    watching.answer.close()
    await cut_short(slow_reciter)


async def test_where_nobody_stops_it_it_goes_on_to_its_end(
    slow: Running, slow_reciter: Llama
) -> None:
    """What the other tests would see if nothing were stopped."""
    more = {"max_tokens": 600, "background": True, "temperature": 0}
    leaving = asyncio.create_task(stream(slow, slow_reciter.name, **more))
    await until(slow_reciter, 1)
    leaving.cancel()
    assert await until(slow_reciter, 0, patience=60.0) > 500


async def test_a_client_that_leaves_a_whole_answer_stops_it(
    slow: Running, slow_reciter: Llama
) -> None:
    leaving = asyncio.create_task(whole(slow, slow_reciter.name, max_tokens=1900))
    await until(slow_reciter, 1)
    leaving.cancel()
    await cut_short(slow_reciter)


async def test_a_cancel_or_a_goodbye_on_a_websocket_stops_it(
    slow: Running, slow_reciter: Llama
) -> None:
    ask = json.dumps({"query": "Hello", "model": slow_reciter.name, "max_tokens": 1900})
    async with websockets.connect(f"ws://127.0.0.1:{slow.port}/api/v1/query/ws") as opened:
        await opened.send(ask)
        await until(slow_reciter, 1)
        await opened.send('{"type":"cancel"}')
        await cut_short(slow_reciter)
        await opened.send(ask)
        await until(slow_reciter, 1)
    await cut_short(slow_reciter)


async def test_the_end_of_the_server_stops_it(serve: Serve, slow_reciter: Llama) -> None:
    server = serve(LOCAL_LLM_URL=slow_reciter.url, SLUICE_DRAIN="0")
    asked = asyncio.create_task(stream(server, slow_reciter.name, max_tokens=1900))
    await until(slow_reciter, 1)
    await asyncio.to_thread(server.stop)
    await cut_short(slow_reciter)
    _, events = await asked
    assert (events[-1]["type"], events[-1]["code"]) == ("error", "interrupted")


async def leave(answer: sluice.TextStream, llama: Llama) -> None:
    """By `break`, and nobody holds the stream any more."""
    async for _ in answer:
        break


async def leave_a_block(answer: sluice.TextStream, llama: Llama) -> None:
    async with answer:
        await anext(answer)


async def cancel(answer: sluice.TextStream, llama: Llama) -> None:
    task = asyncio.create_task(text_of(answer))
    await until(llama, 1)
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize("way", [leave, leave_a_block, cancel])
async def test_a_python_caller_that_leaves_stops_it(slow_reciter: Llama, way: Any) -> None:
    await until(slow_reciter, 0)
    async with sluice.Client(load(local_llm_url=slow_reciter.url)) as client:
        answer = client.stream(f"local/{slow_reciter.name}", "Hello", max_tokens=1900)
        await way(answer, slow_reciter)
        del answer
        await cut_short(slow_reciter)


async def test_a_call_of_its_own_that_is_left_stops_it(
    slow_reciter: Llama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_LLM_URL", slow_reciter.url)
    await leave(sluice.stream_local("Hello", max_tokens=1900), slow_reciter)
    await cut_short(slow_reciter)
