"""The demo model: what its name can ask for, and that it does just that."""

import asyncio
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import pytest
from speakers import Clock

from sluice.core import errors
from sluice.core.errors import InvalidRequest, SluiceError
from sluice.core.events import Attempt, Event, Finished, TextDelta, Usage
from sluice.core.messages import Document, Image, Message, Prompt
from sluice.core.transcript import transcribe
from sluice.providers.demo import Demo
from sluice.providers.script import Script, parse
from sluice.providers.wire import Patience


def asked(name: str, text: str = "What is a sluice?", max_tokens: int | None = None) -> Prompt:
    turns = (Message("system", "Be brief."), Message("user", text))
    return Prompt(name, turns, max_tokens)


async def play(
    prompt: Prompt, clock: Clock | None = None, attempt: Attempt | None = None
) -> list[Event]:
    clock = clock or Clock()
    said: list[Event] = []
    source = Demo(clock, clock.sleep)
    await source.attempt(prompt, attempt or Attempt("demo"), Patience(), True, said.extend)
    return said


def tokens(said: list[Event]) -> list[str]:
    return [event.text for event in said if isinstance(event, TextDelta)]


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("", Script()),
        ("demo", Script()),
        ("n=200,delay=5ms", Script(n=200, delay=0.005)),
        ("first=800ms", Script(first=0.8)),
        ("stall=3s@20", Script(stall=3.0, stall_at=20)),
        (
            "fail=provider_unavailable@50",
            Script(failure=errors.ProviderUnavailable, failure_at=50),
        ),
        ("fail=internal", Script(failure=SluiceError)),
        ("text=unicode", Script(text="unicode")),
        ("cut@30", Script(failure=errors.ProviderUnavailable, failure_at=30)),
        ("n=10000, delay=0 ,first=60s", Script(n=10_000, delay=0.0, first=60.0)),
        ("n=0", Script(n=0)),
        ("delay=0.25s", Script(delay=0.25)),
        ("n=5,cut@5", Script(n=5, failure=errors.ProviderUnavailable, failure_at=5)),
    ],
)
def test_a_name_is_a_script(name: str, script: Script) -> None:
    assert parse(name) == script


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("n=10001", "n=10001"),
        ("n=-1", "n=-1"),
        ("n=", "n="),
        ("n", "n"),
        ("n=١٢", "n=١٢"),
        ("n=5,n=6", "n=6"),
        ("delay=61s", "delay=61s"),
        ("delay=60001ms", "delay=60001ms"),
        ("delay=5", "delay=5"),
        ("delay=fast", "delay=fast"),
        ("first=-1s", "first=-1s"),
        ("stall=3s", "stall=3s"),
        ("stall=99s@1", "stall=99s@1"),
        ("stall=3s@x", "stall=3s@x"),
        ("fail=no_such_code@3", "fail=no_such_code@3"),
        ("fail=provider_timeout@-3", "fail=provider_timeout@-3"),
        ("fail=provider_timeout@3,cut@5", "cut@5"),
        ("text=klingon", "text=klingon"),
        ("cut", "cut"),
        ("cut=3", "cut=3"),
        ("n=5,cut@6", "cut@6"),
        ("gpt-4o", "gpt-4o"),
        ("n=5,", ""),
        ("x" * 500, "x" * 80),
    ],
)
def test_a_bad_name_is_refused_by_its_bad_part(name: str, named: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(name)
    assert named in caught.value.message
    assert caught.value.field == "model"
    assert len(caught.value.message) < 700


async def test_the_text_is_readable_markdown_about_the_message() -> None:
    text = transcribe(await play(asked("", "Xin chào, what is `this`?")))
    assert text.startswith("## ")
    assert "\n- " in text
    assert text.count("```") == 2
    assert "> Xin chào, what is `this`?" in text
    assert "**5 words**" in text


async def test_the_text_mentions_what_goes_with_the_message() -> None:
    notes = Document("my\nnotes.txt", "x" * 1234)
    turns = (Message("user", "Sum up", (notes, Image("image/png", b"123"), *[notes] * 4)),)
    attempt = Attempt("demo")
    text = transcribe(await play(Prompt("delay=0", turns), attempt=attempt))
    assert text.count("- it came with the document **my notes.txt**, 1,234 characters\n") == 4
    assert "- it came with an image, image/png, 3 bytes\n" in text
    assert "- it came with 1 more\n" in text
    assert attempt.usage is not None
    assert attempt.usage.input_tokens == 2 + 5 * (1234 // 6)


async def test_the_same_message_gets_the_same_answer() -> None:
    assert await play(asked("")) == await play(asked(""))
    assert await play(asked("")) != await play(asked("", "Something else"))


@pytest.mark.parametrize("text", ["", "```\nx\n```", "a" * 100_000, "\n\n\n", "\x00", "字" * 500])
async def test_any_message_gets_an_answer_of_bounded_length(text: str) -> None:
    said = await play(asked("", text))
    assert all(tokens(said))
    assert len(transcribe(said)) < 1500
    assert transcribe(said).count("```") == 2 + text.count("```")
    assert said[-1] == Finished("stop")


@pytest.mark.parametrize("n", [0, 1, 7, 200, 10_000])
@pytest.mark.parametrize("text", ["plain", "unicode"])
async def test_n_is_exactly_so_many_tokens(n: int, text: str) -> None:
    attempt = Attempt("demo")
    said = await play(asked(f"n={n},delay=0,text={text}"), attempt=attempt)
    assert len(tokens(said)) == n
    assert said[-2:] == [Usage(6, n), Finished("stop")]
    assert attempt.usage == Usage(6, n)


@pytest.mark.parametrize(
    ("limit", "said", "reason"), [(3, 3, "length"), (10, 10, "stop"), (99, 10, "stop")]
)
async def test_a_limit_of_tokens_is_kept(limit: int, said: int, reason: str) -> None:
    heard = await play(asked("n=10,delay=0", max_tokens=limit))
    assert len(tokens(heard)) == said
    assert heard[-1] == Finished(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "slept"),
    [
        ("n=3", [0.02, 0.02, 0.02]),
        ("n=3,delay=5ms", [0.005, 0.005, 0.005]),
        ("n=3,first=800ms", [0.8, 0.02, 0.02]),
        ("n=3,delay=1s,stall=3s@2", [1.0, 1.0, 4.0]),
        ("n=3,stall=3s@0,delay=0", [3.0, 0.0, 0.0]),
        ("n=3,delay=0", [0.0, 0.0, 0.0]),  # which lets others run all the same
    ],
)
async def test_the_pace_is_the_scripts(name: str, slept: list[float]) -> None:
    clock = Clock()
    await play(asked(name), clock)
    assert clock.slept == slept


async def test_a_late_token_does_not_delay_those_after_it() -> None:
    clock = Clock()
    source = Demo(clock, clock.sleep)
    said: list[float] = []

    def say(batch: Sequence[Event]) -> None:
        said.append(round(clock.now - 1000, 3))
        if len(batch) == 1 and len(said) == 2:
            clock.now += 0.05  # a busy loop

    await source.attempt(asked("n=5"), Attempt("demo"), Patience(), True, say)
    assert said == [0.02, 0.04, 0.09, 0.09, 0.1, 0.1]


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("cut@30", 30, "provider_unavailable"),
        ("cut@500", 500, "provider_unavailable"),
        ("n=4,cut@4", 4, "provider_unavailable"),
        ("fail=provider_timeout@0", 0, "provider_timeout"),
        ("fail=content_filtered@2", 2, "content_filtered"),
        ("fail=internal@2", 2, "internal"),
        ("fail=rate_limited", 0, "rate_limited"),
    ],
)
async def test_it_fails_where_and_how_it_is_told(name: str, said: int, code: str) -> None:
    attempt = Attempt("demo")
    with pytest.raises(SluiceError) as caught:
        await play(asked(name), attempt=attempt)
    assert caught.value.code == code
    assert (attempt.usage.output_tokens if attempt.usage else 0) == said


async def test_every_hard_character_is_there_and_none_is_cut() -> None:
    said = await play(asked("text=unicode,delay=0"))
    text = transcribe(said)
    for hard in (
        *"\x00\x85\u2028\u2029\ufeff\u200d\u202b\u2067\x1b\"'\\`", "👩‍👩‍👧‍👦", "🇻🇳", "👍🏽",
        "e\u0301", "Việt", "Vie\u0323\u0302t", "中文", "한국어", "שלום", "مرحبا", "𠮷", "\r\n",
        "\ndata: x\n", "\nid: 1\n", "\nevent: y\n", "\n\n", "[DONE]", "</script>", "retry: 0",
        "\n: comment",
    ):  # fmt: skip
        assert hard in text
    assert text.encode().decode() == text
    parts = tokens(said)
    assert any(part.startswith("\u200d") for part in parts)  # a grapheme over two tokens
    assert any(unicodedata.combining(part[0]) for part in parts)
    assert any(a.endswith("\r") and b == "\n" for a, b in pairwise(parts))


async def test_even_without_a_pause_others_get_their_turn() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    said: list[Event] = []
    prompt = asked("n=500,delay=0")
    await Demo().attempt(prompt, Attempt("demo"), Patience(), True, said.extend)
    task.cancel()
    assert turns >= 500


async def test_a_pause_ends_at_once_when_nobody_wants_the_answer() -> None:
    said: list[Event] = []
    prompt = asked("first=60s")
    playing = Demo().attempt(prompt, Attempt("demo"), Patience(), True, said.extend)
    task = asyncio.create_task(playing)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
