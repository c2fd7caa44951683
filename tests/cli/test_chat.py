"""`sluice chat`, as a process of its own, against the demo model and a small provider."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import sys
import termios
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.conftest import sluice_command

WAIT = 60  # seconds, for what is known to come


class LocalModel:
    """An OpenAI-compatible server that says its lines, and goes on until nobody listens."""

    def __init__(self, *lines: str, endless: bool = False) -> None:
        self.asked: list[list[dict[str, str]]] = []
        self.left = asyncio.Event()
        self._lines = lines
        self._endless = endless

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "parrot"}]})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((await request.json())["messages"])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            for line in self._lines:
                await self._say(response, {"content": line}, None)
            while self._endless:
                await self._say(response, {"content": "more "}, None)
                await asyncio.sleep(0.01)
            await self._say(response, {}, "stop")
            await response.write(b"data: [DONE]\n\n")
        except (ConnectionError, asyncio.CancelledError):
            self.left.set()
        return response

    async def _say(
        self, response: web.StreamResponse, delta: dict[str, str], finish: str | None
    ) -> None:
        chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[dict[str, str]]:
        """Serve, and yield the environment that points at it."""
        app = web.Application()
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.complete)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            port = runner.addresses[0][1]
            yield {"LOCAL_LLM_URL": f"http://127.0.0.1:{port}"}
        finally:
            await runner.cleanup()


@asynccontextmanager
async def chat(
    where: Path, *arguments: str, env: dict[str, str] | None = None, **streams: Any
) -> AsyncIterator[Process]:
    """The command, in an empty folder and with no settings but these."""
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "80"} | (env or {})
    given = {"stdin": asyncio.subprocess.DEVNULL, "stdout": PIPE, "stderr": PIPE} | streams
    program = (sys.executable, "-m", "sluice") if "preexec_fn" in streams else sluice_command()
    process = await asyncio.create_subprocess_exec(
        *program, "chat", *arguments, cwd=where, env=environment, **given
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def outcome(process: Process, said: bytes | None = None) -> tuple[int | None, str, str]:
    """Exit code, stdout and stderr once it has ended."""
    async with asyncio.timeout(WAIT):
        out, err = await process.communicate(said)
    return process.returncode, (out or b"").decode(), (err or b"").decode()


async def run(
    where: Path, *arguments: str, said: bytes | None = None
) -> tuple[int | None, str, str]:
    stdin = asyncio.subprocess.DEVNULL if said is None else PIPE
    async with chat(where, *arguments, stdin=stdin) as process:
        return await outcome(process, said)


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


async def test_json_lines_are_the_answer_in_order(tmp_path: Path) -> None:
    code, out, err = await run(tmp_path, "--json", "-m", "demo/n=5,delay=1ms", "Hello")
    first, *chunks, last = lines(out)
    assert (code, err) == (0, "")
    assert first == {"type": "start", "model": "demo"}
    assert [chunk["type"] for chunk in chunks] == ["chunk"] * 5
    assert (last["type"], last["finish_reason"], last["attempts"]) == ("end", "stop", 1)
    assert last["tokens"]["output"] == 5
    plain = await run(tmp_path, "-m", "demo/n=5,delay=1ms", "Hello")
    assert plain == (0, "".join(chunk["content"] for chunk in chunks).rstrip("\n") + "\n", "")


@pytest.mark.parametrize(
    ("arguments", "said", "asked"),
    [
        ([], b"two\n", "two\n"),
        (["one"], b"two", "one\n\ntwo"),
        (["one"], b"  \n", "one"),
        (["Xin chào"], b"\xff", "Xin chào\n\n\ufffd"),
    ],
)
async def test_a_question_comes_from_the_argument_and_from_what_is_piped_in(
    arguments: list[str], said: bytes | None, asked: str, tmp_path: Path
) -> None:
    model = LocalModel("Hi.")
    async with model.serving() as env:
        stdin = asyncio.subprocess.DEVNULL if said is None else PIPE
        async with chat(tmp_path, "--system", "Be brief", *arguments, env=env, stdin=stdin) as one:
            assert await outcome(one, said) == (0, "Hi.\n", "")
    assert [(turn["role"], turn["content"]) for turn in model.asked[0]] == [
        ("system", "Be brief"),
        ("user", asked),
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-m", "demo/n=9,delay=1ms,fail=provider_auth@3", "Hello"], "provider_auth"),
        (["-m", "demo/nonsense=1", "Hello"], "invalid_request"),
        ([" "], "invalid_request"),
    ],
)
async def test_an_error_is_one_line_with_its_code(
    arguments: list[str], code: str, tmp_path: Path
) -> None:
    exit_code, _, err = await run(tmp_path, *arguments)
    assert exit_code == 1
    assert err.startswith(f"sluice: {code}: ")
    assert len(err.splitlines()) == 1
    exit_code, out, err = await run(tmp_path, "--json", *arguments)
    assert (exit_code, err) == (1, "")
    assert (lines(out)[-1]["type"], lines(out)[-1]["code"]) == ("error", code)


async def test_a_wrong_setting_is_one_line_that_names_it(tmp_path: Path) -> None:
    async with chat(tmp_path, "Hello", env={"SLUICE_RETRIES": "many"}) as process:
        code, out, err = await outcome(process)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "SLUICE_RETRIES" in err


@pytest.mark.parametrize("as_json", [True, False])
async def test_ctrl_c_keeps_what_came_and_stops_the_provider(as_json: bool, tmp_path: Path) -> None:
    model = LocalModel("First\n", endless=True)
    flags = ["--json"] if as_json else []
    async with model.serving() as env, chat(tmp_path, *flags, "Hello", env=env) as process:
        assert process.stdout is not None
        while b"First" not in await asyncio.wait_for(process.stdout.readline(), WAIT):
            pass
        process.send_signal(signal.SIGINT)
        code, out, err = await outcome(process)
        await asyncio.wait_for(model.left.wait(), WAIT)
    assert code == 130
    if as_json:
        assert (lines(out)[-1]["code"], err) == ("cancelled", "")
    else:
        assert err.splitlines() == ["sluice: cancelled: Stopped; the answer is not complete."]


async def test_a_reader_who_leaves_ends_it_quietly(tmp_path: Path) -> None:
    model = LocalModel("First\n", endless=True)
    near, far = os.pipe()
    async with model.serving() as env, chat(tmp_path, "Hello", env=env, stdout=far) as process:
        os.close(far)
        assert await asyncio.to_thread(os.read, near, 1) == b"F"
        os.close(near)
        code, _, err = await outcome(process)
        await asyncio.wait_for(model.left.wait(), WAIT)
    assert (code, err) == (141, "")


class Terminal:
    """Both ends of a terminal: what is typed into it, and what it shows."""

    def __init__(self) -> None:
        self._near, self.far = pty.openpty()
        self.shown = ""
        self._seen = 0

    def type(self, keys: bytes) -> None:
        os.write(self._near, keys)

    async def until(self, text: str) -> None:
        """Read until this has been shown, after what was waited for before."""
        async with asyncio.timeout(WAIT):
            while text not in self.shown[self._seen :]:
                data = await asyncio.to_thread(os.read, self._near, 4096)
                self.shown += data.decode(errors="replace")
        self._seen = self.shown.index(text, self._seen) + len(text)

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._near)


@asynccontextmanager
async def on_a_terminal(
    where: Path, env: dict[str, str], *arguments: str
) -> AsyncIterator[tuple[Terminal, Process]]:
    terminal = Terminal()
    far = terminal.far
    streams = {"stdin": far, "stdout": far, "stderr": far, "preexec_fn": _own_terminal}
    async with chat(where, *arguments, env=env, **streams) as process:
        os.close(far)
        yield terminal, process
    terminal.close()


def _own_terminal() -> None:
    """In the child: make its stdin the terminal that sends it Ctrl-C."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


async def test_a_conversation_remembers_its_turns_until_ctrl_d(tmp_path: Path) -> None:
    model = LocalModel("Hello **you**.")
    async with model.serving() as env, on_a_terminal(tmp_path, env) as (terminal, process):
        await terminal.until("> ")
        terminal.type(b"first\n")
        await terminal.until("parrot")
        await terminal.until("> ")
        terminal.type(b"second\n")
        await terminal.until("parrot")
        await terminal.until("> ")
        terminal.type(b"\x04")
        assert await asyncio.wait_for(process.wait(), WAIT) == 0
    assert "**" not in terminal.shown
    assert [turn["content"] for turn in model.asked[1]] == ["first", "Hello **you**.", "second"]


async def test_ctrl_c_in_a_conversation_stops_the_answer_only(tmp_path: Path) -> None:
    model = LocalModel("First.\n\n", endless=True)
    async with model.serving() as env, on_a_terminal(tmp_path, env) as (terminal, process):
        await terminal.until("> ")
        terminal.type(b"go\n")
        await terminal.until("First.")
        terminal.type(b"\x03")
        await terminal.until("cancelled: Stopped.")
        await asyncio.wait_for(model.left.wait(), WAIT)
        await terminal.until("> ")
        terminal.type(b"\x04")
        assert await asyncio.wait_for(process.wait(), WAIT) == 0


async def test_nothing_in_an_answer_steers_the_terminal(tmp_path: Path) -> None:
    model = LocalModel("a\x1b]0;title\x07b\x9b2Jc\r", "\x1b[31mred")
    async with model.serving() as env, on_a_terminal(tmp_path, env, "Hello") as (terminal, process):
        await terminal.until("parrot")
        assert await asyncio.wait_for(process.wait(), WAIT) == 0
    assert "a]0;titleb2Jc[31mred" in terminal.shown
