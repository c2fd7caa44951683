"""Which models there are, for whom."""

import pytest

from sluice.api.models import models
from sluice.core.commands import Principal
from sluice.providers.demo import Demo
from sluice.providers.registry import Offer
from sluice.services.asking import Rules
from tests.api.room import ADA, STRANGER, TURNED_AWAY, room
from tests.providers.speakers import Says

OFFER = Offer(
    defaults={"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"},
    allowed=("openai/gpt-4o*", "anthropic/claude-haiku*", "demo"),
)
NEARBY = Principal(id="u-far", direct=False, address="192.0.2.9")


async def listed(who: Principal | None, rules: Rules | None = None) -> tuple[int, dict]:
    """The answer to `GET /api/v1/models`, where OpenAI, Anthropic and the demo are configured."""
    rules = rules or Rules()
    sources = {"openai": Says(), "anthropic": Says(), "demo": Demo()}
    async with room(sources, OFFER, rules) as local:
        local.who = who
        found = await local.serve(models(local.catalog, rules))("GET", "/api/v1/models")
        return found.status_code, found.json()


async def test_models_are_shown_with_provider_window_and_price():
    status, found = await listed(ADA)

    assert (status, found["default"]) == (200, "openai/gpt-4o-mini")
    assert found["models"][0] == {
        "id": "openai/gpt-4o-mini",
        "provider": "openai",
        "default": True,
        "context_window": 128_000,
        "price": {"input": 0.15, "output": 0.6},
        "available": True,
        "vision": True,
    }
    assert found["models"][2]["vision"] is False  # the demo
    assert [one["id"] for one in found["models"]] == [
        "openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "demo", "openai/gpt-4o",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("who", "patterns", "names", "default"),
    [
        (STRANGER, ("demo",), ["demo"], None),
        (STRANGER, ("*-mini", "demo"), ["openai/gpt-4o-mini", "demo"], "openai/gpt-4o-mini"),
        (STRANGER, ("nothing",), [], None),
        (ADA, ("nothing",), None, "openai/gpt-4o-mini"),
    ],
)
async def test_strangers_are_shown_what_strangers_may_use(
    who: Principal, patterns: tuple[str, ...], names: list[str] | None, default: str | None
):
    _, found = await listed(who, Rules(strangers=patterns))
    shown = [one["id"] for one in found["models"]]

    assert found["default"] == default
    assert shown == names if names is not None else len(shown) == 4


async def test_what_is_for_this_machine_alone_is_not_shown_through_a_proxy():
    rules = Rules(nearby=("demo",))
    shown = {who: [one["id"] for one in (await listed(who, rules))[1]["models"]]
             for who in (ADA, NEARBY)}  # fmt: skip

    assert ("demo" in shown[ADA], "demo" in shown[NEARBY]) == (True, False)


@pytest.mark.parametrize("who", [TURNED_AWAY, None])
async def test_where_strangers_are_not_welcome_they_see_no_models(who: Principal | None):
    status, found = await listed(who)
    assert (status, found["code"]) == (401, "unauthorized")


async def test_with_nothing_configured_there_is_the_demo():
    rules = Rules()
    async with room() as local:
        found = (await local.serve(models(local.catalog, rules))("GET", "/api/v1/models")).json()

    assert ([one["id"] for one in found["models"]], found["default"]) == (["demo"], "demo")
