"""From the name a client gave to the chain that answers. Knows no vendor's format and no HTTP.

The rules about names are in `naming.py`; here they meet what is configured, what the local server
has, and what the operator allows.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypedDict

import msgspec

from sluice.core.errors import (
    Forbidden,
    InvalidRequest,
    ModelNotFound,
    ProviderAuth,
    ProviderNotConfigured,
)
from sluice.core.messages import Message
from sluice.core.ports import Provider
from sluice.providers import naming, parts
from sluice.providers.chain import Chain
from sluice.providers.conduct import Conduct, Nobody
from sluice.providers.course import Candidate
from sluice.providers.listing import Listed, Listing
from sluice.providers.models import ModelTable
from sluice.providers.naming import PROVIDERS
from sluice.providers.rehearsal import rehearsal, rehearsed
from sluice.providers.script import parse
from sluice.providers.source import Source
from sluice.providers.spoilt import Refusing

ANY = ("*",)
KEYLESS = "This model needs no key, so it is this server that refuses a bad one."
REMEMBERED = 256  # full names whose chains are kept at hand
NAMED = 20  # models that an error's text lists, at most
LISTED = 200  # models that a list shows, at most


class Offer(msgspec.Struct, frozen=True):
    """What the operator decided; see `settings.py` for each.

    `defaults`   each provider's default model, as the provider knows it; None: not said
    `aliases`    patterns of bare names, and what they stand for
    `allowed`    patterns of models that may be asked for; fallbacks need not be among them
    `fallbacks`  `provider/name` each, in the order in which they are tried
    `listed`     `provider/name` of further models that there are
    """

    default_model: str | None = None
    defaults: dict[str, str | None] = {}
    aliases: tuple[tuple[str, str], ...] = ()
    allowed: tuple[str, ...] = ANY
    fallbacks: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()


class Choice(NamedTuple):
    """What answers: `model` is `provider/name`, or `demo`."""

    model: str
    provider: Provider


class Named(Protocol):
    """A model that was chosen."""

    @property
    def model(self) -> str: ...


class Condition(TypedDict):
    """A provider as `GET /health` shows it; `state` is `ok`, `failing` or `unknown`."""

    configured: bool
    state: str


class Catalog:
    """Every model there is. `sources` holds the configured providers, by name."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        offer: Offer,
        table: ModelTable,
        conduct: Conduct,
        *,
        list_local: Callable[[], Awaitable[Sequence[str]]],
        clock: Callable[[], float],
    ) -> None:
        self._sources = sources
        self._offer = offer
        self._table = table
        self._conduct = conduct
        self._rehearsal = rehearsal(conduct, clock)
        self._demonstration = msgspec.structs.replace(self._rehearsal, observer=Nobody())
        self._local = Listing(list_local, clock)
        self._known: dict[tuple[str, str | None, tuple[str, ...]], Choice] = {}
        self._real = [name for name in PROVIDERS if name in sources and name != "demo"]
        self._fallbacks = [self._candidate(model) for model in offer.fallbacks if self._has(model)]

    async def resolve(
        self, model: str | None, provider: str | None, only: Sequence[str] = ANY
    ) -> Choice:
        """What answers to a model's name as a client gave it, a provider's, both or neither.

        `only` narrows what this caller may use, fallbacks included. Raises `InvalidRequest` for
        an unknown provider or bad demo parameters, `ModelNotFound`, and `Forbidden`. A provider
        that is known but not configured is chosen all the same: it says so when it is asked.
        """
        if provider and provider not in PROVIDERS:
            raise InvalidRequest(f"The providers are {', '.join(PROVIDERS)}.", field="provider")
        name = (model or "").strip()
        if len(name) > naming.LONGEST or not name.isprintable():
            raise ModelNotFound("No model has such a name.", field="model")
        if not self._real and "demo" in self._sources:
            return self._demo(rehearsed(name or self._offer.default_model or "", provider))
        key = name, provider, tuple(only)
        if (known := self._known.get(key)) is not None:
            return known
        full = await self._full(name, provider)
        known_as = "demo" if full.startswith("demo/") else full
        if not all(naming.permitted(known_as, these) for these in (self._offer.allowed, only)):
            raise Forbidden("This model may not be used here.", field="model")
        choice = self._choice(full, only)
        if name == full and len(self._known) < REMEMBERED:  # what nothing else can change
            self._known[key] = choice
        return choice

    def check(self, model: str, turns: Iterable[Message]) -> None:
        """Raises `InvalidRequest` where a chosen model cannot take what goes with the turns."""
        if parts.images(turns) and not self._table.sees(model):
            raise parts.blind(model)

    def spoilt(self, choice: Named) -> Choice:
        """The same model, asked once and with a key that its provider does not know.

        Neither breaker nor health nor anybody who watches hears of it. Where no key is needed, it
        is we who refuse.
        """
        provider = choice.model.partition("/")[0]
        if provider not in self._sources:
            return self._choice(choice.model, ANY)
        source = self._sources[provider].spoilt()
        if source is None:
            return Choice(choice.model, Refusing(ProviderAuth(KEYLESS)))
        asked = msgspec.structs.replace(self._candidate(choice.model), source=source)
        return Choice(choice.model, Chain([asked], self._demonstration))

    async def models(self, only: Sequence[str] = ANY) -> list[Listed]:
        """What can be asked for by this caller, as far as it is known; the default comes first.

        Asks the local server what it has, where that is not fresh.
        """
        default = await self._usual(only)
        names = [default] if default is not None and self._has(default) else []
        names += [*await self._named(), *filter(self._serves, self._table.names())]
        return [
            Listed(
                name,
                name.partition("/")[0],
                name == default,
                self._table.window(name),
                self._table.quoted(name),
                self._conduct.breakers.wait(name) == 0,
                self._table.sees(name),
            )
            for name in dict.fromkeys(names)
            if naming.permitted(name, self._offer.allowed) and naming.permitted(name, only)
        ][:LISTED]

    def health(self) -> dict[str, Condition]:
        """How each provider does, as real traffic has shown it; the demo cannot but do well."""
        states = {name: self._conduct.health.state(name) for name in PROVIDERS}
        if "demo" in self._sources:
            states["demo"] = "ok"
        return {
            name: Condition(configured=name in self._sources, state=state)
            for name, state in states.items()
        }

    def warnings(self) -> list[str]:
        """What start-up should say about the settings, a line each."""
        said = [
            f"SLUICE_FALLBACKS: `{model}` is skipped: it is no model of a configured provider"
            for model in self._offer.fallbacks
            if not self._has(model)
        ]
        default = self._offer.default_model
        if default and naming.qualified(default, PROVIDERS) and not self._has(default):
            said.append(f"SLUICE_DEFAULT_MODEL: the provider of `{default}` is not configured")
        return said

    async def close(self) -> None:
        """Stop asking the local server for its models."""
        await self._local.close()

    async def _usual(self, only: Sequence[str]) -> str | None:
        """The model that answers this caller where none is named, if any does."""
        try:
            return (await self.resolve(None, None, only)).model
        except (Forbidden, InvalidRequest, ModelNotFound):
            return None

    async def _named(self) -> list[str]:
        """Every model that the settings or the local server name."""
        defaults = ((provider, self._offer.defaults.get(provider)) for provider in self._real)
        names = [f"{provider}/{name}" for provider, name in defaults if name]
        names += [candidate.model for candidate in self._fallbacks]
        names += self._offer.listed
        names += filter(self._serves, (target for _, target in self._offer.aliases))
        if "local" in self._sources:
            names += [f"local/{name}" for name in await self._local.names()]
        if "demo" in self._sources:
            names.append("demo")
        return list(dict.fromkeys(names))

    async def _full(self, name: str, provider: str | None) -> str:
        """The `provider/name` that is meant. Raises `ModelNotFound`."""
        if not name and not provider and self._offer.default_model is not None:
            name = self._offer.default_model
        if not name:
            return await self._default(provider or next(iter([*self._real, *PROVIDERS])))
        if naming.qualified(name, PROVIDERS):
            return name
        if provider:
            return f"{provider}/{name}"
        return await self._look_up(naming.substitute(name, self._offer.aliases) or name)

    async def _look_up(self, name: str) -> str:
        if naming.qualified(name, PROVIDERS):
            return name
        if "local" in self._sources and name in await self._local.names():
            return f"local/{name}"
        if (found := naming.guess(name)) is not None:
            return found
        allowed = self._offer.allowed
        known = [name for name in await self._named() if naming.permitted(name, allowed)]
        there = ", ".join(known[:NAMED]) + (" and more" if len(known) > NAMED else "")
        raise ModelNotFound(f"No provider serves `{name[:80]}`. There is: {there}.", field="model")

    async def _default(self, provider: str) -> str:
        """A provider's default model; the local server's is the first that it lists."""
        name = self._offer.defaults.get(provider)
        if name is None and provider == "local" and provider in self._sources:
            name = next(iter(await self._local.names()), None)
        return provider if provider == "demo" else f"{provider}/{name or 'default'}"

    def _choice(self, model: str, only: Sequence[str]) -> Choice:
        provider, _, name = model.partition("/")
        if provider not in self._sources:
            needs = f"it needs {PROVIDERS[provider]}"
            text = f"The provider `{provider}` is not configured here: {needs}."
            return Choice(model, Refusing(ProviderNotConfigured(text)))
        if provider == "demo":
            return self._demo(name)
        others = [
            candidate
            for candidate in self._fallbacks
            if candidate.model != model and naming.permitted(candidate.model, only)
        ]
        return Choice(model, Chain([self._candidate(model), *others], self._conduct))

    def _demo(self, script: str) -> Choice:
        return Choice("demo", Chain([self._candidate(f"demo/{script}")], self._rehearsal))

    def _candidate(self, model: str) -> Candidate:
        """Raises `InvalidRequest` for bad demo parameters."""
        provider, _, name = model.partition("/")
        if provider == "demo":
            parse(name)
            model = "demo"
        patience, window = self._table.patience(model), self._table.window(model)
        sees = self._table.sees(model)
        return Candidate(model, name, self._sources[provider], patience, window, sees)

    def _has(self, model: str) -> bool:
        return naming.qualified(model, PROVIDERS) and model.partition("/")[0] in self._sources

    def _serves(self, model: str) -> bool:
        """Whether a provider has it, other than the demo, which has but one name in a list."""
        return self._has(model) and model.partition("/")[0] in self._real
