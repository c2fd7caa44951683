"""Sluice as a server before the mocked vendors: what its clients hear of answers and of faults."""

import pytest
from asking import receipt_of, socket, stream, whole
from faults import CUTS, HELLO, LONG, REFUSALS, TEXT
from tests.conftest import Running, Serve
from vendors import KEYS, MODELS, Aimock

pytestmark = pytest.mark.clients

EVERY_PROVIDER = pytest.mark.parametrize("provider", MODELS)


@EVERY_PROVIDER
async def test_the_server_says_the_same_in_all_three_ways(
    aimock: Aimock, vendors: Running, provider: str
) -> None:
    aimock.says(HELLO, chunkSize=3)
    model = MODELS[provider]
    run, events = await stream(vendors, model)
    messages = await socket(vendors, model)
    status, answer = await whole(vendors, model)
    for said in (events, messages):
        assert "".join(one["chunk"] for one in said if one["type"] == "content") == TEXT
    assert status == 200
    for end in (events[-1], messages[-1], answer):
        told = (end["full_response"], end["model_used"], end["tokens_used"], end["finish_reason"])
        assert told == (TEXT, model, 18, "stop")
    tokens = receipt_of(vendors, run)["tokens"]
    assert (tokens["prompt"], tokens["completion"], tokens["estimated"]) == (11, 7, False)


LATER = {"provider_rate_limited", "provider_unavailable"}  # 503; all else is 502


@EVERY_PROVIDER
@pytest.mark.parametrize("how", REFUSALS)
async def test_a_client_hears_where_a_provider(
    aimock: Aimock, vendors: Running, provider: str, how: str
) -> None:
    told, code = REFUSALS[how]
    aimock.says(**told)
    model = MODELS[provider]
    run, events = await stream(vendors, model)
    assert [one["type"] for one in events] == ["start", "error"]
    messages = await socket(vendors, model)
    status, answer = await whole(vendors, model)
    assert [events[-1]["code"], messages[-1]["code"], answer["code"]] == [code] * 3
    assert status == (503 if code in LATER else 502)
    assert receipt_of(vendors, run)["code"] == code


@EVERY_PROVIDER
async def test_a_client_hears_that_an_answer_was_cut_off(
    aimock: Aimock, vendors: Running, provider: str
) -> None:
    aimock.says(LONG, **CUTS["after some chunks"])
    _, events = await stream(vendors, MODELS[provider])
    assert {one["type"] for one in events[1:-1]} == {"content"}
    assert (events[-1]["type"], events[-1]["code"]) == ("error", "provider_unavailable")
    status, answer = await whole(vendors, MODELS[provider])
    assert (status, answer["code"]) == (503, "provider_unavailable")


async def test_the_server_asks_again_and_then_somebody_else(aimock: Aimock, serve: Serve) -> None:
    aimock.says(REFUSALS["is down"][0]["response"], to="openai")
    aimock.says(REFUSALS["does not know our key"][0]["response"], to="anthropic")
    aimock.says(HELLO)
    server = serve(
        **aimock.settings(*MODELS),
        SLUICE_RETRIES="1",
        SLUICE_RETRY_DELAY="0.01",
        SLUICE_FALLBACKS=f"{MODELS['anthropic']},{MODELS['gemini']}",
    )
    run, events = await stream(server, MODELS["openai"])
    assert (events[0]["model"], events[-1]["model_used"]) == (MODELS["openai"], MODELS["gemini"])
    asked = [(one["model"], one["outcome"]) for one in receipt_of(server, run)["attempts"]]
    assert asked == [
        (MODELS["openai"], "provider_unavailable"),
        (MODELS["openai"], "provider_unavailable"),
        (MODELS["anthropic"], "provider_auth"),
        (MODELS["gemini"], "ok"),
    ]
    said = server.log.read_text() + server.out.read_text()
    assert not any(key in said for key in KEYS.values())
