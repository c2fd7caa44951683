"""`sluice check` at a server that turns strangers away: it takes a token, or a key for scripts."""

import asyncio
import json

import pytest
import typer
from tests.clients.person import signed_in
from tests.conftest import Serve
from typer.testing import CliRunner

from sluice.cli.check import check_command

APP = typer.Typer()
APP.command()(check_command)


async def checked(url: str, *arguments: str, **environment: str) -> tuple[int, list[str]]:
    """The exit code, and what it found wrong."""

    def call() -> tuple[int, list[str]]:
        outcome = CliRunner().invoke(APP, ["--json", *arguments, url], env=environment)
        found = json.loads(outcome.output)["checks"]
        return outcome.exit_code, [one["detail"] for one in found if one["state"] == "failed"]

    return await asyncio.to_thread(call)  # it has an event loop of its own


@pytest.mark.clients
async def test_whoever_brings_a_key_passes_and_a_stranger_is_told_of_it(serve: Serve):
    server = serve(SLUICE_ALLOW_ANONYMOUS="false", SLUICE_REGISTRATION="open")
    async with signed_in(server.url) as ann:
        key = (await ann.ask("POST", "/api/v1/auth/keys", {"name": "check"})).body["key"]
        by_token = await checked(server.url, "--token", ann.token)
    by_key = await checked(server.url, SLUICE_TOKEN=key)
    strange = await checked(server.url)

    assert by_token == by_key == (0, [])
    assert strange[0] == 1
    assert "answered 401 unauthorized, not 200" in strange[1]
