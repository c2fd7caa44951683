"""`sluice check URL`: asks a running server, or a proxy before one, all that a client would ask.

The checks are a table (`probes/`); here they are chosen, made one after another, and reported.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Annotated, NamedTuple

import aiohttp
import typer
from rich.console import Console
from rich.text import Text
from yarl import URL

from sluice.cli.probes import addresses, delivery, flows, query, refusals
from sluice.cli.probes.base import Context, Probe, Result, Skipped
from sluice.cli.probes.survey import Unreachable, reach, survey
from sluice.cli.probes.wire import FAULTS, Target, Trouble, in_words
from sluice.cli.report import Report, show, unreachable

PROBES: tuple[Probe, ...] = (
    *addresses.PROBES,
    *query.PROBES,
    *(probe for probe in refusals.PROBES if probe.group == "query"),
    *flows.PROBES,
    *(probe for probe in refusals.PROBES if probe.group == "flows"),
    *delivery.PROBES,
)
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)?")
UNITS = MappingProxyType({"ms": 0.001, "s": 1.0, "m": 60.0})
LONGEST_IDLE = 60.0  # seconds: the demo model is never silent for longer


class Wanted(NamedTuple):
    """What the command line asks for. Times are seconds."""

    url: URL
    model: str | None
    token: str | None
    timeout: float
    idle: float | None


def seconds(text: str) -> float:
    """`40s`, `500ms`, `1m` or `2.5` as seconds."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter("a duration looks like 40s, 500ms or 1m")
    return float(match[1]) * UNITS[match[2] or "s"]


def check_command(
    url: Annotated[str, typer.Argument(help="The server, or the proxy before it.")],
    model: Annotated[
        str | None,
        typer.Option(help="Model for the checks that generate: the demo one, if not named."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="SLUICE_TOKEN", help="Bearer token.", show_default=False)
    ] = None,
    timeout: Annotated[str, typer.Option(metavar="TIME", help="Limit of each check.")] = "15s",
    idle: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Also let a stream be silent for so long (at most 60s), and see if it survives.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Try every way in to a running server, and name what stands in the way of its streams."""
    try:
        silence = None if idle is None else seconds(idle)
        if silence is not None and silence > LONGEST_IDLE:
            raise typer.BadParameter("at most 60s", param_hint="--idle")
        wanted = Wanted(_address(url), model, token, seconds(timeout), silence)
        result = asyncio.run(check(wanted, _progress(as_json)))
    except Unreachable as problem:
        unreachable(url, str(problem), as_json)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    show(result, as_json)
    raise typer.Exit(0 if result.ok else 1)


def _address(text: str) -> URL:
    try:
        url = URL(text if "://" in text else f"http://{text}")
    except ValueError:
        raise Unreachable("this is no URL") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise Unreachable("this is no http or https URL")
    if url.user is not None or url.query_string:
        raise Unreachable("give the address alone; a token goes into --token or SLUICE_TOKEN")
    return url


Progress = Callable[[str], AbstractContextManager[object]]


def _progress(as_json: bool) -> Progress:
    """Says on a terminal which check is being made."""
    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        return lambda _: nullcontext()
    return lambda name: console.status(Text(name))


async def check(wanted: Wanted, progress: Progress) -> Report:
    """Make every check that this server allows. Raises `Unreachable`."""
    headers = {"Accept-Encoding": "identity"}
    if wanted.token:
        headers["Authorization"] = f"Bearer {wanted.token}"
    timeouts = aiohttp.ClientTimeout(total=None)  # each check has one limit for all that it does
    async with aiohttp.ClientSession(headers=headers, timeout=timeouts) as session:
        target = Target(session, wanted.url)
        await reach(target, wanted.timeout)
        plan, note = await survey(target, wanted.model, wanted.idle, wanted.timeout)
        context = Context(target, plan)
        results: list[Result] = []
        for probe in PROBES:
            with progress(f"{probe.group}: {probe.name}"):
                results.append(await attempt(probe, context, wanted.timeout))
    model = "demo" if plan.demo else plan.model
    ok = all(result.state != "failed" for result in results)
    return Report(str(wanted.url), ok, model, note, results)


async def attempt(probe: Probe, context: Context, timeout: float) -> Result:
    """Make one check; whatever happens in it stays in its result. `timeout` is seconds."""
    plan = context.plan
    if reason := plan.why_not(probe.need):
        return Result(probe.group, probe.name, "skipped", reason)
    limit = timeout + (plan.idle or 0.0 if probe.need == "idle" else 0.0)
    try:
        async with asyncio.timeout(limit):
            note = await probe.run(context)
    except Skipped as reason:
        return Result(probe.group, probe.name, "skipped", str(reason))
    except Trouble as trouble:
        return Result(probe.group, probe.name, "failed", trouble.text, trouble.hint)
    except TimeoutError:
        return Result(probe.group, probe.name, "failed", f"not done within {limit:g} s")
    except FAULTS as fault:
        return Result(probe.group, probe.name, "failed", in_words(fault))
    return Result(probe.group, probe.name, "ok", note.text, ms=dict(note.ms))
