"""The one door to the engine: whatever its dialect, a request becomes a run here."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from sluice.core.commands import Ask, Principal
from sluice.core.engine import Engine
from sluice.core.errors import Forbidden, InvalidRequest, NotFound, RunExpired, Unauthorized
from sluice.core.events import Ending
from sluice.core.messages import Message, Prompt
from sluice.core.ports import Provider
from sluice.core.runs import Run

BYTES_A_TOKEN = 3  # a cautious guess, for what a context window holds
FLOW = "flow/"  # what the model of a flow's run begins with
ANY = ("*",)
TURN = 4  # tokens that a turn takes beside its text


class Choice(Protocol):
    """The model that is to answer: its full name, and who asks it."""

    @property
    def model(self) -> str: ...
    @property
    def provider(self) -> Provider: ...


class Models(Protocol):
    """Which models there are."""

    async def resolve(self, model: str | None, provider: str | None, only: Sequence[str]) -> Choice:
        """Find the model that a client means, among those that fit the patterns in `only`.

        Raises `ModelNotFound`, `InvalidRequest` or `Forbidden`.
        """
        ...


class Flows(Protocol):
    """Which flows there are."""

    def provider(self, name: str, ask: Ask, who: Principal) -> Provider | None:
        """The flow of that name, as something that answers."""
        ...


class Rules(msgspec.Struct, frozen=True):
    """What may be asked for. Lengths are tokens; `strangers` are patterns of model names.

    `nearby` are models that nobody gets through a proxy.
    """

    max_tokens: int = 16_384
    default_max_tokens: int = 4096
    strangers: tuple[str, ...] = ("*",)
    nearby: tuple[str, ...] = ()


class Chat:
    """Starts, finds and cancels runs on somebody's behalf."""

    def __init__(
        self,
        engine: Engine,
        models: Models,
        flows: Flows,
        window: Callable[[str], int],
        rules: Rules,
    ) -> None:
        self._engine = engine
        self._models = models
        self._flows = flows
        self._window = window
        self._rules = rules

    async def start(self, ask: Ask, dialect: str, who: Principal, *, part: bool = False) -> Run:
        """Begin a run; `part` of another, where a flow asks.

        Raises what refuses it: `InvalidRequest`, `ModelNotFound`, `Forbidden`, `Overloaded`.
        """
        if who.id is None and not who.welcome:
            raise Unauthorized
        length = ask.max_tokens or self._rules.default_max_tokens
        if length > self._rules.max_tokens:
            limit = f"Expected `int` <= {self._rules.max_tokens}"
            raise InvalidRequest(limit, field="max_tokens")
        model, provider = await self._choose(ask, who)
        window = self._window(model) - length
        prompt = Prompt(model, fit(ask.messages, window), length, ask.temperature)
        return self._engine.start(
            provider,
            prompt,
            model=model,
            dialect=dialect,
            owner=who.id,
            background=ask.background,
            part=part,
        )

    def find(self, id: str, who: Principal) -> Run:
        """A run that its caller may see. Raises `RunExpired`, also for somebody else's."""
        if who.id is None and not who.welcome:
            raise Unauthorized
        run = self._engine.find(id)
        if run.owner is not None and run.owner != who.id:
            raise RunExpired
        return run

    def stop(self, run: Run) -> None:
        """Stop a run at once; its followers will hear how it ended."""
        self._engine.stop(run)

    async def cancel(self, run: Run) -> Ending:
        """Stop a run at once, and return how it ended."""
        return await self._engine.cancel(run)

    async def _choose(self, ask: Ask, who: Principal) -> tuple[str, Provider]:
        only = ANY if who.id is not None else self._rules.strangers
        if ask.flow is None:
            choice = await self._models.resolve(ask.model, ask.provider, only)
            if choice.model in self._rules.nearby and not who.direct:
                raise Forbidden("This model may not be used here.", field="model")
            return choice.model, choice.provider
        if ask.model or ask.provider:  # nonsense is refused now, not in the middle of the flow
            await self._models.resolve(ask.model, ask.provider, only)
        flow = self._flows.provider(ask.flow, ask, who)
        if flow is None:
            raise NotFound(f"There is no flow {ask.flow[:80]!r}.", field="flow")
        return f"{FLOW}{ask.flow}", flow


def fit(messages: Sequence[Message], window: int) -> tuple[Message, ...]:
    """The newest turns that fit into `window` tokens; the last one and the system's always."""
    *earlier, last = messages
    system = [message for message in earlier if message.role == "system"]
    room = window - sum(map(_size, [*system, last]))
    kept: list[Message] = []
    for message in reversed([message for message in earlier if message.role != "system"]):
        room -= _size(message)
        if room < 0:
            break
        kept.append(message)
    while kept and kept[-1].role != "user":  # some providers want a question to come first
        kept.pop()
    return (*system, *reversed(kept), last)


def _size(message: Message) -> int:
    return len(message.text.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN + TURN
