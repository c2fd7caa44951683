"""From a client's words to the chain that answers."""

import asyncio
from collections.abc import Sequence

import pytest
from speakers import HELLO, PROMPT, Clock, Says, conduct

from sluice.core.errors import (
    Forbidden,
    InvalidRequest,
    ModelNotFound,
    ProviderAuth,
    ProviderNotConfigured,
    ProviderUnavailable,
    SluiceError,
)
from sluice.core.events import Attempt, Event
from sluice.core.messages import Document, Image, Message
from sluice.core.ports import Provider
from sluice.providers.demo import Demo
from sluice.providers.models import ModelTable
from sluice.providers.registry import Catalog, Offer
from sluice.providers.source import Source

DEFAULTS: dict[str, str | None] = {
    "openai": "gpt-4o-mini",
    "gemini": "gemini-2.0-flash",
    "anthropic": "claude-haiku-4-5",
    "local": None,
}
KNOWN = "openai, gemini, anthropic, local, gguf, langchain, demo"


class Lists:
    """A local server that has these models, or answers as it is told."""

    def __init__(self, *names: str, error: SluiceError | None = None) -> None:
        self.names = list(names)
        self.error = error
        self.asked = 0
        self.gate: asyncio.Event | None = None

    async def __call__(self) -> Sequence[str]:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.names


def catalog(
    *configured: str,
    offer: Offer | None = None,
    lists: Lists | None = None,
    clock: Clock | None = None,
    says: dict[str, Source] | None = None,
) -> Catalog:
    clock = clock or Clock()
    sources: dict[str, Source] = {name: Says() for name in configured if name != "demo"}
    if "demo" in configured:
        sources["demo"] = Demo(clock, clock.sleep)
    return Catalog(
        sources | (says or {}),
        offer or Offer(defaults=DEFAULTS),
        ModelTable(),
        conduct(clock, retries=0),
        list_local=lists or Lists(),
        clock=clock,
    )


async def hear(provider: Provider, attempts: list[Attempt]) -> list[Event]:
    said: list[Event] = []
    await provider.generate(PROMPT, attempts, said.extend)
    return said


ALL = "openai gemini anthropic local demo"


@pytest.mark.parametrize(
    ("configured", "model", "provider", "chosen"),
    [
        # by its full name
        (ALL, "openai/gpt-4o", None, "openai/gpt-4o"),
        (ALL, "anthropic/claude-x", None, "anthropic/claude-x"),
        (ALL, "local/meta-llama/Llama-3", None, "local/meta-llama/Llama-3"),
        (ALL, " openai/gpt-4o ", None, "openai/gpt-4o"),
        (ALL, "demo", None, "demo"),
        (ALL, "demo/n=5,delay=0", None, "demo"),
        # by a bare name: aliases, what the local server lists, patterns
        (ALL, "fast", None, "openai/gpt-4.1-nano"),
        (ALL, "my-thing", None, "local/llama3"),
        (ALL, "second", None, "gemini/gemini-9"),
        (ALL, "rehearse", None, "demo"),
        (ALL, "gpt-oss", None, "local/gpt-oss"),
        (ALL, "org/model", None, "local/org/model"),
        (ALL, "gpt-4o", None, "openai/gpt-4o"),
        (ALL, "chatgpt-4o-latest", None, "openai/chatgpt-4o-latest"),
        (ALL, "o3-mini", None, "openai/o3-mini"),
        (ALL, "gemini-2.5-pro", None, "gemini/gemini-2.5-pro"),
        (ALL, "claude-3-opus", None, "anthropic/claude-3-opus"),
        # by a provider
        (ALL, None, "gemini", "gemini/gemini-2.0-flash"),
        (ALL, None, "local", "local/gpt-oss"),
        (ALL, None, "demo", "demo"),
        (ALL, "", "openai", "openai/gpt-4o-mini"),
        (ALL, "gpt-4o", "local", "local/gpt-4o"),
        (ALL, "fast", "openai", "openai/fast"),
        (ALL, "org/model", "local", "local/org/model"),
        (ALL, "gemini/gemini-9", "openai", "gemini/gemini-9"),
        (ALL, "n=5", "demo", "demo"),
        # by nothing at all
        (ALL, None, None, "openai/gpt-4o-mini"),
        ("demo local anthropic gemini", None, "", "gemini/gemini-2.0-flash"),
        ("demo local anthropic", None, None, "anthropic/claude-haiku-4-5"),
        ("demo local", None, None, "local/gpt-oss"),
        # what is known but not configured is chosen all the same
        ("openai", "gemini/gemini-9", None, "gemini/gemini-9"),
        ("gemini", "gpt-4o", None, "openai/gpt-4o"),
        ("gemini", None, "local", "local/default"),
        ("gemini", "demo/n=5", None, "demo/n=5"),
        ("", None, None, "openai/gpt-4o-mini"),
        # with nothing configured the demo answers to every name
        ("demo", None, None, "demo"),
        ("demo", "openai/gpt-4o", None, "demo"),
        ("demo", "whatever/it:is", "gemini", "demo"),
        ("demo", None, "local", "demo"),
        ("demo", "gpt-4o", "demo", "demo"),
        ("demo", "demo/n=5", "openai", "demo"),
    ],
)
async def test_what_a_name_comes_to(
    configured: str, model: str | None, provider: str | None, chosen: str
) -> None:
    aliases = (
        ("fast", "openai/gpt-4.1-nano"),
        ("my-*", "local/llama3"),
        ("second", "gemini-9"),
        ("rehearse", "demo/n=3"),
    )
    models = catalog(
        *configured.split(),
        offer=Offer(defaults=DEFAULTS, aliases=aliases),
        lists=Lists("gpt-oss", "org/model"),
    )
    assert (await models.resolve(model, provider)).model == chosen


@pytest.mark.parametrize(
    ("default", "chosen"),
    [
        ("anthropic/claude-x", "anthropic/claude-x"),
        ("gpt-4o", "openai/gpt-4o"),
        ("demo/n=3", "demo"),
    ],
)
async def test_the_operators_default_counts_where_nothing_is_named(
    default: str, chosen: str
) -> None:
    offer = Offer(default_model=default, defaults=DEFAULTS)
    models = catalog(*ALL.split(), offer=offer)
    assert (await models.resolve(None, None)).model == chosen
    assert (await models.resolve(None, "gemini")).model == "gemini/gemini-2.0-flash"
    assert (await models.resolve("o3", None)).model == "openai/o3"


@pytest.mark.parametrize(
    ("configured", "model", "provider", "kind", "field", "says"),
    [
        (ALL, "no-such", None, ModelNotFound, "model", "openai/gpt-4o-mini"),
        (ALL, "no-such", None, ModelNotFound, "model", "local/llama3"),
        (ALL, "mistral/7b", None, ModelNotFound, "model", "`mistral/7b`"),
        (ALL, "openai/", None, ModelNotFound, "model", "`openai/`"),
        (ALL, "x" * 257, None, ModelNotFound, "model", "No model"),
        (ALL, "openai/a\nb", None, ModelNotFound, "model", "No model"),
        (ALL, None, "mistral", InvalidRequest, "provider", KNOWN),
        ("demo", None, "mistral", InvalidRequest, "provider", KNOWN),
        (ALL, "demo/n=99999", None, InvalidRequest, "model", "n=99999"),
        ("demo", "demo/what", None, InvalidRequest, "model", "what"),
        (ALL, "gpt-4o", "demo", InvalidRequest, "model", "gpt-4o"),
    ],
)
async def test_what_is_refused_before_a_run_starts(
    configured: str,
    model: str | None,
    provider: str | None,
    kind: type[SluiceError],
    field: str,
    says: str,
) -> None:
    models = catalog(*configured.split(), lists=Lists("llama3"))
    with pytest.raises(kind) as caught:
        await models.resolve(model, provider)
    assert caught.value.field == field
    assert says in caught.value.message


async def test_a_refusal_names_only_so_many_models() -> None:
    models = catalog("local", lists=Lists(*(f"model-{n}" for n in range(500))))
    with pytest.raises(ModelNotFound) as caught:
        await models.resolve("y" * 200, None)
    assert len(caught.value.message) < 600
    assert "and more" in caught.value.message


@pytest.mark.parametrize(
    ("provider", "setting"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("local", "LOCAL_LLM_URL"),
        ("gguf", "SLUICE_GGUF"),
        ("langchain", "SLUICE_LANGCHAIN"),
        ("demo", "SLUICE_DEMO"),
    ],
)
async def test_what_is_not_configured_says_so_when_it_is_asked(provider: str, setting: str) -> None:
    attempts: list[Attempt] = []
    choice = await catalog("gemini", offer=Offer(fallbacks=("gemini/x",))).resolve(None, provider)
    with pytest.raises(ProviderNotConfigured, match=setting):
        await hear(choice.provider, attempts)
    assert attempts == []


@pytest.mark.parametrize(
    ("allowed", "only", "model", "fine"),
    [
        (("openai/*",), ("*",), "gpt-4o", True),
        (("openai/*",), ("*",), "gemini/x", False),
        (("gpt-4o*",), ("*",), "openai/gpt-4o-mini", True),
        (("*",), ("local/*", "demo"), "gpt-4o", False),
        (("*",), ("local/*", "demo"), "demo/n=3", True),
        (("*",), ("demo/*",), "demo", True),
        (("local/*",), ("openai/*",), "local/x", False),
        ((), ("*",), "local/x", False),
    ],
)
async def test_only_what_is_allowed_may_be_asked_for(
    allowed: tuple[str, ...], only: tuple[str, ...], model: str, fine: bool
) -> None:
    models = catalog(*ALL.split(), offer=Offer(defaults=DEFAULTS, allowed=allowed))
    if fine:
        await models.resolve(model, None, only)
    else:
        with pytest.raises(Forbidden):
            await models.resolve(model, None, only)


# Fallbacks


@pytest.mark.parametrize(
    ("model", "only", "asked"),
    [
        ("openai/gpt-4o", "*", "openai/gpt-4o gemini/x local/y"),
        ("gemini/x", "*", "gemini/x local/y"),
        ("local/y", "*", "local/y gemini/x"),
        ("openai/gpt-4o", "openai/*", "openai/gpt-4o"),
        ("local/z", "local/*", "local/z local/y"),
    ],
)
async def test_a_model_that_fails_is_followed_by_the_fallbacks(
    model: str, only: str, asked: str
) -> None:
    down = {name: Says([ProviderAuth()]) for name in ("openai", "gemini", "local")}
    offer = Offer(fallbacks=("anthropic/off", "gemini/x", "local/y"))
    models = catalog("demo", offer=offer, says=dict(down))
    attempts: list[Attempt] = []
    choice = await models.resolve(model, None, (only,))
    with pytest.raises(ProviderAuth):
        await hear(choice.provider, attempts)
    assert [attempt.model for attempt in attempts] == asked.split()


async def test_the_model_that_answered_is_the_last_attempts() -> None:
    offer = Offer(fallbacks=("demo/n=2,delay=0",))
    models = catalog("demo", offer=offer, says={"openai": Says([ProviderAuth()])})
    attempts: list[Attempt] = []
    choice = await models.resolve("gpt-4o", None)
    assert len(await hear(choice.provider, attempts)) == 4
    assert [(a.model, a.outcome) for a in attempts] == [
        ("openai/gpt-4o", "provider_auth"),
        ("demo", "ok"),
    ]


async def test_the_demo_never_spends_money_and_remembers_no_rehearsal() -> None:
    paid = Says()
    models = catalog("demo", offer=Offer(fallbacks=("openai/x",)), says={"openai": paid})
    attempts: list[Attempt] = []
    for _ in range(10):
        choice = await models.resolve("demo/fail=provider_unavailable@0,delay=0", None)
        with pytest.raises(ProviderUnavailable) as caught:
            await hear(choice.provider, attempts)
        assert caught.value.message == ProviderUnavailable.text
    assert [attempt.outcome for attempt in attempts] == ["provider_unavailable"] * 10
    assert paid.asked == []
    assert models.health()["demo"] == {"configured": True, "state": "ok"}
    choice = await models.resolve("demo/n=2,delay=0", None)
    assert len(await hear(choice.provider, attempts)) == 4


async def test_nothing_fills_up_with_the_names_that_clients_choose() -> None:
    clock = Clock()
    manners = conduct(clock)
    models = Catalog(
        {"openai": Says()},
        Offer(),
        ModelTable(),
        manners,
        list_local=Lists(),
        clock=clock,
    )
    for number in range(1_000):
        await hear((await models.resolve(f"openai/{number}", None)).provider, [])
    assert len(manners.breakers.states()) == 512


# The local server's list


async def test_the_list_is_asked_for_once_while_it_is_fresh() -> None:
    clock, lists = Clock(), Lists("llama3")
    models = catalog("local", lists=lists, clock=clock)
    for seconds, asked in ((0, 1), (29, 1), (1, 2)):
        clock.now += seconds
        assert (await models.resolve("llama3", None)).model == "local/llama3"
        assert lists.asked == asked


async def test_a_server_that_gives_no_list_is_asked_again_sooner() -> None:
    clock, lists = Clock(), Lists(error=ProviderUnavailable())
    models = catalog("local", lists=lists, clock=clock)
    for seconds, asked in ((0, 1), (4, 1), (1, 2)):
        clock.now += seconds
        with pytest.raises(ModelNotFound):
            await models.resolve("llama3", None)
        assert lists.asked == asked
    assert (await models.resolve(None, None)).model == "local/default"


async def test_what_was_known_outlives_an_outage() -> None:
    clock, lists = Clock(), Lists("llama3")
    models = catalog("local", lists=lists, clock=clock)
    await models.resolve("llama3", None)
    lists.error = ProviderUnavailable()
    clock.now += 60
    assert (await models.resolve("llama3", None)).model == "local/llama3"
    assert lists.asked == 2


async def test_who_asks_at_once_shares_a_request_and_may_leave() -> None:
    lists = Lists("llama3")
    lists.gate = asyncio.Event()
    models = catalog("local", lists=lists)
    askers = [asyncio.create_task(models.resolve("llama3", None)) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for leaver in askers[:10]:
        leaver.cancel()
    await asyncio.gather(*askers[:10], return_exceptions=True)
    lists.gate.set()
    choices = await asyncio.gather(*askers[10:])
    assert {choice.model for choice in choices} == {"local/llama3"}
    assert all(leaver.cancelled() for leaver in askers[:10])
    assert lists.asked == 1


async def test_a_request_under_way_ends_with_the_catalog() -> None:
    lists = Lists()
    lists.gate = asyncio.Event()
    models = catalog("local", lists=lists)
    asker = asyncio.create_task(models.resolve("x", None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await models.close()
    with pytest.raises(asyncio.CancelledError):
        await asker


async def test_nobody_asks_a_local_server_that_is_not_there() -> None:
    lists = Lists("gpt-4o")
    assert (await catalog("openai", lists=lists).resolve("gpt-4o", None)).model == "openai/gpt-4o"
    await catalog().close()
    assert lists.asked == 0


# What is there


async def test_the_models_are_what_is_configured_and_what_the_table_knows_of_it() -> None:
    offer = Offer(
        defaults=DEFAULTS,
        fallbacks=("openai/gpt-9",),
        aliases=(("fast", "openai/own"), ("there", "gemini/x"), ("no", "anthropic/y")),
        allowed=("openai/gpt-9", "openai/o*", "l*", "d*", "anthropic/*"),
    )
    models = catalog("openai", "gemini", "local", "demo", offer=offer, lists=Lists("a", "b"))
    listed = await models.models()
    named = [one.model for one in listed]

    assert named[:5] == ["openai/gpt-9", "openai/own", "local/a", "local/b", "demo"]
    assert {"openai/o1", "openai/o3-mini"} <= set(named[5:])
    assert all(name.startswith("openai/o") for name in named[5:])
    assert len(set(named)) == len(named)
    found = {one.model: one for one in listed}
    assert found["openai/gpt-9"] == ("openai/gpt-9", "openai", False, 128_000, None, True, False)
    assert found["local/a"] == ("local/a", "local", False, 8_192, (0.0, 0.0), True, False)
    assert found["demo"] == ("demo", "demo", False, 128_000, (0.0, 0.0), True, False)
    assert (found["openai/o3"].price, found["openai/o3"].vision) == ((2.0, 8.0), True)


@pytest.mark.parametrize(
    ("configured", "offer", "only", "default"),
    [
        ("openai local", Offer(defaults=DEFAULTS), "*", "openai/gpt-4o-mini"),
        ("local demo", Offer(defaults=DEFAULTS), "*", "local/a"),
        ("demo", Offer(defaults=DEFAULTS), "*", "demo"),
        ("openai local", Offer("local/z", DEFAULTS), "*", "local/z"),
        ("openai", Offer("gpt-4o", DEFAULTS), "*", "openai/gpt-4o"),
        # what this caller may not use, what nobody serves, what is not configured
        ("openai local", Offer(defaults=DEFAULTS), "local/*", None),
        ("openai local", Offer("nothing", DEFAULTS), "*", None),
        ("openai", Offer("gemini/x", DEFAULTS), "*", None),
    ],
)
async def test_the_default_stands_first_where_there_is_one(
    configured: str, offer: Offer, only: str, default: str | None
) -> None:
    listed = await catalog(*configured.split(), offer=offer, lists=Lists("a")).models((only,))
    assert [one.model for one in listed if one.default] == ([default] if default else [])
    assert default is None or listed[0].default


async def test_models_that_an_operator_names_are_listed_and_the_first_is_their_default() -> None:
    defaults: dict[str, str | None] = {"langchain": "fast"}
    offer = Offer(defaults=defaults, listed=("langchain/fast", "langchain/clever"))
    models = catalog("langchain", offer=offer)
    named = [one.model for one in await models.models()]
    assert named == ["langchain/fast", "langchain/clever"]
    assert (await models.resolve(None, None)).model == "langchain/fast"
    assert (await models.resolve("clever", "langchain")).model == "langchain/clever"


SIGHT = (Message("user", "", (Image("image/png", b"1"),)), Message("user", "And this?"))
READING = (Message("user", "", (Document("a", "b"),)),)


@pytest.mark.parametrize(
    ("model", "turns", "taken"),
    [
        ("openai/gpt-4o", SIGHT, True),
        ("openai/gpt-3.5-turbo", SIGHT, False),
        ("local/llama3", SIGHT, False),
        ("demo", SIGHT, False),
        ("openai/gpt-3.5-turbo", READING, True),
        ("demo", READING, True),
        ("openai/gpt-3.5-turbo", PROMPT.messages, True),
    ],
)
def test_images_are_refused_for_a_model_that_takes_none(
    model: str, turns: tuple[Message, ...], taken: bool
) -> None:
    if taken:
        catalog("openai").check(model, turns)
        return
    with pytest.raises(InvalidRequest) as caught:
        catalog("openai").check(model, turns)
    assert caught.value.message == f"The model `{model}` cannot take images."
    assert caught.value.field == "media_files"


async def test_a_model_that_keeps_failing_is_not_available_for_a_while() -> None:
    clock = Clock()
    failing = Says([ProviderUnavailable()])
    models = catalog("openai", clock=clock, says={"openai": failing})
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await hear((await models.resolve("gpt-4o", None)).provider, [])
    found = {one.model: one.available for one in await models.models()}
    clock.now += 31
    later = {one.model: one.available for one in await models.models()}

    assert (found["openai/gpt-4o"], found["openai/gpt-4o-mini"]) == (False, True)
    assert later["openai/gpt-4o"] is True


async def test_a_list_of_models_is_bounded() -> None:
    lists = Lists(*(f"m{number}" for number in range(1000)))
    listed = await catalog("openai", "local", lists=lists).models()
    assert (len(listed), listed[0].model) == (200, "openai/gpt-4o-mini")


async def test_health_names_every_provider_and_asks_none() -> None:
    source = Says([ProviderAuth()])
    models = catalog("gemini", says={"openai": source})
    assert source.asked == []
    with pytest.raises(ProviderAuth):
        await hear((await models.resolve("gpt-4o", None)).provider, [])
    assert models.health() == {
        "openai": {"configured": True, "state": "failing"},
        "gemini": {"configured": True, "state": "unknown"},
        "anthropic": {"configured": False, "state": "unknown"},
        "local": {"configured": False, "state": "unknown"},
        "gguf": {"configured": False, "state": "unknown"},
        "langchain": {"configured": False, "state": "unknown"},
        "demo": {"configured": False, "state": "unknown"},
    }
    choice = await models.resolve("gemini/x", None)
    assert await hear(choice.provider, []) == [event for batch in HELLO for event in batch]
    assert models.health()["gemini"]["state"] == "ok"


def test_start_up_hears_of_settings_that_lead_nowhere() -> None:
    offer = Offer(default_model="anthropic/x", fallbacks=("gemini/y", "openai/z", "bare"))
    said = catalog("openai", offer=offer).warnings()
    assert [line.split(":")[0] for line in said] == [
        "SLUICE_FALLBACKS",
        "SLUICE_FALLBACKS",
        "SLUICE_DEFAULT_MODEL",
    ]
    assert ["`gemini/y`" in said[0], "`bare`" in said[1], "`anthropic/x`" in said[2]] == [True] * 3
    assert catalog("openai", offer=Offer(default_model="gpt-4o")).warnings() == []


def test_a_fallback_to_a_demo_that_makes_no_sense_stops_the_start() -> None:
    with pytest.raises(InvalidRequest, match="what"):
        catalog("openai", "demo", offer=Offer(fallbacks=("demo/what",)))
