"""LangChain chat models as a provider: `langchain/<name>`, one for each that the operator names.

Asks them by their own interface (`astream`), and imports nothing of LangChain's: whoever made the
model has (`langchain_models.py`). https://reference.langchain.com/python/langchain-core
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from sluice.core.errors import ProviderModelNotFound
from sluice.core.events import Attempt, Event
from sluice.core.messages import Image, Message, Prompt
from sluice.core.ports import Say
from sluice.providers.foreign import Understood
from sluice.providers.langchain_answer import Answer, Chunk
from sluice.providers.parts import base64, heavy, told
from sluice.providers.turns import split
from sluice.providers.wire import Patience

# What a model calls the longest reply, in tokens.
LENGTHS = ("max_tokens", "max_output_tokens", "max_new_tokens", "num_predict")
TAGS = ["sluice"]


class ChatModel(Protocol):
    """As much of LangChain's `BaseChatModel` as is asked for here."""

    def astream(self, input: Sequence[Any], config: Any) -> AsyncGenerator[Chunk]: ...


class LangChain:
    """A `source.Source`: chat models by their names."""

    def __init__(self, models: Mapping[str, ChatModel]) -> None:
        self._models = models

    async def attempt(
        self, prompt: Prompt, attempt: Attempt, patience: Patience, last: bool, say: Say
    ) -> None:
        """See `source.Source`. A batch is a chunk.

        Where `say` raises, LangChain's generator is closed before control returns; what that
        leaves open inside is closed by Python in the loop's next turn.
        """
        model = self._models.get(prompt.model)
        if model is None:
            raise ProviderModelNotFound
        answer = Answer()
        limit = patience.first_byte_last if last else patience.first_byte
        loop = asyncio.get_running_loop()
        turns = await asyncio.to_thread(messages, prompt) if heavy(prompt) else messages(prompt)
        with Understood():
            try:
                stream = adjusted(model, prompt).astream(turns, about())
                async with asyncio.timeout(limit) as watch, aclosing(stream) as chunks:
                    async for chunk in chunks:
                        watch.reschedule(loop.time() + patience.silence)
                        _hand_on(answer.feed(chunk), answer, attempt, say)
            except TimeoutError:
                if not answer.finishing:  # only the end of the stream was waited for
                    raise
        try:
            events = answer.end()
        finally:
            attempt.malformed = answer.malformed
        _hand_on(events, answer, attempt, say)

    def spoilt(self) -> None:
        """See `source.Source`: a key, where there is one, is the model's own business."""


def _hand_on(events: list[Event], answer: Answer, attempt: Attempt, say: Say) -> None:
    attempt.usage = answer.usage
    if events:
        say(events)


def about() -> dict[str, Any]:
    """What a model's callbacks are told of the request: the run is known by its task's name."""
    task = asyncio.current_task()
    name = "" if task is None else task.get_name()
    return {"tags": TAGS, "metadata": {"sluice_run": name.removeprefix("run ")}}


def messages(prompt: Prompt) -> list[dict[str, Any]]:
    """A conversation in the form that every chat model takes."""
    system, turns = split(prompt)
    said: list[dict[str, Any]] = [{"role": turn.role, "content": content(turn)} for turn in turns]
    return [{"role": "system", "content": system}, *said] if system.strip() else said


def content(turn: Message) -> str | list[dict[str, Any]]:
    """A turn's text; standard content blocks where it has a picture."""
    said = told(turn)
    return said if isinstance(said, str) else [_block(piece) for piece in said]


def _block(piece: Image | str) -> dict[str, Any]:
    if isinstance(piece, str):
        return {"type": "text", "text": piece}
    return {"type": "image", "base64": base64(piece).decode(), "mime_type": piece.media_type}


def adjusted(model: Any, prompt: Prompt) -> ChatModel:
    """The model as this prompt wants it: never a longer reply than its maker allows.

    A temperature is for models that were given one: some refuse to be told any. To pass either on
    as an argument would break models that know it by another name.
    """
    fields: Mapping[str, Any] = getattr(model.__class__, "model_fields", {})
    changes: dict[str, Any] = {}
    length = next((name for name in LENGTHS if name in fields), None)
    if length is not None and prompt.max_tokens is not None:
        changes[length] = _shorter(getattr(model, length), prompt.max_tokens)
    if prompt.temperature is not None and getattr(model, "temperature", None) is not None:
        changes["temperature"] = prompt.temperature
    return model.model_copy(update=changes) if changes else model


def _shorter(own: object, asked: int) -> int:
    return min(own, asked) if isinstance(own, int) and own > 0 else asked
