"""LangChain's chat models as a provider: their chunks, their errors, and how they are let go."""

import asyncio
import sys
from collections.abc import Sequence
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from chat_models import Ear, Says, letters
from langchain_core.exceptions import ContextOverflowError, ModelRateLimitError
from langchain_core.language_models.fake_chat_models import (
    FakeListChatModel,
    FakeListChatModelError,
    FakeMessagesListChatModel,
    GenericFakeChatModel,
)
from langchain_core.messages import AIMessage, AIMessageChunk
from speakers import Clock, conduct
from tests.core.actors import Stage, over

from sluice.core.errors import (
    ContextTooLong,
    ProviderAuth,
    ProviderBadResponse,
    ProviderError,
    ProviderModelNotFound,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from sluice.core.events import (
    Attempt,
    Event,
    Finished,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    Usage,
)
from sluice.core.messages import Document, Image, Message, Prompt
from sluice.core.ports import Enough, Say
from sluice.providers.chain import Chain
from sluice.providers.course import Candidate
from sluice.providers.langchain import LangChain
from sluice.providers.langchain_models import load
from sluice.providers.wire import Patience

ASKED = Prompt("mine", (Message("system", "Be brief."), Message("user", "Hello")))


async def ask(
    model: Any,
    say: Say,
    attempt: Attempt | None = None,
    patience: Patience | None = None,
    prompt: Prompt = ASKED,
) -> None:
    source = LangChain({"mine": model})
    await source.attempt(
        prompt, attempt or Attempt("langchain/mine"), patience or Patience(), True, say
    )


async def hear(model: Any, **more: Any) -> list[Event]:
    said: list[Event] = []
    await ask(model, said.extend, **more)
    return said


def chunk(content: Any = "", **more: Any) -> AIMessageChunk:
    return AIMessageChunk(content, **more)


def tokens(taken: int, said: int, thought: int = 0) -> dict[str, Any]:
    return {
        "input_tokens": taken,
        "output_tokens": said,
        "total_tokens": taken + said,
        "output_token_details": {"reasoning": thought},
    }


def call(index: int | None, id: str | None, name: str | None, args: str) -> dict[str, Any]:
    return {"type": "tool_call_chunk", "index": index, "id": id, "name": name, "args": args}


OPENAI = {"model_provider": "openai"}
CLAUDE = {"model_provider": "anthropic"}

# chunks, and the events that they are
ANSWERS: dict[str, tuple[list[AIMessageChunk], list[Event]]] = {
    "text": ([chunk("Hel"), chunk(""), chunk("lo")], [TextDelta("Hel"), TextDelta("lo")]),
    "text in blocks": (
        [chunk([{"type": "text", "text": "Hel"}, "lo"])],
        [TextDelta("Hel"), TextDelta("lo")],
    ),
    "thoughts of DeepSeek, Ollama and xAI": (
        [chunk("", additional_kwargs={"reasoning_content": "Hm"}), chunk("Yes")],
        [ReasoningDelta("Hm"), TextDelta("Yes")],
    ),
    "thoughts of Claude": (
        [
            chunk([{"type": "thinking", "thinking": "Hm", "index": 0}], response_metadata=CLAUDE),
            chunk([{"type": "text", "text": "Yes", "index": 1}]),
            chunk([], response_metadata={**CLAUDE, "stop_reason": "end_turn"}),
        ],
        [ReasoningDelta("Hm"), TextDelta("Yes")],
    ),
    "thoughts that are nobody's": (
        [chunk([{"type": "thinking", "thinking": "Hm"}, {"type": "odd", "text": "x"}])],
        [ReasoningDelta("Hm")],
    ),
    "a refusal of OpenAI's": (
        [
            chunk([{"type": "refusal", "refusal": "No."}], response_metadata=OPENAI),
            chunk([], response_metadata={**OPENAI, "status": "completed"}),
        ],
        [TextDelta("No.")],
    ),
    "figures, to be added up": (
        [chunk("a", usage_metadata=tokens(9, 1)), chunk("b", usage_metadata=tokens(0, 6, 2))],
        [TextDelta("a"), Usage(9, 1), TextDelta("b"), Usage(9, 7, 2)],
    ),
    "half a character": (
        [chunk("\ud83d"), chunk("\ude00"), chunk("\ud83d")],
        [TextDelta("😀"), TextDelta("\ufffd")],
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_chunks_are_events(name: str) -> None:
    lines, events = ANSWERS[name]
    assert await hear(Says(lines=lines)) == [*events, Finished("stop")]


async def test_tool_calls_arrive_whole() -> None:
    lines = [
        chunk(tool_call_chunks=[call(0, "c1", "weather", '{"city":')]),
        chunk(tool_call_chunks=[call(0, None, None, '"Huế"}'), call(1, "c2", "clock", "")]),
        chunk(response_metadata={**OPENAI, "finish_reason": "tool_calls"}),
    ]
    assert await hear(Says(lines=lines)) == [
        ToolCall("c1", "weather", '{"city":"Huế"}'),
        ToolCall("c2", "clock", "{}"),
        Finished("tools"),
    ]


async def test_a_tool_call_cut_by_the_limit_is_dropped_and_counted() -> None:
    lines = [
        chunk(tool_call_chunks=[call(0, "c1", "weather", '{"city":')]),
        chunk(response_metadata={"finish_reason": "length"}),
    ]
    attempt = Attempt("langchain/mine")
    assert await hear(Says(lines=lines), attempt=attempt) == [Finished("length")]
    assert attempt.malformed == 1


ENDS: list[tuple[dict[str, Any], FinishReason]] = [
    ({"finish_reason": "stop"}, "stop"),
    ({"finish_reason": "length"}, "length"),
    ({"finish_reason": "content_filter"}, "content_filter"),
    ({"finish_reason": "MAX_TOKENS"}, "length"),
    ({"finish_reason": "SAFETY"}, "content_filter"),
    ({"stop_reason": "end_turn"}, "stop"),
    ({"stop_reason": "max_tokens"}, "length"),
    ({"stopReason": "guardrail_intervened"}, "content_filter"),
    ({"done_reason": "length"}, "length"),
    ({"status": "completed"}, "stop"),
    ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
    ({"finish_reason": "from_2030"}, "stop"),
    ({}, "stop"),
]


@pytest.mark.parametrize(("metadata", "reason"), ENDS)
async def test_every_vendor_has_its_own_word_for_the_end(
    metadata: dict[str, Any], reason: FinishReason
) -> None:
    lines = [chunk("a"), chunk(response_metadata=metadata)]
    assert await hear(Says(lines=lines)) == [TextDelta("a"), Finished(reason)]


async def test_langchains_own_models_answer() -> None:
    text = [TextDelta(letter) for letter in "Xin chào"]
    assert await hear(letters()) == [*text, Finished("stop")]
    generic = GenericFakeChatModel(messages=iter(["Xin chào"]))
    assert await hear(generic) == [*map(TextDelta, ("Xin", " ", "chào")), Finished("stop")]


async def test_a_model_that_cannot_stream_answers_at_once() -> None:
    whole = AIMessage(
        "Looking.",
        tool_calls=[
            {"name": "weather", "args": {"city": "Huế"}, "id": "c1"},
            {"name": "clock", "args": {}, "id": "c2"},
        ],
        usage_metadata=tokens(3, 2),  # type: ignore[arg-type]
    )
    assert await hear(FakeMessagesListChatModel(responses=[whole])) == [
        TextDelta("Looking."),
        Usage(3, 2),
        ToolCall("c1", "weather", '{"city":"Huế"}'),
        ToolCall("c2", "clock", "{}"),
        Finished("tools"),
    ]


async def test_a_stream_cut_by_a_vendor_who_always_says_how_it_ends_is_a_failure() -> None:
    for lines in ([chunk("Half", response_metadata=OPENAI)], [chunk(response_metadata=CLAUDE)]):
        with pytest.raises(ProviderUnavailable):
            await hear(Says(lines=lines))


async def test_nothing_at_all_is_no_answer() -> None:
    for model in (Says(lines=[]), Says(lines=[chunk("")]), FakeListChatModel(responses=[""])):
        with pytest.raises(ProviderBadResponse):
            await hear(model)


async def test_a_name_that_nobody_has_is_not_found() -> None:
    with pytest.raises(ProviderModelNotFound):
        await hear(letters(), prompt=Prompt("other", ASKED.messages))


# What it is asked


async def test_a_model_is_asked_as_by_anybody() -> None:
    model = Says(lines=[chunk("a")])
    turns = (
        *ASKED.messages, Message("assistant", "Yes?"),
        Message("user", "What is it?", (Image("image/png", b"png"), Document("a.txt", "text"))),
    )  # fmt: skip
    await hear(model, prompt=Prompt("mine", turns))
    ((_, _, heard),) = model.heard
    assert [message.type for message in heard] == ["system", "human", "ai", "human"]
    blocks = heard[-1].content_blocks
    assert [block["type"] for block in blocks] == ["image", "text", "text"]
    assert (blocks[0]["base64"], blocks[0]["mime_type"]) == ("cG5n", "image/png")
    assert blocks[1]["text"] == '<document name="a.txt">\ntext\n</document>'


@pytest.mark.parametrize(
    ("own", "asked", "told"),
    [
        ((None, None), (None, None), (None, None)),
        ((None, None), (50, 0.7), (50, None)),  # it may be one that refuses a temperature
        ((20, 0.0), (50, 0.7), (20, 0.7)),
        ((90, 0.0), (50, None), (50, 0.0)),
        ((-1, None), (50, None), (50, None)),
    ],
)
async def test_a_model_is_told_no_more_than_it_knows(
    own: tuple[int | None, float | None],
    asked: tuple[int | None, float | None],
    told: tuple[int | None, float | None],
) -> None:
    model = Says(lines=[chunk("a")], max_tokens=own[0], temperature=own[1])
    await hear(model, prompt=Prompt("mine", ASKED.messages, *asked))
    assert model.heard[0][:2] == told
    assert (model.max_tokens, model.temperature) == own


async def test_a_model_without_such_fields_is_told_nothing() -> None:
    prompt = Prompt("mine", ASKED.messages, 50, 0.7)
    assert (await hear(letters(), prompt=prompt))[-1] == Finished("stop")
    bound = letters().with_config(tags=["own"])
    assert (await hear(bound, prompt=prompt))[-1] == Finished("stop")


async def test_its_callbacks_fire_and_know_the_run() -> None:
    ear = Ear()
    model = FakeListChatModel(responses=["Hi"], callbacks=[ear], tags=["own"])
    asked = Candidate("langchain/mine", "mine", LangChain({"mine": model}), Patience(), 1000)
    run = Stage().engine.start(
        "run-7", Chain([asked], conduct(Clock())), ASKED, model="langchain/mine", dialect="query"
    )
    await over(run)
    ((tags, metadata),) = ear.began
    assert (sorted(tags), metadata["sluice_run"]) == (["own", "sluice"], "run-7")
    assert (run.text, "".join(ear.said), ear.ended) == ("Hi", "Hi", 1)


# How it fails


REQUEST = httpx.Request("POST", "http://127.0.0.1/v1", headers={"Authorization": "Bearer sk-key"})


def status(kind: type[Exception], code: int, body: object = None, **headers: str) -> Exception:
    response = httpx.Response(code, request=REQUEST, headers=headers)
    return kind("Said so, with sk-key-0123456789.", response=response, body=body)


def caused(problem: Exception) -> Exception:
    """As an integration wraps a vendor's."""
    wrapped = Exception("wrapped")
    wrapped.__cause__ = problem
    return wrapped


class Google(Exception):
    """As google.genai.errors.APIError."""

    code = 429
    status = "RESOURCE_EXHAUSTED"


LONG = {"message": "This model's maximum context length is 10", "type": "invalid_request_error"}
UNKNOWN = {"message": "The model `x` does not exist", "code": "model_not_found"}

MISTAKES: list[tuple[Exception, type[ProviderError]]] = [
    (status(openai.RateLimitError, 429), ProviderRateLimited),
    (status(openai.AuthenticationError, 401), ProviderAuth),
    (status(openai.NotFoundError, 404, UNKNOWN), ProviderModelNotFound),
    (status(openai.BadRequestError, 400), ProviderRefused),
    (status(openai.BadRequestError, 400, LONG), ContextTooLong),
    (status(openai.InternalServerError, 503), ProviderUnavailable),
    (openai.APITimeoutError(REQUEST), ProviderTimeout),
    (openai.APIConnectionError(request=REQUEST), ProviderUnavailable),
    (openai.APIError("Oops", REQUEST, body={"type": "server_error"}), ProviderUnavailable),
    (status(anthropic.PermissionDeniedError, 403), ProviderAuth),
    (status(anthropic.APIStatusError, 529, {"error": {"type": "overloaded_error"}}),
     ProviderUnavailable),
    (httpx.ReadTimeout("slow"), ProviderTimeout),
    (httpx.RemoteProtocolError("cut"), ProviderUnavailable),
    (httpx.HTTPStatusError("no", request=REQUEST, response=httpx.Response(401)), ProviderAuth),
    (TimeoutError(), ProviderTimeout),
    (ConnectionResetError(), ProviderUnavailable),
    (JSONDecodeError("Expecting value", "<html>", 0), ProviderBadResponse),
    (ModelRateLimitError(), ProviderRateLimited),
    (ContextOverflowError("too long"), ContextTooLong),
    (Google(), ProviderRateLimited),
    (caused(Google()), ProviderRateLimited),
]  # fmt: skip


@pytest.mark.parametrize(("problem", "kind"), MISTAKES)
async def test_a_vendors_exception_is_one_of_our_errors(
    problem: Exception, kind: type[ProviderError]
) -> None:
    for lines in ([problem], [chunk("a"), problem]):
        with pytest.raises(ProviderError) as caught:
            await hear(Says(lines=lines))
        assert type(caught.value) is kind
        assert "sk-key" not in caught.value.message
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


async def test_a_vendor_who_names_a_time_to_wait_is_heard() -> None:
    problem = status(openai.RateLimitError, 429, **{"Retry-After": "7"})
    with pytest.raises(ProviderRateLimited) as caught:
        await hear(Says(lines=[problem]))
    assert caught.value.retry_after == 7.0


async def test_a_bug_in_a_model_stays_one() -> None:
    model = FakeListChatModel(responses=["Hi"], error_on_chunk_number=1)
    with pytest.raises(FakeListChatModelError):
        await hear(model)


# How long it is waited for, and how it is let go

QUICK = Patience(first_byte=0.02, first_byte_last=0.02, silence=0.02)


@pytest.mark.parametrize("lines", [["hang"], [chunk("a"), "hang"]])
async def test_a_model_that_keeps_silent_is_given_up(lines: list[Any]) -> None:
    model = Says(lines=lines)
    with pytest.raises(ProviderTimeout):
        await hear(model, patience=QUICK)
    assert model.closed == [True]


async def test_only_the_end_of_a_stream_is_not_missed() -> None:
    lines = [chunk("a"), chunk(response_metadata={"finish_reason": "length"}), "hang"]
    said = await hear(Says(lines=lines), patience=QUICK)
    assert said == [TextDelta("a"), Finished("length")]


async def test_a_cancel_closes_the_stream_before_control_returns() -> None:
    model = Says(lines=[chunk("a"), "hang"])
    said: list[Event] = []
    heard = asyncio.Event()

    def say(events: Sequence[Event]) -> None:
        said.extend(events)
        heard.set()

    task = asyncio.create_task(ask(model, say))
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (said, model.closed) == ([TextDelta("a")], [True])


async def test_a_run_that_may_say_no_more_closes_the_stream() -> None:
    model = Says(lines=[chunk("a"), "hang"])

    def say(events: Sequence[Event]) -> None:
        raise Enough

    with pytest.raises(Enough):
        await ask(model, say)
    await asyncio.sleep(0)  # in which Python closes what LangChain leaves open
    assert model.closed == [True]


async def test_what_it_cost_is_known_however_it_ends() -> None:
    attempt = Attempt("langchain/mine")
    lines = [chunk("a", usage_metadata=tokens(9, 1)), httpx.ReadTimeout("slow")]
    with pytest.raises(ProviderTimeout):
        await hear(Says(lines=lines), attempt=attempt)
    assert attempt.usage == Usage(9, 1)


# The setting


async def test_a_setting_names_modules_and_what_in_them_makes_a_model() -> None:
    models = load(("one=chat_models:letters", " two = chat_models:letters "))
    assert list(models) == ["one", "two"]
    assert (await hear(models["two"]))[-1] == Finished("stop")


def test_a_module_is_also_found_where_the_server_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_own_models.py").write_text("from chat_models import letters as mine\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert list(load(("a=my_own_models:mine",))) == ["a"]
    assert sys.path[-1] == str(tmp_path)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("letters", "is not of the form name=module.path:factory"),
        ("a=chat_models", "is not of the form name=module.path:factory"),
        ("a=:letters", "is not of the form name=module.path:factory"),
        ("=chat_models:letters", "is not of the form name=module.path:factory"),
        ("a/b=chat_models:letters", "is not of the form name=module.path:factory"),
        ("a=no_such_module:letters", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("a=chat_models:missing", "AttributeError: module 'chat_models' has no attribute"),
        ("a=chat_models:NUMBER", "TypeError: 'int' object is not callable"),
        ("a=chat_models:breaks", "RuntimeError: no key"),
        ("a=chat_models:keyless", "LookupError: the key [removed] is bad"),
        ("a=chat_models:nothing", "str is no LangChain chat model"),
    ],
)
def test_a_bad_item_is_named_in_one_line(item: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        load((item,))
    assert str(caught.value).startswith(f"`{item}`")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_two_models_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="another model of that name"):
        load(("a=chat_models:letters", "a=chat_models:letters"))
