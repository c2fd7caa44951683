"""`sluice chat`: one question, or a conversation, in the terminal.

Knows where questions come from and how a chat ends; `answers.py` knows how an answer looks.
"""

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Annotated, NamedTuple, NoReturn

import typer
from rich.console import Console

from sluice.cli.answers import Answer, JsonLines, Plain, Screen, complain
from sluice.client import Client
from sluice.core.errors import Cancelled, InvalidRequest, SluiceError
from sluice.core.messages import Message
from sluice.settings import BadSetting, load

INTERRUPTED = 128 + signal.SIGINT  # what a shell says of a command that was stopped this way
CLOSED_PIPE = 128 + 13  # … and of one whose reader has gone (SIGPIPE)


class Manner(NamedTuple):
    """How each question of this chat is asked."""

    model: str | None
    system: str | None
    temperature: float | None
    max_tokens: int | None


def chat_command(
    prompt: Annotated[
        str | None,
        typer.Argument(help="What to ask. What is piped in is added to it.", show_default=False),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Model, as provider/name.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="System message.")] = None,
    temperature: Annotated[float | None, typer.Option(min=0, max=2)] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Limit of each answer.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Ask a model and watch it answer. Without a question: a conversation, until Ctrl-D."""
    manner = Manner(model, system, temperature, max_tokens)
    try:
        question = _question(prompt)
        if question is None and as_json:
            raise typer.BadParameter("--json needs a question: as an argument, or piped in")
        with asyncio.Runner() as runner, _opened(runner) as client:
            if question is None:
                _converse(runner, client, manner)
            else:
                _ask(runner, client, manner, question, JsonLines if as_json else _face(runner))
    except BadSetting as problem:
        sys.stderr.write(f"sluice: {problem}\n")
        raise typer.Exit(1) from None
    except BrokenPipeError:
        _leave_quietly()
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _question(prompt: str | None) -> str | None:
    """The question from the argument and from what is piped in; None: ask the person."""
    parts = [] if prompt is None else [os.fsencode(prompt).decode(errors="replace")]
    if sys.stdin is not None and not sys.stdin.isatty():
        parts.append(sys.stdin.buffer.read().decode(errors="replace"))
    elif prompt is None:
        return None
    return "\n\n".join(part for part in parts if part.strip())


def _face(runner: asyncio.Runner) -> Callable[[], Answer]:
    console, later = Console(), runner.get_loop().call_later
    return (lambda: Screen(console, later)) if console.is_terminal else Plain


@contextmanager
def _opened(runner: asyncio.Runner) -> Generator[Client]:
    """A client that lives as long as the chat, across runs of the loop."""
    client = Client(load())
    runner.run(client.__aenter__())
    try:
        yield client
    finally:
        runner.run(client.__aexit__(None, None, None))


async def _relay(
    client: Client, manner: Manner, messages: Sequence[Message], answer: Answer, said: list[str]
) -> None:
    """Stream one answer out; `said` has what came of it, however it ends.

    Leaving early, for whatever reason, closes the provider's connection on the way out.
    """
    async with client.stream(
        manner.model,
        messages=messages,
        system=manner.system,
        temperature=manner.temperature,
        max_tokens=manner.max_tokens,
    ) as stream:
        answer.start(stream.model)
        async for text in stream:
            said.append(text)
            answer.chunk(text)
        answer.end(stream)


def _ask(
    runner: asyncio.Runner,
    client: Client,
    manner: Manner,
    question: str,
    face: Callable[[], Answer],
) -> None:
    """One question, one answer."""
    answer = face()
    try:
        if not question:
            raise InvalidRequest("There is no question.")
        with answer:
            runner.run(_relay(client, manner, [Message("user", question)], answer, []))
    except KeyboardInterrupt:
        answer.fail(Cancelled("Stopped; the answer is not complete."))
        raise
    except SluiceError as error:
        answer.fail(error)
        raise typer.Exit(1) from None


def _converse(runner: asyncio.Runner, client: Client, manner: Manner) -> None:
    """Questions and answers in turn, each with all that was said before; until Ctrl-D."""
    _learn_to_edit_lines()
    sys.stderr.write("Ctrl-C stops an answer, Ctrl-D ends the conversation.\n")
    turns: list[Message] = []
    face = _face(runner)
    while (question := _read_line()) is not None:
        if not question.strip():
            continue
        said: list[str] = []
        asked = Message("user", question)
        try:
            with face() as answer:
                runner.run(_relay(client, manner, [*turns, asked], answer, said))
        except KeyboardInterrupt:
            complain(Cancelled("Stopped."))
        except SluiceError as error:
            complain(error)
        if said:
            turns += asked, Message("assistant", "".join(said))


def _read_line() -> str | None:
    """What a person types; None at Ctrl-D. Ctrl-C forgets the line and asks again."""
    while True:
        try:
            typed = input("\n> ")
        except EOFError:
            sys.stderr.write("\n")
            return None
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            continue
        return typed.encode(errors="surrogateescape").decode(errors="replace")


def _learn_to_edit_lines() -> None:
    """Arrow keys and history in `input`, where this system has readline.

    Only once a person is there: some versions print an escape sequence when they are loaded.
    Bracketed paste makes a text of several lines one question.
    """
    with suppress(ImportError):
        readline = importlib.import_module("readline")
        readline.parse_and_bind("set enable-bracketed-paste on")


def _leave_quietly() -> NoReturn:
    """The reader of our output has gone. What is still buffered must not be written at exit."""
    void = os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, sys.stdout.fileno())
    raise typer.Exit(CLOSED_PIPE)
