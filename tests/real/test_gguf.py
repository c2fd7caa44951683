"""A model file served beside us: it answers, ends with us, and a wrong one is refused clearly."""

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from reciters import SENTENCE
from tests.conftest import STARTUP, Running, Serve, environment, free_port, sluice_command
from tests.make_gguf import recited
from vendors import call

import sluice
from sluice.settings import BadSetting, load

pytestmark = pytest.mark.clients
TEXT = recited(SENTENCE)


def llamas(pid: int) -> list[psutil.Process]:
    """The processes that serve a model for this one."""
    return [one for one in psutil.Process(pid).children() if "llama.py" in str(one.cmdline())]


def gone(processes: list[psutil.Process]) -> bool:
    """They have ended, or do so soon; whether anybody collects what is left is not our business."""
    until = time.monotonic() + STARTUP
    while any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def ask(server: Running, **more: Any) -> Any:
    body = {"query": "Hello", "temperature": 0, **more}
    return call(f"{server.url}/api/v1/query", body)


def test_a_model_file_answers_through_the_server(serve: Serve, sentence_model: Path) -> None:
    server = serve(SLUICE_GGUF=str(sentence_model))
    answer = ask(server, model="gguf/sentence")
    assert (answer["response"], answer["model_used"]) == (TEXT, "gguf/sentence")
    assert answer["finish_reason"] == "stop"
    assert answer["tokens_used"] > len(SENTENCE.split())


def test_it_is_the_default_where_nothing_else_is_configured(
    serve: Serve, sentence_model: Path
) -> None:
    assert ask(serve(SLUICE_GGUF=str(sentence_model)))["model_used"] == "gguf/sentence"


async def test_a_model_file_answers_a_python_client(sentence_model: Path) -> None:
    async with (
        sluice.Client(load(gguf=str(sentence_model))) as client,
        client.stream("gguf/sentence", "Hello", temperature=0) as answer,
    ):
        assert "".join([piece async for piece in answer]) == TEXT
        assert answer.receipt is not None
        assert not answer.receipt.usage.estimated
        assert answer.receipt.usage.output_tokens == len(SENTENCE.split()) + 1  # and the stop


async def whole(client: sluice.Client) -> str:
    async with client.stream("gguf/sentence", "Hello", temperature=0) as answer:
        return "".join([piece async for piece in answer])


async def test_several_answers_come_at_once(sentence_model: Path) -> None:
    async with sluice.Client(load(gguf=str(sentence_model))) as client:
        texts = await asyncio.gather(*(whole(client) for _ in range(6)))
    assert texts == [TEXT] * 6


async def test_it_is_gone_when_the_client_is(sentence_model: Path) -> None:
    async with sluice.Client(load(gguf=str(sentence_model))) as client:
        processes = llamas(os.getpid())
        assert len(processes) == 1
        answer = client.stream("gguf/sentence", "Hello", temperature=0)
        await anext(answer)  # and it is left with most of its answer unsaid
    assert gone(processes)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["asked to", "killed"])
def test_it_ends_with_the_server(
    serve: Serve, sentence_model: Path, number: signal.Signals
) -> None:
    server = serve(SLUICE_GGUF=str(sentence_model))
    processes = llamas(server.process.pid)
    assert len(processes) == 1
    server.stop(number)
    assert gone(processes)


def test_it_says_nothing_on_the_terminal(serve: Serve, sentence_model: Path) -> None:
    server = serve(SLUICE_GGUF=str(sentence_model))
    ask(server)
    server.stop()
    said = server.log.read_text() + server.out.read_text()
    assert "llama" not in said
    assert "slot" not in said


def damaged(folder: Path, model: Path, name: str) -> Path:
    """A file that is none, or no model, or not all of one."""
    whole = model.read_bytes()
    contents = {"text": b"no model\n", "empty": b"", "half": whole[: len(whole) // 2]}
    file = folder / f"{name}.gguf"
    if name in contents:
        file.write_bytes(contents[name])
    return file


BAD = {
    "missing": "SLUICE_GGUF: there is no file",
    "text": "SLUICE_GGUF: llama.cpp cannot read this file",
    "empty": "SLUICE_GGUF: llama.cpp cannot read this file",
    "half": "SLUICE_GGUF: llama.cpp cannot read this file",
}


@pytest.mark.parametrize("name", BAD)
async def test_a_wrong_file_is_a_bad_setting(
    tmp_path: Path, sentence_model: Path, name: str
) -> None:
    settings = load(gguf=str(damaged(tmp_path, sentence_model, name)))
    with pytest.raises(BadSetting) as caught:
        await sluice.Client(settings).__aenter__()
    assert str(caught.value).startswith(BAD[name])


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_file_stops_the_start_with_one_line(
    tmp_path: Path, sentence_model: Path, name: str
) -> None:
    file = damaged(tmp_path, sentence_model, name)
    done = subprocess.run(
        [*sluice_command(), "serve", "--port", str(free_port())],
        cwd=tmp_path,
        env=environment(SLUICE_GGUF=str(file)),
        capture_output=True,
        text=True,
        timeout=STARTUP,
        check=False,
    )
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines)) == (2, 1), done.stderr
    assert lines[0].startswith(f"sluice: {BAD[name]}")
