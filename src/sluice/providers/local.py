"""A local server that imitates OpenAI: Ollama, llama.cpp, vLLM, LM Studio. Does no I/O.

It may send no usage, no `[DONE]`, `<think>` in the text, and fields of its own.
"""

from typing import Any

import msgspec

from sluice.core.errors import ProviderBadResponse
from sluice.core.messages import Prompt
from sluice.providers.openai import Decoder, OpenAI, bearer, chat_body
from sluice.providers.thinking import Thinking
from sluice.providers.wire import Request


class Local(OpenAI):
    """The server at `base_url`, which may end in `/v1` or not."""

    def __init__(self, base_url: str, key: str | None) -> None:
        super().__init__(normal(base_url), key)

    def request(self, prompt: Prompt) -> Request:
        body: dict[str, Any] = chat_body(prompt)
        if prompt.max_tokens is not None:
            body["max_tokens"] = prompt.max_tokens
        if prompt.temperature is not None:
            body["temperature"] = prompt.temperature
        return Request(self._url, bearer(self._key), msgspec.json.encode(body))

    def decoder(self) -> Decoder:
        return Decoder(self._key, Thinking())


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model] | None = None


def normal(base_url: str) -> str:
    """The address with `/v1` at its end, however it was given."""
    return base_url.rstrip("/").removesuffix("/chat/completions").removesuffix("/v1") + "/v1"


def parse_models(body: bytes) -> list[str]:
    """The names that `GET /v1/models` lists. Raises `ProviderBadResponse` if it is no list."""
    try:
        return [model.id for model in msgspec.json.decode(body, type=_Models).data or ()]
    except (ValueError, RecursionError):
        raise ProviderBadResponse from None
