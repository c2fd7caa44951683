"""The plain resources: runs, health, flows, pages; and errors that always have a code."""

import asyncio

import pytest

from tests.transports.driver import started

STREAM = "/api/v1/query/stream"
SLOW = {"query": "hi", "model": "demo/n=3,first=0ms,delay=60s"}
QUICK = {"query": "hi", "model": "demo/n=3,delay=0ms"}


async def test_a_run_is_shown_while_it_goes_on():
    async with started() as local:
        stream = local.ask(STREAM, SLOW)
        await stream.until(b'"content"')
        shown = (await local.ask(f"/api/v1/runs/{stream.run_id}").over()).json

    assert (shown["id"], shown["state"], shown["dialect"]) == (stream.run_id, "running", "query")
    assert (shown["events"], shown["text_length"]) == (2, len(stream.events[1]["chunk"]))
    assert (shown["finish_reason"], shown["tokens"], shown["cost"]) == (None, None, None)


async def test_a_cancel_stops_the_run_for_everybody_and_gives_a_receipt():
    async with started() as local:
        stream = local.ask(STREAM, SLOW)
        await stream.until(b'"content"')
        answer = await local.ask(f"/api/v1/runs/{stream.run_id}/cancel", method="POST").over()
        await stream.over()
        again = await local.ask(f"/api/v1/runs/{stream.run_id}/cancel", method="POST").over()

    receipt = answer.json
    assert answer.status == 200
    assert (receipt["state"], receipt["finish_reason"]) == ("cancelled", "cancelled")
    assert receipt["text_length"] == len(stream.events[-1]["full_response"]) > 0
    assert receipt["tokens_used"] == receipt["tokens"]["total"] > 0
    assert receipt["cost"] == 0
    assert stream.events[-1]["finish_reason"] == "cancelled"
    assert again.json == receipt


@pytest.mark.parametrize(
    ("model", "state", "code", "reason"),
    [
        ("demo/n=2,delay=0ms", "finished", None, "stop"),
        ("demo/fail=provider_timeout@1,delay=0ms", "failed", "provider_timeout", None),
    ],
)
async def test_an_ended_run_shows_how_it_ended(
    model: str, state: str, code: str | None, reason: str | None
):
    async with started() as local:
        stream = await local.ask(STREAM, {"query": "hi", "model": model}).over()
        shown = (await local.ask(f"/api/v1/runs/{stream.run_id}").over()).json
    assert (shown["state"], shown["code"], shown["finish_reason"]) == (state, code, reason)
    assert [attempt["model"] for attempt in shown["attempts"]] == ["demo"]


@pytest.mark.parametrize("id", ["nobody", "%00", "..", "a%2Fb", "x" * 300])
@pytest.mark.parametrize("end", ["", "/cancel"])
async def test_a_run_that_nobody_knows_is_not_found(id: str, end: str):
    async with started() as local:
        method = "POST" if end else "GET"
        exchange = await local.ask(f"/api/v1/runs/{id}{end}", method=method).over()
    assert exchange.status == 404
    assert exchange.json["code"] == "not_found"


async def test_where_strangers_are_not_welcome_they_see_no_runs():
    async with started(allow_anonymous=False) as local:
        exchange = await local.ask("/api/v1/runs/nobody").over()
    assert (exchange.status, exchange.json["code"]) == (401, "unauthorized")
    assert exchange.headers["www-authenticate"] == "Bearer"


async def test_health_tells_what_is_configured_and_shows_no_key():
    async with started(openai_api_key="sk-sentinel") as local:
        exchange = await local.ask("/health").over()
    found = exchange.json
    assert (found["status"], found["providers"]["openai"]["state"]) == ("healthy", "unknown")
    assert found["providers"]["openai"]["configured"] is True
    assert found["providers"]["gemini"]["configured"] is False
    assert found["uptime"] >= 0
    assert found["version"]
    assert b"sentinel" not in exchange.body


async def test_a_draining_server_is_not_ready_but_alive():
    async with started() as local:
        before = await local.ask("/readyz").over()
        stream = local.ask(STREAM, SLOW)
        await stream.until(b'"content"')
        draining = asyncio.create_task(local.engine.drain(60.0))
        await asyncio.sleep(0)
        after = await local.ask("/readyz").over()
        live = await local.ask("/livez").over()
        refused = await local.ask(STREAM, QUICK).over()
        await local.ask(f"/api/v1/runs/{stream.run_id}/cancel", method="POST").over()
        await draining
    assert (before.status, after.status, live.status) == (200, 503, 200)
    assert (refused.status, refused.json["code"]) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) >= 1


async def test_flows_are_listed_with_what_they_do():
    async with started() as local:
        found = (await local.ask("/api/flows").over()).json["flows"]
    assert [one["name"] for one in found] == ["ask", "stream-test"]
    assert all(one["description"] for one in found)


@pytest.mark.parametrize("path", ["/", "/test_stream.html", "/streaming_examples.html", "/docs"])
async def test_pages_are_served_with_a_strict_policy(path: str):
    async with started() as local:
        exchange = await local.ask(path).over()
    assert exchange.status == 200
    assert exchange.headers["content-type"].startswith("text/html")
    policy = exchange.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "script-src" not in policy
    assert exchange.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/nowhere", "/../settings.py", "/%2e%2e/app.py", "/\x00", "/a/b/c", "/api/v1/nothing"]
)
async def test_an_address_that_is_not_there_is_not_found_in_words_of_ours(path: str):
    async with started() as local:
        exchange = await local.ask(path).over()
    assert exchange.json["code"] in {"not_found", "internal"}
    assert "settings" not in exchange.body.decode()
    assert "Traceback" not in exchange.body.decode()


async def test_metrics_count_what_has_ended():
    async with started() as local:
        await local.ask(STREAM, QUICK).over()
        await local.ask(STREAM, {"query": "hi", "model": "demo/fail=provider_auth@0"}).over()
        text = (await local.ask("/metrics").over()).body.decode()
    assert 'outcome="stop",provider="demo"} 1.0' in text
    assert 'outcome="provider_auth",provider="demo"} 1.0' in text
    assert "sluice_runs_live 0.0" in text
    assert "sluice_followers_live 0.0" in text
