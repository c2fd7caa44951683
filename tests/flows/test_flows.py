"""Flows: marked, found, run; what they say, what their calls cost, and how they end."""

import asyncio
from pathlib import Path

import pytest

from sluice import flow
from sluice.flows.registry import BadFlow, discover
from tests.transports.driver import Local, started

FLOWS = '''
import asyncio
from sluice import flow, stream_llm
from sluice.core.events import Failed, Finished, ReasoningDelta, TextDelta

@flow("both")
async def both(user_input, model="demo/n=3,delay=0ms"):
    """Asks twice at the same time.

    And then some.
    """
    async def whole(question):
        async with stream_llm("demo", question, model=model) as answer:
            return "".join([piece async for piece in answer])
    first, second = await asyncio.gather(whole("a b"), whole("c d e"))
    yield first
    yield ""
    yield second

@flow("events")
async def events(user_input):
    yield ReasoningDelta("thinking")
    yield TextDelta("said")
    yield "\\ud83d\\ude00 \\ud800"
    yield Finished("length")
    yield "never"

@flow("gives-up")
async def gives_up(user_input):
    yield "a"
    yield Failed("content_filtered", "Not that.")

@flow("breaks")
async def breaks(user_input):
    yield "a"
    raise RuntimeError(user_input)

@flow("leaves-one-open")
async def leaves_one_open(user_input):
    answer = stream_llm("demo", "x", model="demo/n=3,first=0ms,delay=60s")
    async for piece in answer:
        yield piece
        break

@flow("in-turn")
async def in_turn(user_input):
    yield "begun"
    await asyncio.sleep(0.05)
    async for piece in stream_llm("demo", "x", model="demo/n=2,delay=0ms"):
        yield piece

@flow("ask")
async def ask(user_input):
    """Ours instead of the built-in."""
    yield "ours"

@flow("all")
async def all_(user_input, provider, model, max_tokens, temperature):
    yield repr((user_input, provider, model, max_tokens, temperature))
'''


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "flows.py"
    path.write_text(FLOWS, "utf-8", errors="surrogatepass")
    return str(path)


async def ran(local: Local, name: str, **more: object) -> dict[str, object]:
    exchange = await local.ask(f"/api/flows/{name}", {"user_input": "hi", **more}).over()
    return {"status": exchange.status, "id": exchange.run_id, **exchange.json}


async def test_the_tokens_of_all_calls_are_the_flows(file: str):
    async with started(flows=file) as local:
        answer = await ran(local, "both")
        receipt = (await local.ask(f"/api/v1/runs/{answer['id']}").over()).json
        metrics = (await local.ask("/metrics").over()).body.decode()

    assert answer["tokens"] == (2 + 3) + (3 + 3)
    assert (answer["provider"], answer["model"]) == ("demo", "demo")
    assert len(receipt["attempts"]) == 2
    assert receipt["tokens"] == {
        "prompt": 5, "completion": 6, "total": 11, "reasoning": 0, "estimated": False,
    }  # fmt: skip
    assert 'direction="out",model="",provider="demo"} 6.0' in metrics
    assert "flow-call" not in metrics


async def test_a_flow_may_say_events(file: str):
    async with started(flows=file) as local:
        exchange = await local.ask("/api/flows/events/stream", {"user_input": "hi"}).over()
    assert [event["chunk"] for event in exchange.events] == ["said", "😀 \ufffd", ""]
    assert exchange.events[-1]["finish_reason"] == "length"


async def test_a_flow_may_give_up_and_the_books_are_closed(file: str):
    async with started(flows=file) as local:
        exchange = await local.ask("/api/flows/gives-up/stream", {"user_input": "hi"}).over()
        assert local.engine.live == 0
    assert exchange.events[-1] == {"error": "Not that.", "code": "content_filtered", "done": True}


async def test_a_flow_that_breaks_shows_nobody_why(file: str, caplog: pytest.LogCaptureFixture):
    async with started(flows=file) as local:
        exchange = await local.ask("/api/flows/breaks/stream", {"user_input": "sentinel"}).over()
    assert exchange.events[-1]["code"] == "internal"
    assert b"sentinel" not in exchange.body
    assert "sentinel" not in caplog.text
    assert "RuntimeError" in caplog.text


async def test_a_call_that_a_flow_leaves_open_is_closed_with_it(file: str):
    async with started(flows=file) as local:
        answer = await ran(local, "leaves-one-open")
        assert local.engine.live == 0
    assert answer["status"] == 200
    assert answer["tokens"]


async def test_a_flow_that_goes_on_while_the_server_drains_may_still_ask(file: str):
    async with started(flows=file) as local:
        exchange = local.ask("/api/flows/in-turn/stream", {"user_input": "hi"})
        await exchange.until(b"begun")
        await local.engine.drain(30.0)
        await exchange.over()
    assert exchange.events[-1]["finish_reason"] == "stop"


async def test_cancelling_a_flow_cancels_its_calls():
    async with started(disconnect_grace=0) as local:
        body = {"user_input": "hi", "model": "demo/n=3,first=0ms,delay=60s"}
        exchange = local.ask("/api/flows/ask/stream", body)
        await exchange.until(b"chunk")
        assert local.engine.live == 2
        await local.ask(f"/api/v1/runs/{exchange.run_id}/cancel", method="POST").over()
        await exchange.over()
        assert local.engine.live == 0
    assert exchange.events[-1]["finish_reason"] == "cancelled"
    assert exchange.events[-1]["tokens"]


async def test_a_flow_fails_as_its_call_does():
    async with started() as local:
        body = {"user_input": "hi", "model": "demo/fail=provider_timeout@0,delay=0ms"}
        exchange = await local.ask("/api/flows/ask/stream", body).over()
        whole = await local.ask("/api/flows/stream-test", body).over()
    assert [event["code"] for event in exchange.events] == ["provider_timeout"]
    assert (whole.status, whole.json["code"]) == (504, "provider_timeout")


async def test_a_model_that_is_not_there_is_refused_before_the_flow_begins():
    async with started(openai_api_key="k") as local:
        body = {"user_input": "hi", "model": "nobody/x"}
        exchange = await local.ask("/api/flows/ask/stream", body).over()
    assert (exchange.status, exchange.json["code"]) == (422, "model_not_found")


async def test_the_built_in_test_flow_says_a_line_before_and_after():
    async with started() as local:
        body = {"user_input": "Xin chào", "model": "demo/n=2,delay=0ms", "flow": "stream-test"}
        exchange = await local.ask("/api/stream/chat", body).over()
    chunks = [event["chunk"] for event in exchange.events]
    assert chunks[0] == "Question: Xin chào\n\n"
    assert chunks[-2] == "\n\nEnd of the stream."
    assert len(chunks) == 1 + 2 + 1 + 1


async def test_the_operators_flows_come_before_the_built_in(file: str):
    async with started(flows=file) as local:
        answer = await ran(local, "ask")
        listed = (await local.ask("/api/flows").over()).json["flows"]
    assert answer["response"] == "ours"
    assert {"name": "both", "description": "Asks twice at the same time."} in listed
    assert "count" not in [one["name"] for one in listed]


async def test_a_flow_gets_what_it_has_parameters_for(file: str):
    async with started(flows=file) as local:
        answer = await ran(local, "all", provider="demo")
    assert answer["response"] == "('hi', 'demo', None, None, None)"


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä b", "-", "a--b", "a?"])
def test_a_name_that_cannot_stand_in_an_address_is_refused(name: str):
    with pytest.raises(ValueError, match="is no name for a flow"):
        flow(name)


def test_only_async_generator_functions_are_flows():
    async def no_generator(user_input: str) -> None: ...

    with pytest.raises(TypeError, match="async generator function"):
        flow("x")(no_generator)  # type: ignore[arg-type]


BAD = [
    ("def broken(:", "SyntaxError"),
    ("import nothing_of_this_name", "ModuleNotFoundError"),
    ("from sluice import flow\n@flow('a b')\nasync def x(u):\n    yield u", "ValueError"),
    ("from sluice import flow\n@flow('a')\ndef x(u):\n    return u", "TypeError"),
]


@pytest.mark.parametrize(("text", "kind"), BAD)
def test_a_file_that_cannot_be_loaded_is_named_in_one_line(tmp_path: Path, text: str, kind: str):
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(BadFlow, match=f"SLUICE_FLOWS: .*bad.py: {kind}") as refused:
        discover([str(path)])
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(BadFlow, match=r"SLUICE_FLOWS: there is no file 'nowhere\.py'"):
        discover(["nowhere.py"])


async def test_two_runs_of_a_flow_share_nothing(file: str):
    async with started(flows=file) as local:
        answers = await asyncio.gather(*[ran(local, "both") for _ in range(5)])
    assert {answer["tokens"] for answer in answers} == {11}
