"""The Python face: the server's providers, limits, retries and fallbacks, without a server."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType

import msgspec

from sluice.core.commands import Ask, Principal
from sluice.core.messages import Message
from sluice.core.runs import Run
from sluice.house import House, Watch, bounds_of, open_house, plan
from sluice.services.calls import CALLS
from sluice.services.text import TextStream
from sluice.settings import Settings, load

CALLER = Principal()


class Client:
    """Holds the connections for any number of answers, one after another or at the same time.

    ```python
    async with sluice.Client() as llm:
        async with llm.stream("openai/gpt-4o-mini", "Hello") as answer:
            async for text in answer:
                print(text, end="", flush=True)
    ```

    Reads the same settings as the server, where none are given. Raises `sluice.settings.BadSetting`
    on entry where one is wrong.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._house: House | None = None

    async def __aenter__(self) -> "Client":
        settings = self._settings or load()
        # Nobody can come back for an answer here: what is left is stopped, what has ended is gone.
        bounds = msgspec.structs.replace(bounds_of(settings), grace=0.0, retention=0.0)
        async with AsyncExitStack() as stack:
            self._house = await open_house(stack, settings, plan(settings), bounds, Watch())
            self._stack = stack.pop_all()  # only once all of it stands
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop what still runs, and close all connections."""
        await self._stack.aclose()
        self._house = None

    def stream(
        self,
        model: str | None = None,
        prompt: str | None = None,
        *,
        provider: str | None = None,
        messages: Sequence[Message] | None = None,
        system: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> TextStream:
        """Ask a model (`provider/name`, or a bare name; the default one where none is named).

        Nothing is sent before the answer is iterated. `messages` are earlier turns; `prompt` is
        the newest. Raises `ValueError` where there is nothing to ask.
        """
        ask = _ask(
            model,
            prompt,
            provider=provider,
            messages=messages,
            system=system,
            temperature=temperature,
            max_tokens=max_tokens,
        )
        return TextStream(lambda: self.begin(ask))

    async def begin(self, ask: Ask) -> Run:
        """Start a run of which the caller follows the events itself."""
        if self._house is None:
            raise RuntimeError("the Client is not open: use it by `async with`")
        return await self._house.chat.start(ask, "python", CALLER)


def _ask(
    model: str | None,
    prompt: str | None,
    *,
    provider: str | None,
    messages: Sequence[Message] | None,
    system: str | None,
    temperature: float | None,
    max_tokens: int | None,
) -> Ask:
    turns = list(messages or ())
    if system is not None:
        turns.insert(0, Message("system", system))
    if prompt is not None:
        turns.append(Message("user", prompt))
    if not turns or turns[-1].role != "user" or not turns[-1].text.strip():
        raise ValueError("there is nothing to ask: give a prompt, or messages that end with one")
    return Ask(
        messages=tuple(turns),
        model=model,
        provider=provider,
        max_tokens=max_tokens,
        temperature=temperature,
    )


def stream_llm(
    provider: str | None,
    prompt: str | None = None,
    *,
    model: str | None = None,
    messages: Sequence[Message] | None = None,
    system: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> TextStream:
    """Ask a provider (`openai`, `gemini`, `anthropic`, `local`, `demo`; None for the default).

    ```python
    async with sluice.stream_llm("gemini", "Xin chào") as answer:
        async for text in answer:
            print(text, end="", flush=True)
    ```

    Opens a `Client` for this one call; inside a flow it is part of the flow's run. `max_tokens`
    limits the answer, `temperature` is 0 to 2. Iterating raises the errors of `sluice.errors`.
    """
    ask = _ask(
        model,
        prompt,
        provider=provider,
        messages=messages,
        system=system,
        temperature=temperature,
        max_tokens=max_tokens,
    )
    return _one_call(ask)


def run_stream_test_workflow(
    user_input: str, provider: str | None = None, model: str | None = None
) -> TextStream:
    """Run the built-in flow `stream-test`: a line, one call to a model, and another line."""
    messages = (Message("user", user_input),)
    return _one_call(Ask(messages=messages, provider=provider, model=model, flow="stream-test"))


def _one_call(ask: Ask) -> TextStream:
    """Part of the run where this is inside a flow; else with connections of its own."""
    if (calls := CALLS.get()) is not None:
        return calls.stream(ask)
    client = Client()

    async def begin() -> Run:
        await client.__aenter__()
        return await client.begin(ask)

    return TextStream(begin, client.aclose)


stream_gpt = partial(stream_llm, "openai")
stream_gemini = partial(stream_llm, "gemini")
stream_claude = partial(stream_llm, "anthropic")
stream_local = partial(stream_llm, "local")
