"""What is known about models: window, price, whether they think first or see. Pure data.

List prices in USD per million tokens, as their makers published them in 2026; prices for cached
input, long prompts and batches are not modelled. Operators correct all of it by settings.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeVar

import msgspec

from sluice.core.events import Usage
from sluice.providers.naming import fits, permitted
from sluice.providers.wire import Patience

T = TypeVar("T")
D = TypeVar("D")

K, M = 1_000, 1_000_000
REMEMBERED = 1024  # models whose facts are kept at hand: clients choose the names
THINKING = 300.0  # seconds to the first byte that a local or a reasoning model gets
SLOW_STARTERS = ("local/*", "gguf/*")  # they load the model first


class Model(NamedTuple):
    """One row: `window` in tokens, `price` in USD per million tokens in and out.

    `kind`  `model`: the pattern, but for the `*` at its end, is a name that its maker sells by;
            `family`: it is but what several names begin with; `guess`: nobody has told us
    `sees`  it takes images
    """

    pattern: str
    window: int
    price: tuple[float, float]
    reasoning: bool = False
    kind: Literal["model", "family", "guess"] = "model"
    sees: bool = True


# The first row whose pattern fits holds, so the particular stands before the general.
MODELS = (
    # https://platform.openai.com/docs/pricing
    Model("openai/gpt-5.5-pro*", 1_050 * K, (30.0, 180.0), True),
    Model("openai/gpt-5.5*", 1_050 * K, (5.0, 30.0), True),
    Model("openai/gpt-5.4-pro*", 1_050 * K, (30.0, 180.0), True),
    Model("openai/gpt-5.4-mini*", 400 * K, (0.75, 4.5), True),
    Model("openai/gpt-5.4-nano*", 400 * K, (0.2, 1.25), True),
    Model("openai/gpt-5.4*", 1_050 * K, (2.5, 15.0), True),
    Model("openai/gpt-5.2-pro*", 400 * K, (21.0, 168.0), True),
    Model("openai/gpt-5.[23]-chat*", 128 * K, (1.75, 14.0)),
    Model("openai/gpt-5.[23]*", 400 * K, (1.75, 14.0), True),
    Model("openai/gpt-5-pro*", 400 * K, (15.0, 120.0), True),
    Model("openai/gpt-5*-mini*", 400 * K, (0.25, 2.0), True),
    Model("openai/gpt-5-nano*", 400 * K, (0.05, 0.4), True),
    Model("openai/gpt-5*-chat*", 128 * K, (1.25, 10.0)),
    Model("openai/gpt-5*", 400 * K, (1.25, 10.0), True),
    Model("openai/gpt-4.1-mini*", 1_047_576, (0.4, 1.6)),
    Model("openai/gpt-4.1-nano*", 1_047_576, (0.1, 0.4)),
    Model("openai/gpt-4.1*", 1_047_576, (2.0, 8.0)),
    Model("openai/gpt-4o-mini*", 128 * K, (0.15, 0.6)),
    Model("openai/gpt-4o*", 128 * K, (2.5, 10.0)),
    Model("openai/chatgpt-4o*", 128 * K, (5.0, 15.0), kind="family"),
    Model("openai/gpt-4-turbo*", 128 * K, (10.0, 30.0)),
    Model("openai/gpt-4*", 8_192, (30.0, 60.0), sees=False),
    Model("openai/gpt-3.5-turbo*", 16_385, (0.5, 1.5), sees=False),
    Model("openai/o1-pro*", 200 * K, (150.0, 600.0), True),
    Model("openai/o1-mini*", 128 * K, (1.1, 4.4), True, sees=False),
    Model("openai/o1*", 200 * K, (15.0, 60.0), True),
    Model("openai/o3-pro*", 200 * K, (20.0, 80.0), True),
    Model("openai/o3-mini*", 200 * K, (1.1, 4.4), True, sees=False),
    Model("openai/o3*", 200 * K, (2.0, 8.0), True),
    Model("openai/o4-mini*", 200 * K, (1.1, 4.4), True),
    # https://ai.google.dev/gemini-api/docs/pricing
    Model("gemini/gemini-3.5-flash*", 1_048_576, (1.5, 9.0), True),
    Model("gemini/gemini-3.1-flash-lite*", 1_048_576, (0.25, 1.5)),
    Model("gemini/gemini-3*-flash*", 1_048_576, (0.5, 3.0), True),
    Model("gemini/gemini-3*-pro*", 1_048_576, (2.0, 12.0), True),
    Model("gemini/gemini-2.5-pro*", 1_048_576, (1.25, 10.0), True),
    Model("gemini/gemini-2.5-flash-lite*", 1_048_576, (0.1, 0.4)),
    Model("gemini/gemini-2.5-flash*", 1_048_576, (0.3, 2.5), True),
    Model("gemini/gemini-2.0-flash-lite*", 1_048_576, (0.075, 0.3)),
    Model("gemini/gemini-2.0-flash*", 1_048_576, (0.1, 0.4)),
    Model("gemini/gemini-1.5-pro*", 2_097_152, (1.25, 5.0)),
    Model("gemini/gemini-1.5-flash*", 1_048_576, (0.075, 0.3)),
    # https://platform.claude.com/docs/en/about-claude/pricing
    Model("anthropic/claude-fable-5*", 1 * M, (10.0, 50.0), True),
    Model("anthropic/claude-opus-5-5*", 1 * M, (4.0, 20.0), True),
    Model("anthropic/claude-opus-5*", 1 * M, (5.0, 25.0), True),
    Model("anthropic/claude-sonnet-5*", 1 * M, (2.0, 10.0), True),
    Model("anthropic/claude-opus-4-[67]*", 1 * M, (5.0, 25.0)),
    Model("anthropic/claude-opus-4-5*", 200 * K, (5.0, 25.0)),
    Model("anthropic/claude-opus-4*", 200 * K, (15.0, 75.0), kind="family"),
    Model("anthropic/claude-sonnet-4-6*", 1 * M, (3.0, 15.0)),
    Model("anthropic/claude-sonnet-4*", 200 * K, (3.0, 15.0), kind="family"),
    Model("anthropic/claude-haiku-4-5*", 200 * K, (1.0, 5.0)),
    Model("anthropic/claude-3-[57]-sonnet*", 200 * K, (3.0, 15.0)),
    Model("anthropic/claude-3-5-haiku*", 200 * K, (0.8, 4.0), kind="family"),
    Model("anthropic/claude-3-haiku*", 200 * K, (0.25, 1.25), kind="family"),
    Model("anthropic/claude-3-opus*", 200 * K, (15.0, 75.0), kind="family"),
    # What nobody has told us about
    Model("openai/*", 128 * K, (0.5, 1.5), kind="guess", sees=False),
    Model("gemini/*embedding*", 2_048, (0.5, 1.5), kind="guess", sees=False),
    Model("gemini/gemini-*", 1_048_576, (0.5, 1.5), kind="guess"),
    Model("gemini/*", 1_048_576, (0.5, 1.5), kind="guess", sees=False),
    Model("anthropic/claude-*", 200 * K, (0.5, 1.5), kind="guess"),
    Model("anthropic/*", 200 * K, (0.5, 1.5), kind="guess", sees=False),
    Model("local/*", 8_192, (0.0, 0.0), sees=False),
    Model("gguf/*", 8_192, (0.0, 0.0), sees=False),
    Model("demo/*", 128 * K, (0.0, 0.0), sees=False),
)
NO_LIMITS: dict[str, float] = {}
WILD = frozenset("*?[")  # what makes a pattern of a name
UNKNOWN = Model("*", 32_768, (0.5, 1.5), kind="guess", sees=False)


class Facts(NamedTuple):
    """All that is known about one model. `quoted`: its price is more than a guess."""

    window: int
    price: tuple[float, float]
    quoted: bool
    reasoning: bool
    patience: Patience
    sees: bool


class ModelTable:
    """The table above, as the operator corrects it (`overrides.py` reads the settings)."""

    def __init__(
        self,
        prices: Sequence[tuple[str, tuple[float, float]]] = (),
        windows: Sequence[tuple[str, int]] = (),
        reasoning: Sequence[str] = (),
        patience: Sequence[tuple[str, dict[str, float]]] = (),
        vision: Sequence[str] = (),
    ) -> None:
        self._prices = prices
        self._windows = windows
        self._reasoning = reasoning
        self._patience = patience
        self._vision = vision
        self._facts = lru_cache(REMEMBERED)(self._find)

    def window(self, model: str) -> int:
        """How much the `provider/name` takes in and says together, in tokens."""
        return self._facts(model).window

    def price(self, model: str) -> tuple[float, float]:
        """USD per million tokens, in and out."""
        return self._facts(model).price

    def quoted(self, model: str) -> tuple[float, float] | None:
        """The same, where its maker or the operator has said it."""
        facts = self._facts(model)
        return facts.price if facts.quoted else None

    def names(self) -> list[str]:
        """The models that are known by name: those that the operator prices, then ours."""
        own = [pattern for pattern, _ in (*self._prices, *self._windows) if "/" in pattern]
        ours = [row.pattern.removesuffix("*") for row in MODELS if row.kind == "model"]
        return [name for name in (*own, *ours) if WILD.isdisjoint(name) and name[-1] != "/"]

    def reasoning(self, model: str) -> bool:
        """Whether the model thinks for long before its first token."""
        return self._facts(model).reasoning

    def sees(self, model: str) -> bool:
        """Whether the model takes images."""
        return self._facts(model).sees

    def patience(self, model: str) -> Patience:
        """How long one request to the model waits for what."""
        return self._facts(model).patience

    def cost(self, model: str, usage: Usage) -> float:
        """What these tokens cost, in USD."""
        price_in, price_out = self._facts(model).price
        return (usage.input_tokens * price_in + usage.output_tokens * price_out) / M

    def _find(self, model: str) -> Facts:
        row = next((row for row in MODELS if fits(model, row.pattern)), UNKNOWN)
        reasoning = row.reasoning or permitted(model, self._reasoning)
        slow = reasoning or permitted(model, SLOW_STARTERS)
        usual = Patience(first_byte=THINKING, first_byte_last=THINKING) if slow else Patience()
        own = _first(model, self._prices, None)
        return Facts(
            _first(model, self._windows, row.window),
            row.price if own is None else own,
            own is not None or row.kind != "guess",
            reasoning,
            msgspec.structs.replace(usual, **_first(model, self._patience, NO_LIMITS)),
            row.sees or permitted(model, self._vision),
        )


def _first(model: str, rows: Sequence[tuple[str, T]], otherwise: D) -> T | D:
    return next((own for pattern, own in rows if fits(model, pattern)), otherwise)
