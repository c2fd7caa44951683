"""What a run came to: tokens, measured or counted by us, and what they cost. One record a run."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from sluice.core.events import Ending, Finished, Receipt, Usage
from sluice.core.ports import Outcome
from sluice.services.calls import INNER
from sluice.services.chat import FLOW

NOTHING = Usage(0, 0)
CACHED = "cached"  # the outcome of an attempt for which nobody was asked
COUNTED = {"ok", "cancelled"}  # a provider that failed before its first token charges nothing


class Tokenizer(Protocol):
    """Counts tokens where a provider does not."""

    async def count(self, texts: Sequence[str]) -> int: ...


class Prices(Protocol):
    """What tokens cost."""

    def cost(self, model: str, usage: Usage) -> float:
        """USD for this usage of `provider/name`."""
        ...


class Record(msgspec.Struct, frozen=True):
    """One run's line in the books. Never holds a text.

    `outcome` is the finish reason, or the code of the error.
    """

    id: str
    dialect: str
    asked: str
    owner: str | None
    outcome: str
    receipt: Receipt


class Meter:
    """The `Settle` of a server without a store: counts, prices, and tells who keeps books."""

    def __init__(
        self, tokenizer: Tokenizer, prices: Prices, books: Sequence[Callable[[Record], None]]
    ) -> None:
        self._tokenizer = tokenizer
        self._prices = prices
        self._books = books

    async def __call__(self, run: Outcome, ending: Ending) -> Receipt:
        usage = await self._usage(run)
        receipt = Receipt(
            model=run.attempts[-1].model if run.attempts else run.model,
            usage=usage,
            cost=self._cost(run),
            duration=run.duration,
            first_token=run.first_token,
            text_length=len(run.text),
            attempts=tuple(run.attempts),
            cached=bool(run.attempts) and run.attempts[-1].outcome == CACHED,
        )
        outcome = ending.reason if isinstance(ending, Finished) else ending.code
        record = Record(run.id, run.dialect, run.model, run.owner, outcome, receipt)
        if run.dialect != INNER:  # a call inside a flow: the flow's own record covers it
            for book in self._books:
                book(record)
        return receipt

    async def _usage(self, run: Outcome) -> Usage:
        """What the answer took: of every attempt that came to something, a flow's calls all."""
        if not run.attempts:
            return NOTHING
        last = run.attempts[-1]
        if last.outcome == CACHED:
            return NOTHING
        settled = run.model.startswith(FLOW)  # each of its calls has been, by itself
        if not settled and (last.usage is None or last.outcome != "ok"):
            charged = run.first_token is not None or last.outcome in COUNTED
            if charged and not (last.usage and last.usage.estimated):
                last.usage = await self._estimate(run, last.usage or NOTHING)
        counted = [a.usage for a in run.attempts if a is last or a.outcome in COUNTED]
        return total([usage for usage in counted if usage is not None])

    async def _estimate(self, run: Outcome, reported: Usage) -> Usage:
        prompt = reported.input_tokens or await self._tokenizer.count(
            [message.text for message in run.prompt.messages]
        )
        said = await self._tokenizer.count([run.text, run.thoughts])
        reasoning = reported.reasoning_tokens
        return Usage(prompt, max(said, reported.output_tokens), reasoning, estimated=True)

    def _cost(self, run: Outcome) -> float:
        spent = [(attempt.model, attempt.usage) for attempt in run.attempts]
        return sum(self._prices.cost(model, usage) for model, usage in spent if usage is not None)


def total(usages: Sequence[Usage]) -> Usage:
    """All these together."""
    if len(usages) == 1:
        return usages[0]
    return Usage(
        sum(usage.input_tokens for usage in usages),
        sum(usage.output_tokens for usage in usages),
        sum(usage.reasoning_tokens for usage in usages),
        any(usage.estimated for usage in usages),
    )
