"""What a front end is told before anybody signs in, over the real application."""

from typing import Any

import pytest

from sluice.version import VERSION
from tests.transports.driver import Local, started

PATH = "/api/v1/about"
PROXIED = {"x-forwarded-for": "203.0.113.9"}


async def told(local: Local, **headers: str) -> dict[str, Any]:
    exchange = await local.ask(PATH, headers=headers).over()
    assert (exchange.status, exchange.headers["cache-control"]) == (200, "no-store")
    return exchange.json


async def test_a_front_end_is_told_this_and_nothing_else():
    async with started(media_limit=1000, max_tokens=50, default_max_tokens=20) as local:
        assert await told(local) == {
            "name": "Sluice",
            "version": VERSION,
            "registration": "open",
            "anonymous": True,
            "demo": True,
            "points": "interactions",
            "max_tokens": 50,
            "default_max_tokens": 20,
            "media": {
                "limit": 1000,
                "files": 10,
                "types": [
                    "image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf",
                    "text/plain",
                ],
            },
        }  # fmt: skip


WHO: list[tuple[dict[str, Any], dict[str, str], str, bool]] = [
    ({}, {}, "open", True),
    ({}, PROXIED, "closed", False),
    ({"registration": "invite"}, {}, "invite", True),
    ({"registration": "invite"}, PROXIED, "invite", False),
    ({"registration": "open", "allow_anonymous": True}, PROXIED, "open", True),
    ({"allow_anonymous": False}, {}, "open", False),
    ({"host": "0.0.0.0"}, {}, "closed", False),
]


@pytest.mark.parametrize(("given", "headers", "registration", "anonymous"), WHO)
async def test_whoever_asks_is_told_what_holds_for_them(
    given: dict[str, Any], headers: dict[str, str], registration: str, anonymous: bool
):
    async with started(**given) as local:
        found = await told(local, **headers)
        name = {"username": "ada", "email": "ada@example.com", "password": "secret-123"}
        joined = await local.ask("/api/v1/auth/register", name, headers=headers).over()
        asked = await local.ask("/api/v1/models", headers=headers).over()

    assert (found["registration"], found["anonymous"]) == (registration, anonymous)
    assert joined.status == (201 if registration == "open" else 403)
    assert asked.status == (200 if anonymous else 401)


async def test_it_is_the_same_for_who_is_signed_in_or_brings_what_is_no_good():
    async with started(allow_anonymous=False) as local:
        bearer = await local.member()
        found = [
            await told(local),
            await told(local, authorization=f"Bearer {bearer}"),
            await told(local, authorization="Bearer nonsense"),
            await told(local, cookie="sluice_session=nonsense"),
        ]
    assert found[1:] == found[:1] * 3


@pytest.mark.parametrize(
    ("given", "demo"),
    [
        ({}, True),
        ({"demo": True}, True),
        ({"openai_api_key": "sk-test"}, False),
        ({"openai_api_key": "sk-test", "demo": True}, False),
        ({"local_llm_url": "http://127.0.0.1:9"}, False),
    ],
)
async def test_it_tells_whether_there_is_nothing_but_the_demo(given: dict[str, Any], demo: bool):
    async with started(**given) as local:
        found = await told(local)
    assert found["demo"] is demo
    assert "sk-test" not in str(found)
