"""The vendors' own SDKs understand the mock's answers as we do."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import anthropic
import openai
import pytest
from asking import events_of, open_client
from faults import HELLO
from google import genai
from google.genai import types
from vendors import KEYS, THINKERS, Aimock

from sluice.core.events import Finished, TextDelta, ToolCall, Usage

pytestmark = [
    pytest.mark.clients,
    pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning"),  # google-genai
]


class Answer(NamedTuple):
    """What a reader has understood. `reason` is in our words."""

    text: str
    tools: list[tuple[str, str]]
    tokens: tuple[int, int]
    reason: str


async def by_openai(aimock: Aimock, model: str) -> Answer:
    text, tools, tokens, reason = "", {}, (0, 0), ""
    async with openai.AsyncOpenAI(api_key=KEYS["openai"], base_url=aimock.base("openai")) as sdk:
        async for chunk in await sdk.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "Hello"}],
            stream=True,
            stream_options={"include_usage": True},
        ):
            if chunk.usage is not None:
                tokens = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
            for choice in chunk.choices:
                text += choice.delta.content or ""
                reason = choice.finish_reason or reason
                for call in choice.delta.tool_calls or ():
                    assert call.function is not None
                    name, arguments = tools.get(call.index, ("", ""))
                    tools[call.index] = (
                        name + (call.function.name or ""),
                        arguments + (call.function.arguments or ""),
                    )
    return Answer(text, list(tools.values()), tokens, {"tool_calls": "tools"}.get(reason, reason))


async def by_anthropic(aimock: Aimock, model: str) -> Answer:
    address = aimock.base("anthropic")
    async with (
        anthropic.AsyncAnthropic(api_key=KEYS["anthropic"], base_url=address) as sdk,
        sdk.messages.stream(
            model=model, max_tokens=100, messages=[{"role": "user", "content": "Hello"}]
        ) as stream,
    ):
        message = await stream.get_final_message()
    blocks = message.content
    words = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tools"}
    return Answer(
        "".join(block.text for block in blocks if block.type == "text"),
        [(block.name, packed(block.input)) for block in blocks if block.type == "tool_use"],
        (message.usage.input_tokens, message.usage.output_tokens),
        words[str(message.stop_reason)],
    )


async def by_google(aimock: Aimock, model: str) -> Answer:
    text, tools, tokens, reason = "", [], (0, 0), ""
    options = types.HttpOptions(base_url=aimock.url, api_version="v1beta")
    async with genai.Client(api_key=KEYS["gemini"], http_options=options).aio as sdk:
        async for chunk in await sdk.models.generate_content_stream(model=model, contents="Hello"):
            if (usage := chunk.usage_metadata) is not None:
                tokens = (usage.prompt_token_count or 0, usage.candidates_token_count or 0)
            for candidate in chunk.candidates or ():
                reason = candidate.finish_reason.name if candidate.finish_reason else reason
                for part in (candidate.content and candidate.content.parts) or ():
                    text += "" if part.thought else part.text or ""
                    if part.function_call is not None:
                        tools.append((part.function_call.name, packed(part.function_call.args)))
    words = {"STOP": "stop", "MAX_TOKENS": "length"}
    return Answer(text, tools, tokens, "tools" if tools else words[reason])


async def by_us(aimock: Aimock, model: str) -> Answer:
    async with open_client(aimock, retries=0) as client:
        events = await events_of(client, model)
    finished = events[-1]
    assert isinstance(finished, Finished)
    usage = [event for event in events if isinstance(event, Usage)][-1]
    return Answer(
        "".join(event.text for event in events if isinstance(event, TextDelta)),
        [(event.name, event.arguments) for event in events if isinstance(event, ToolCall)],
        (usage.input_tokens, usage.output_tokens),
        finished.reason,
    )


def packed(arguments: Any) -> str:
    """As a JSON document, as a model writes it."""
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


SDKS: dict[str, Callable[[Aimock, str], Awaitable[Answer]]] = {
    "openai": by_openai,
    "anthropic": by_anthropic,
    "gemini": by_google,
}
USAGE = HELLO["usage"]
SAID = {
    "a text": HELLO,
    "a text that was too long": {**HELLO, "finishReason": "length"},
    "a thought and a text": {**HELLO, "reasoning": "Let me see… 🤔"},
    "a tool call": {"toolCalls": [{"name": "now", "arguments": '{"zone":"Huế"}'}], "usage": USAGE},
    "two tool calls": {
        "toolCalls": [
            {"name": "now", "arguments": '{"zone":"Huế"}'},
            {"name": "weather", "arguments": '{"city":"Huế","days":[1,2]}'},
        ],
        "usage": USAGE,
    },
    "a text and a tool call": {
        "content": "Let me look.",
        "toolCalls": [{"name": "now", "arguments": "{}"}],
        "usage": USAGE,
    },
}


@pytest.mark.parametrize("provider", SDKS)
@pytest.mark.parametrize("said", SAID)
async def test_the_vendor_understands_the_same(aimock: Aimock, provider: str, said: str) -> None:
    response = SAID[said]
    if provider == "gemini" and "toolCalls" in response:
        response = {**response, "finishReason": "stop"}  # the mock has a word of its own there
    aimock.says(response, chunkSize=3)
    model = THINKERS[provider]
    theirs = await SDKS[provider](aimock, model.partition("/")[2])
    assert await by_us(aimock, model) == theirs
    assert theirs.text or theirs.tools
    assert theirs.tokens == (11, 7)
