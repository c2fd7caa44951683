"""Servers that nobody here wrote, each a process of its own, and Sluice in front of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from reciters import MANY_WORDS, SENTENCE, Llama, llama
from tests.conftest import Running, running
from tests.make_gguf import recited, write
from vendors import MODELS, Aimock, mock

OURS = ("OPENAI_", "ANTHROPIC_", "GEMINI_", "LOCAL_LLM_", "SLUICE_")


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the machine's environment nor a `.env` says anything to a `Client` here."""
    for name in os.environ:
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def aimock_process(
    node: Path, npm_parts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aimock]:
    with mock(node, npm_parts, tmp_path_factory.mktemp("aimock")) as found:
        yield found


@pytest.fixture
def aimock(aimock_process: Aimock) -> Aimock:
    """The mock, which has nothing to say yet."""
    aimock_process.forget()
    return aimock_process


@pytest.fixture(scope="module")
def vendors(aimock_process: Aimock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose three vendors are the mock, and which asks each but once."""
    settings = aimock_process.settings(*MODELS)
    settings |= {"SLUICE_RETRIES": "0", "SLUICE_BREAKER_FAILURES": "1000000"}
    with running(tmp_path_factory.mktemp("sluice"), **settings) as found:
        yield found


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def sentence_model(models: Path) -> Path:
    """A file with a model that recites `SENTENCE`."""
    return write(models / "sentence.gguf", SENTENCE)


@pytest.fixture(scope="session")
def reciter(sentence_model: Path) -> Iterator[Llama]:
    """Says one sentence, at once."""
    with llama(sentence_model, recited(SENTENCE)) as found:
        yield found


@pytest.fixture(scope="session")
def slow_reciter(models: Path) -> Iterator[Llama]:
    """Takes seconds for what it says."""
    with llama(write(models / "slow.gguf", MANY_WORDS, dim=1024), recited(MANY_WORDS)) as found:
        yield found


@pytest.fixture(scope="session")
def babbler(models: Path) -> Iterator[Llama]:
    """Says gibberish, in which characters are broken off."""
    with llama(write(models / "babble.gguf")) as found:
        yield found
