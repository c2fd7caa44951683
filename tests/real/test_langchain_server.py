"""A server whose models are LangChain's: the operator's own module, named by a setting."""

import json
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from tests.conftest import Serve

import sluice
from sluice.house import plan
from sluice.settings import BadSetting, load

pytestmark = pytest.mark.clients

MODULE = """
from langchain_core.language_models.fake_chat_models import FakeListChatModel

def fast():
    return FakeListChatModel(responses=["Xin chào"])

def clever():
    return FakeListChatModel(responses=["Let me see"])
"""
EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "langchain_models.py"
SETTING = "fast=own_models:fast,clever=own_models:clever,parrot=langchain_models:parrot"
SAID = {
    "langchain/fast": "Xin chào",
    "langchain/clever": "Let me see",
    "langchain/parrot": "Hello from a LangChain chat model!",
}


def test_a_server_answers_by_the_operators_own_models(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "own_models.py").write_text(MODULE)
    (tmp_path / "langchain_models.py").write_text(EXAMPLE.read_text())
    server = serve(SLUICE_LANGCHAIN=SETTING, SLUICE_DEMO="false")
    with urlopen(f"{server.url}/api/v1/models", timeout=30) as listed:
        found = json.load(listed)
    assert [one["id"] for one in found["models"]] == [*SAID]
    assert found["default"] == "langchain/fast"
    for model, text in ((None, "Xin chào"), *SAID.items()):
        body = json.dumps({"query": "Hello", "model": model}).encode()
        asked = Request(f"{server.url}/api/v1/query", body, {"Content-Type": "application/json"})
        with urlopen(asked, timeout=30) as answer:
            said = json.load(answer)
        assert (said["response"], said["model_used"]) == (text, model or "langchain/fast")
        assert said["tokens_used"] > 0  # counted by us: these models report none


async def test_a_python_client_has_them_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_for_python.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    async with sluice.Client(load(langchain="mine=mine_for_python:fast")) as client:
        answer = client.stream("langchain/mine", "Hello")
        assert "".join([piece async for piece in answer]) == "Xin chào"
    assert answer.receipt is not None
    assert answer.receipt.usage.estimated


def test_a_wrong_path_stops_the_start_with_one_line() -> None:
    with pytest.raises(BadSetting) as caught:
        plan(load(langchain="a=no_such_module:fast"))
    assert str(caught.value) == (
        "SLUICE_LANGCHAIN: `a=no_such_module:fast`: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )
