"""Which flows there are, and each as something that answers a prompt."""

import runpy
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from importlib.metadata import entry_points
from inspect import Parameter, getdoc, signature
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import msgspec

from sluice.core.commands import Ask, Principal
from sluice.core.errors import from_code
from sluice.core.events import Attempt, Event, Failed, Finished, TextDelta
from sluice.core.messages import Prompt
from sluice.core.ports import Say
from sluice.flows import builtin
from sluice.flows.mark import name_of
from sluice.services.calls import CALLS, Calls
from sluice.services.chat import Chat

GROUP = "sluice.flows"
UNLISTED = {"count"}  # the demonstration stream's own

Source = Callable[..., AsyncGenerator[str | Event, None]]


class BadFlow(Exception):
    """A flow cannot be loaded. Its text is one line that names where it stands."""


class Listed(msgspec.Struct, frozen=True):
    """A flow, as `GET /api/flows` shows it."""

    name: str
    description: str


class Registry:
    """All flows by name: built in, installed, and of the operator's files, the latter first."""

    def __init__(self, flows: Mapping[str, Source]) -> None:
        self._flows = dict(flows)
        self._chat: Chat | None = None

    def attach(self, chat: Chat) -> None:
        """Say through whom flows call models: known only once this registry is."""
        self._chat = chat

    def listed(self) -> list[Listed]:
        """What a client may choose from."""
        names = sorted(name for name in self._flows if name not in UNLISTED)
        return [
            Listed(name, (getdoc(self._flows[name]) or "").partition("\n")[0]) for name in names
        ]

    def provider(self, name: str, ask: Ask, who: Principal) -> "Answering | None":
        """The flow of that name, as something that answers this request."""
        found = self._flows.get(name)
        assert self._chat is not None, "attach comes first"
        return None if found is None else Answering(found, self._chat, ask, who)


class Answering:
    """One run of a flow. A `core.ports.Provider`."""

    def __init__(self, function: Source, chat: Chat, ask: Ask, who: Principal) -> None:
        self._function = function
        self._chat = chat
        self._ask = ask
        self._who = who

    async def generate(self, prompt: Prompt, attempts: list[Attempt], say: Say) -> None:
        """See `core.ports.Provider`."""
        calls = Calls(self._chat, self._who, attempts)
        CALLS.set(calls)  # each run is a task, and so has a context of its own
        ending = Finished("stop")
        try:
            async with aclosing(self._function(**self._arguments())) as pieces:
                async for piece in pieces:
                    event = _text(piece) if isinstance(piece, str) else piece
                    if isinstance(event, Finished):
                        ending = event
                        break
                    if isinstance(event, Failed):
                        raise from_code(event.code, event.message)
                    if event is not None:
                        say((event,))
        finally:
            await calls.close()
        say((ending,))

    def _arguments(self) -> dict[str, Any]:
        ask = self._ask
        offered = {
            "provider": ask.provider,
            "model": ask.model,
            "max_tokens": ask.max_tokens,
            "temperature": ask.temperature,
        }
        wanted = signature(self._function).parameters
        chosen = {
            name: value
            for name, value in offered.items()
            if name in wanted and (value is not None or wanted[name].default is Parameter.empty)
        }
        return {"user_input": ask.messages[-1].text, **chosen}


def discover(files: Iterable[str]) -> Registry:
    """Collect what is marked: our own, installed packages', and these files'. Raises `BadFlow`."""
    flows = dict(_marked(vars(builtin)))
    for entry in entry_points(group=GROUP):
        try:
            found = entry.load()
        except (ImportError, AttributeError) as problem:
            raise BadFlow(f"flow {entry.name!r}: {type(problem).__name__}: {problem}") from None
        flows.update(_marked(vars(found) if isinstance(found, ModuleType) else {"": found}))
    for file in files:
        if not Path(file).is_file():
            raise BadFlow(f"SLUICE_FLOWS: there is no file {file!r}")
        try:
            flows.update(_marked(runpy.run_path(file)))
        except (ImportError, NameError, SyntaxError, TypeError, ValueError) as problem:
            raise BadFlow(f"SLUICE_FLOWS: {file}: {type(problem).__name__}: {problem}") from None
    return Registry(flows)


def _marked(names: Mapping[str, Any]) -> Iterable[tuple[str, Source]]:
    for thing in names.values():
        if (name := name_of(thing)) is not None:
            yield name, cast(Source, thing)


def _text(piece: str) -> TextDelta | None:
    """A piece of text as an event; what no UTF-8 can hold becomes U+FFFD."""
    if not piece:
        return None
    return TextDelta(
        piece
        if piece.isascii()
        else piece.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
