"""The composition: what stops the start, and that nothing is left behind."""

import asyncio
import logging

import pytest

from sluice.flows.registry import BadFlow
from sluice.settings import BadSetting
from tests.transports.driver import started

STOPS = [
    ({"fallbacks": "demo/odd=1"}, BadSetting, "SLUICE_FALLBACKS"),
    ({"trusted_proxies": "everybody"}, BadSetting, "SLUICE_TRUSTED_PROXIES"),
    ({"prices": "openai/x=dear"}, BadSetting, "SLUICE_PRICES"),
    ({"context_windows": "x=big"}, BadSetting, "SLUICE_CONTEXT_WINDOWS"),
    ({"patience": "x=long"}, BadSetting, "SLUICE_PATIENCE"),
    ({"model_aliases": "nothing"}, BadSetting, "SLUICE_MODEL_ALIASES"),
    ({"flows": "nowhere.py"}, BadFlow, "SLUICE_FLOWS"),
]


@pytest.mark.parametrize(("given", "kind", "name"), STOPS)
async def test_a_setting_that_makes_no_sense_stops_the_start_and_leaves_nothing_open(
    given: dict[str, str], kind: type[Exception], name: str
):
    with pytest.raises(kind, match=name) as refused:
        async with started(**given):
            pass
    assert "\n" not in str(refused.value)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_stopping_ends_what_goes_on():
    async with started() as local:
        stream = local.ask("/api/v1/query/stream", {"query": "a", "model": "demo/first=60s"})
        await stream.until(b'"start"')
        stopping = asyncio.create_task(local.engine.drain(0))
        await stream.over()
        await stopping
    assert stream.events[-1]["code"] == "interrupted"


async def test_building_the_server_leaves_the_logs_to_whoever_set_them_up():
    root = logging.getLogger()
    before = list(root.handlers)
    async with started():
        assert root.handlers == before
