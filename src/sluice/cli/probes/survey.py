"""Before the first check: does anything answer, and do its answers cost somebody money."""

import asyncio

from sluice.cli.probes import addresses, query
from sluice.cli.probes.base import Plan
from sluice.cli.probes.wire import FAULTS, Target, Trouble


class Unreachable(Exception):
    """There is no server to check at this address. Its text is for the person who gave it."""


async def reach(target: Target, timeout: float) -> None:
    """Raise `Unreachable` unless something answers, and answers for itself."""
    try:
        async with asyncio.timeout(timeout):
            reply = await target.ask("GET", "/livez")
    except TimeoutError:
        raise Unreachable(f"no answer within {timeout:g} s") from None
    except FAULTS as fault:
        raise Unreachable(str(fault) or type(fault).__name__) from None
    if 300 <= reply.status < 400:
        raise Unreachable(f"it redirects to {reply.headers.get('Location')}: check that address")


async def survey(
    target: Target, model: str | None, idle: float | None, timeout: float
) -> tuple[Plan, str]:
    """What may be asked of this server, and a note for whoever pays. Times are seconds.

    Without a model named, no more than one short answer is asked for where answers cost money.
    """
    if model is not None:
        return Plan(model, model.partition("/")[0] == "demo", False, idle), ""
    if await _has_demo(target, timeout):
        return Plan(None, True, False, idle), ""
    paid = await _paid(target, timeout)
    if not paid:
        return Plan(None, False, False, idle), ""
    note = (
        f"Answers of this server cost money ({', '.join(paid)}), and it has no demo model: "
        "one short answer is all that was asked for. Name a --model to check the rest."
    )
    return Plan(None, False, True, idle), note


async def _has_demo(target: Target, timeout: float) -> bool:
    try:
        async with asyncio.timeout(timeout):
            body = {"query": "hello", "model": "demo/n=1,delay=0ms", "max_tokens": 1}
            reply = await target.ask("POST", query.JSON, body)
        return reply.status == 200 and reply.read(query.Whole).model_used.startswith("demo")
    except (Trouble, *FAULTS):
        return False


async def _paid(target: Target, timeout: float) -> list[str]:
    """The providers that cost money; where that cannot be seen, the worst is assumed."""
    try:
        async with asyncio.timeout(timeout):
            return (await target.ask("GET", "/health")).read(addresses.Health).paid
    except (Trouble, *FAULTS):
        return ["or may: /health does not say"]
