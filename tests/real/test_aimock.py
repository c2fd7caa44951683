"""The vendors' formats, as somebody else understands them: answers, faults, and what we send."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asking import events_of, failure, open_client, text_of
from faults import CUTS, HELLO, LONG, REFUSALS, TEXT
from vendors import KEYS, MODELS, THINKERS, Aimock, name_of

import sluice
from sluice.core.events import ReasoningDelta, TextDelta, ToolCall
from sluice.core.messages import Document, Image, Message
from sluice.errors import SluiceError

pytestmark = pytest.mark.clients

EVERY_PROVIDER = pytest.mark.parametrize("provider", MODELS)
EVERY_CUT = pytest.mark.parametrize("size", [1, 2, 3, 20, 1000])


@pytest_asyncio.fixture
async def client(aimock: Aimock) -> AsyncIterator[sluice.Client]:
    """Asks each vendor but once."""
    async with open_client(aimock, retries=0) as opened:
        yield opened


# Answers


@EVERY_PROVIDER
@EVERY_CUT
async def test_an_answer_arrives_as_it_was_meant(
    aimock: Aimock, client: sluice.Client, provider: str, size: int
) -> None:
    aimock.says(HELLO, chunkSize=size)
    answer = client.stream(MODELS[provider], "Hello")
    assert await text_of(answer) == TEXT
    assert (answer.model, answer.finish_reason) == (MODELS[provider], "stop")
    assert answer.receipt is not None
    usage = answer.receipt.usage
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (11, 7, False)


# what the mock is told to say, which it puts into the vendor's words, and what it means
FINISH = [
    *((provider, reason, reason) for provider in MODELS for reason in ("stop", "length")),
    ("openai", "content_filter", "content_filter"),
    ("gemini", "content_filter", "content_filter"),
    ("anthropic", "refusal", "content_filter"),
]


@pytest.mark.parametrize(("provider", "said", "meant"), FINISH)
async def test_a_finish_reason_is_the_one_meant(
    aimock: Aimock, client: sluice.Client, provider: str, said: str, meant: str
) -> None:
    aimock.says({**HELLO, "finishReason": said})
    answer = client.stream(MODELS[provider], "Hello")
    assert (await text_of(answer), answer.finish_reason) == (TEXT, meant)


@EVERY_PROVIDER
async def test_thoughts_come_before_the_answer_and_are_none_of_it(
    aimock: Aimock, client: sluice.Client, provider: str
) -> None:
    aimock.says({**HELLO, "reasoning": "Let me see… 🤔"}, chunkSize=3)
    events = await events_of(client, THINKERS[provider])
    kinds = [type(event) for event in events if isinstance(event, ReasoningDelta | TextDelta)]
    assert kinds == sorted(kinds, key=[ReasoningDelta, TextDelta].index)
    for kind, text in ((ReasoningDelta, "Let me see… 🤔"), (TextDelta, TEXT)):
        assert "".join(event.text for event in events if isinstance(event, kind)) == text


@EVERY_PROVIDER
async def test_a_tool_call_arrives_whole(
    aimock: Aimock, client: sluice.Client, provider: str
) -> None:
    wanted = [{"name": "weather", "arguments": {"city": "Huế"}}, {"name": "time", "arguments": {}}]
    aimock.says({"toolCalls": wanted}, chunkSize=2)
    calls = [e for e in await events_of(client, MODELS[provider]) if isinstance(e, ToolCall)]
    assert [{"name": c.name, "arguments": json.loads(c.arguments)} for c in calls] == wanted
    assert len({call.id for call in calls}) == 2


# What we send


@EVERY_PROVIDER
async def test_a_request_says_what_was_asked(
    aimock: Aimock, client: sluice.Client, provider: str
) -> None:
    aimock.says(HELLO)
    turns = [Message("user", "Hi"), Message("assistant", "Hi there!")]
    how = {"system": "Be brief.", "max_tokens": 50, "temperature": 0.5}
    await text_of(client.stream(MODELS[provider], "Xin chào 🦊", messages=turns, **how))
    (sent,) = aimock.heard()
    body = sent["body"]  # as the mock understands it: in OpenAI's words, whoever was asked
    assert body["model"] == name_of(provider)
    assert [(turn["role"], turn["content"]) for turn in body["messages"]] == [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("assistant", "Hi there!"),
        ("user", "Xin chào 🦊"),
    ]
    assert (body["stream"], body["temperature"]) == (True, 0.5)
    assert body.get("max_tokens", body.get("max_completion_tokens")) == 50


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
URL = f"data:image/png;base64,{b64encode(PNG).decode()}"
FRAMED = '<document name="a.txt">\n漢字\n</document>'
ALONG = (Image("image/png", PNG), Document("a.txt", "漢字"))
SEEN: dict[str, object] = {  # the mock passes on to its journal only what OpenAI was sent
    "openai": [
        {"type": "image_url", "image_url": {"url": URL}},
        {"type": "text", "text": FRAMED},
        {"type": "text", "text": "Look"},
    ],
    "anthropic": f"{FRAMED}Look",
    "gemini": f"{FRAMED}Look",
}


@EVERY_PROVIDER
async def test_a_picture_and_a_document_are_taken(
    aimock: Aimock, client: sluice.Client, provider: str
) -> None:
    aimock.says(HELLO)
    turns = [Message("user", "Look", ALONG), Message("assistant", "Yes?")]
    assert await text_of(client.stream(MODELS[provider], "What?", messages=turns)) == TEXT
    (sent,) = aimock.heard()
    assert [turn["content"] for turn in sent["body"]["messages"]] == [
        SEEN[provider],
        "Yes?",
        "What?",
    ]


async def test_somebody_who_takes_no_pictures_is_passed_over(aimock: Aimock) -> None:
    told, code = REFUSALS["is down"]
    aimock.says(**told, to="openai")
    aimock.says(HELLO)
    others = f"openai/gpt-3.5-turbo,{MODELS['gemini']}"
    async with open_client(aimock, retries=0, fallbacks=others) as client:
        turns = [Message("user", "Look", ALONG)]
        answer = client.stream(MODELS["openai"], "What?", messages=turns)
        assert await text_of(answer) == TEXT
    assert answer.receipt is not None
    asked = [(attempt.model, attempt.outcome) for attempt in answer.receipt.attempts]
    assert asked == [(MODELS["openai"], code), (MODELS["gemini"], "ok")]


HEADERS = {"openai": "authorization", "anthropic": "x-api-key", "gemini": "x-goog-api-key"}


@EVERY_PROVIDER
async def test_the_key_goes_into_its_header_and_nowhere_else(
    aimock: Aimock, client: sluice.Client, provider: str
) -> None:
    aimock.says(HELLO)
    await text_of(client.stream(MODELS[provider], "Hello"))  # with another key it is refused
    (sent,) = aimock.heard()
    assert set(HEADERS.values()) & set(sent["headers"]) == {HEADERS[provider]}
    assert not any(key in json.dumps(sent) for key in KEYS.values())  # it blots out headers


@EVERY_PROVIDER
async def test_a_key_that_is_refused_is_not_shown(aimock: Aimock, provider: str) -> None:
    wrong = "sk-wrong-9876543210"
    async with open_client(aimock, retries=0, **{f"{provider}_api_key": wrong}) as client:
        with pytest.raises(SluiceError) as caught:
            await text_of(client.stream(MODELS[provider], "Hello"))
    assert caught.value.code == "provider_auth"
    assert wrong not in str(caught.value)


# Faults


@EVERY_PROVIDER
@pytest.mark.parametrize("how", REFUSALS)
async def test_where_a_provider(
    aimock: Aimock, client: sluice.Client, provider: str, how: str
) -> None:
    told, code = REFUSALS[how]
    aimock.says(**told)
    assert await failure(client.stream(MODELS[provider], "Hello")) == (code, "")


@EVERY_PROVIDER
@pytest.mark.parametrize("cut", CUTS)
async def test_an_answer_cut_off_is_a_failure_and_never_a_short_answer(
    aimock: Aimock, client: sluice.Client, provider: str, cut: str
) -> None:
    aimock.says(LONG, **CUTS[cut])
    code, text = await failure(client.stream(MODELS[provider], "Hello"))
    assert code == "provider_unavailable"
    assert 0 < len(text) < len(LONG["content"])
    assert LONG["content"].startswith(text)


PATIENCE = "*=first_byte_last:0.4;silence:0.4"
SLOW: dict[str, dict[str, Any]] = {
    "to begin": {"streamingProfile": {"ttft": 3000, "tps": 1000}},
    "to go on": {"streamingProfile": {"ttft": 10, "tps": 1}},
}


@EVERY_PROVIDER
@pytest.mark.parametrize("slow", SLOW)
async def test_a_provider_that_keeps_silent_is_given_up(
    aimock: Aimock, provider: str, slow: str
) -> None:
    aimock.says(LONG, **SLOW[slow])
    async with open_client(aimock, retries=0, patience=PATIENCE) as client:
        code, text = await failure(client.stream(MODELS[provider], "Hello"))
    assert code == "provider_timeout"
    assert len(text) < len(LONG["content"])


@EVERY_PROVIDER
async def test_a_provider_that_is_slow_to_begin_is_waited_for(
    aimock: Aimock, client: sluice.Client, provider: str
) -> None:
    aimock.says(HELLO, streamingProfile={"ttft": 300, "tps": 1000})
    answer = client.stream(MODELS[provider], "Hello")
    assert await text_of(answer) == TEXT
    assert answer.receipt is not None
    assert (answer.receipt.first_token or 0) > 0.25


# Asking again, and asking somebody else


@EVERY_PROVIDER
@pytest.mark.parametrize(
    "how", ["asks us to slow down", "breaks", "hangs up at once", "talks nonsense"]
)
async def test_a_provider_is_asked_again_after_it(aimock: Aimock, provider: str, how: str) -> None:
    told, code = REFUSALS[how]
    if "error" in told["response"]:
        told = {**told, "response": {**told["response"], "retryAfter": 0}}
    aimock.says(**told, nth=0)
    aimock.says(HELLO)
    async with open_client(aimock, retries=2, retry_delay=0.01) as client:
        answer = client.stream(MODELS[provider], "Hello")
        assert await text_of(answer) == TEXT
    assert answer.receipt is not None
    assert [attempt.outcome for attempt in answer.receipt.attempts] == [code, "ok"]
    assert len(aimock.heard()) == 2


async def test_a_provider_that_names_a_time_gets_it(aimock: Aimock) -> None:
    told, _ = REFUSALS["asks us to slow down"]
    aimock.says({**told["response"], "retryAfter": 1}, nth=0)
    aimock.says(HELLO)
    async with open_client(aimock, retries=1, retry_delay=0.01) as client:
        assert await text_of(client.stream(MODELS["openai"], "Hello")) == TEXT
    first, second = (entry["timestamp"] for entry in aimock.heard())
    assert second - first >= 990  # ms


@EVERY_PROVIDER
@pytest.mark.parametrize(
    "how", ["does not know our key", "has no such model", "is down", "talks nonsense"]
)
async def test_somebody_else_is_asked_where_a_provider(
    aimock: Aimock, provider: str, how: str
) -> None:
    told, code = REFUSALS[how]
    aimock.says(**told, to=provider)
    aimock.says(HELLO)
    other = next(model for name, model in MODELS.items() if name != provider)
    async with open_client(aimock, retries=0, fallbacks=other) as client:
        answer = client.stream(MODELS[provider], "Hello")
        assert await text_of(answer) == TEXT
    assert answer.receipt is not None
    asked = [(attempt.model, attempt.outcome) for attempt in answer.receipt.attempts]
    assert asked == [(MODELS[provider], code), (other, "ok")]
    assert answer.model == other


@EVERY_PROVIDER
async def test_nobody_else_finishes_a_sentence(aimock: Aimock, provider: str) -> None:
    aimock.says(LONG, to=provider, **CUTS["after some chunks"])
    aimock.says(HELLO)
    others = ",".join(model for name, model in MODELS.items() if name != provider)
    async with open_client(aimock, retries=2, fallbacks=others) as client:
        code, _ = await failure(client.stream(MODELS[provider], "Hello"))
    assert (code, len(aimock.heard())) == ("provider_unavailable", 1)
