"""Chat models as an operator makes them: LangChain's own, and one whose chunks a test gives it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field


class Says(BaseChatModel):
    """Streams these lines: a chunk, an error to raise, or `hang`."""

    lines: Sequence[Any]
    max_tokens: int | None = None
    temperature: float | None = None
    heard: list[Any] = Field(default_factory=list)
    closed: list[bool] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "says"

    def _generate(self, *arguments: Any, **more: Any) -> ChatResult:
        raise AssertionError("only ever streamed")

    async def _astream(
        self, messages: list[BaseMessage], *arguments: Any, **more: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.heard.append((self.max_tokens, self.temperature, messages))
        try:
            for line in self.lines:
                if isinstance(line, Exception):
                    raise line
                if line == "hang":
                    await asyncio.Event().wait()
                yield ChatGenerationChunk(message=line)
        finally:
            self.closed.append(True)


class Ear(AsyncCallbackHandler):
    """Writes down what a model's callbacks are told."""

    def __init__(self) -> None:
        self.began: list[tuple[Any, Any]] = []
        self.said: list[Any] = []
        self.ended = 0
        self.failed: list[BaseException] = []

    async def on_chat_model_start(self, *arguments: Any, **told: Any) -> None:
        self.began.append((told["tags"], told["metadata"]))

    async def on_llm_new_token(self, token: Any, **told: Any) -> None:
        self.said.append(token)

    async def on_llm_end(self, *arguments: Any, **told: Any) -> None:
        self.ended += 1

    async def on_llm_error(self, error: BaseException, **told: Any) -> None:
        self.failed.append(error)


def letters() -> FakeListChatModel:
    return FakeListChatModel(responses=["Xin chào"])


def breaks() -> FakeListChatModel:
    raise RuntimeError("no key\nsk-secret-0123456789")


def keyless() -> FakeListChatModel:
    raise LookupError("the key sk-secret-0123456789 is bad")


def nothing() -> str:
    return "no model"


NUMBER = 5
