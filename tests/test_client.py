"""The Python face, against a provider on a real socket."""

import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

import sluice
from sluice.errors import ProviderAuth, ProviderTimeout, ProviderUnavailable, SluiceError
from sluice.settings import BadSetting
from tests.conftest import environment
from tests.providers.stub import END, HANG, HEAD, Stub, part, reply, say, stub
from tests.transports.driver import settings, until

DONE = part(b"data: [DONE]\n\n")
HELLO = [HEAD, say("Xin "), say("chào"), say(finish="stop"), DONE + END]
FOREVER = [HEAD, say("half"), HANG]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting of this machine, and one try for everything."""
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLUICE_RETRIES", "0")
    monkeypatch.chdir(tmp_path)
    yield
    gc.collect()


def use(monkeypatch: pytest.MonkeyPatch, provider: Stub) -> None:
    monkeypatch.setenv("LOCAL_LLM_URL", provider.url)
    monkeypatch.setenv("SLUICE_LOCAL_MODEL", "m")


def asked(provider: Stub) -> dict[str, object]:
    return msgspec.json.decode(provider.requests[-1][1])


async def test_an_answer_is_iterated_and_has_its_receipt(monkeypatch: pytest.MonkeyPatch):
    async with stub(*HELLO) as provider:
        use(monkeypatch, provider)
        stream = sluice.stream_local("Chào", system="Be kind.", temperature=0.5, max_tokens=9)
        pieces = [piece async for piece in stream]

    assert pieces == ["Xin ", "chào"]
    assert (stream.model, stream.finish_reason) == ("local/m", "stop")
    assert stream.receipt is not None
    assert stream.receipt.usage.estimated
    body = asked(provider)
    assert body["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Chào"},
    ]
    assert (body["temperature"], body["max_tokens"]) == (0.5, 9)


async def test_nothing_is_sent_before_the_answer_is_iterated(monkeypatch: pytest.MonkeyPatch):
    async with stub(*HELLO) as provider:
        use(monkeypatch, provider)
        stream = sluice.stream_llm("local", "hi")
        await asyncio.sleep(0)
        assert provider.connections == 0
        await stream.aclose()
        assert provider.connections == 0


async def test_leaving_the_block_closes_the_providers_connection(monkeypatch: pytest.MonkeyPatch):
    async with stub(*FOREVER) as provider:
        use(monkeypatch, provider)
        async with sluice.stream_local("hi") as answer:
            async for piece in answer:
                assert piece == "half"
                break
        await provider.gone.wait()
    assert answer.finish_reason == "cancelled"


async def test_a_break_closes_the_providers_connection_too(monkeypatch: pytest.MonkeyPatch):
    async with stub(*FOREVER) as provider:
        use(monkeypatch, provider)
        async for _ in sluice.stream_local("hi"):
            break
        gc.collect()
        await provider.gone.wait()
        await only_me()


async def only_me() -> None:
    """Wait until no other task of ours is left."""
    me = asyncio.current_task()
    await until(lambda: not any("sluice" in repr(task) for task in asyncio.all_tasks() - {me}))


async def test_a_cancelled_task_closes_the_providers_connection(monkeypatch: pytest.MonkeyPatch):
    async with stub(*FOREVER) as provider:
        use(monkeypatch, provider)

        async def read() -> None:
            async with sluice.stream_local("hi") as answer:
                async for _ in answer:
                    pass

        task = asyncio.create_task(read())
        await provider.hanging.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await provider.gone.wait()


ERRORS = [
    ([reply("401 Unauthorized", b"{}")], ProviderAuth),
    ([HEAD, say("half"), "close"], ProviderUnavailable),
    ([HEAD, say("half"), END], ProviderUnavailable),
]


@pytest.mark.parametrize(("lines", "kind"), ERRORS)
async def test_errors_are_typed(
    monkeypatch: pytest.MonkeyPatch, lines: list[bytes], kind: type[SluiceError]
):
    async with stub(*lines) as provider:
        use(monkeypatch, provider)
        with pytest.raises(kind):
            async for _ in sluice.stream_local("hi"):
                pass


async def test_a_client_holds_the_connections_for_many_answers(monkeypatch: pytest.MonkeyPatch):
    async with stub(*HELLO) as provider:
        use(monkeypatch, provider)
        async with sluice.Client() as llm:
            for _ in range(3):
                assert "".join([piece async for piece in llm.stream("local/m", "hi")])
    assert (len(provider.requests), provider.connections) == (3, 1)


async def test_closing_a_client_stops_what_still_runs(monkeypatch: pytest.MonkeyPatch):
    async with stub(*FOREVER) as provider:
        use(monkeypatch, provider)
        async with sluice.Client() as llm:
            answer = llm.stream("local/m", "hi")
            assert await anext(answer) == "half"
        await provider.gone.wait()
        with pytest.raises(SluiceError):
            await anext(answer)


async def test_answers_may_be_read_at_the_same_time():
    async with sluice.Client(settings()) as llm:

        async def read(number: int) -> str:
            return "".join([piece async for piece in llm.stream("demo/delay=0ms", f"no. {number}")])

        texts = await asyncio.gather(*map(read, range(20)))
    assert all(f"no. {number}" in text for number, text in enumerate(texts))


@pytest.mark.parametrize("prompt", [None, "", "  "])
def test_asking_nothing_is_a_mistake(prompt: str | None):
    with pytest.raises(ValueError, match="nothing to ask"):
        sluice.stream_llm("demo", prompt)


async def test_a_client_that_is_not_open_says_so():
    with pytest.raises(RuntimeError, match="not open"):
        await anext(sluice.Client().stream("demo", "hi"))


async def test_a_wrong_setting_leaves_no_connection_open():
    with pytest.raises(BadSetting, match="SLUICE_FALLBACKS"):
        async with sluice.Client(settings(fallbacks=("demo/odd=1",))):
            pass


async def test_a_provider_that_is_not_configured_says_so():
    async with sluice.Client(settings(openai_api_key="k")) as llm:
        with pytest.raises(SluiceError, match="gemini"):
            await anext(llm.stream(None, "hi", provider="gemini"))


async def test_the_test_workflow_runs_from_python():
    stream = sluice.run_stream_test_workflow("Xin chào", provider="demo")
    text = "".join([piece async for piece in stream])
    assert text.startswith("Question: Xin chào\n\n")
    assert text.endswith("\n\nEnd of the stream.")
    assert stream.receipt is not None
    assert stream.receipt.usage.total > 0


def test_scripts_iterate_without_a_loop():
    pieces = list(sluice.stream("demo/n=4,delay=0ms", "hi"))
    assert len(pieces) == 4


async def test_notebooks_iterate_within_one():
    assert len(list(sluice.stream("demo/n=4,delay=0ms", "hi"))) == 4


def test_scripts_get_the_typed_errors():
    pieces = sluice.stream("demo/fail=provider_timeout@2,delay=0ms", "hi")
    assert next(pieces)
    assert next(pieces)
    with pytest.raises(ProviderTimeout):
        next(pieces)


def test_a_script_that_asks_nothing_is_told_so():
    with pytest.raises(ValueError, match="nothing to ask"):
        list(sluice.stream("demo", " "))


async def test_a_script_that_stops_early_closes_the_provider(monkeypatch: pytest.MonkeyPatch):
    async with stub(*FOREVER) as provider:
        use(monkeypatch, provider)

        def read() -> str:
            with closing(sluice.stream("local/m", "hi")) as pieces:  # type: ignore[type-var]
                return next(pieces)

        assert await asyncio.to_thread(read) == "half"
        await provider.gone.wait()
    assert "sluice.stream" not in {thread.name for thread in threading.enumerate()}


def test_importing_the_package_starts_nothing():
    assert sluice.create_app is not None
    assert sluice.__version__
