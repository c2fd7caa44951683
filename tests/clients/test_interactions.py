"""Clients of the study assistant's API, theirs and those in `examples/`, against a real server."""

import base64
import fcntl
import hashlib
import json
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.clients.conftest import PROGRAMS, Javascript
from tests.clients.person import Person, signed_in
from tests.clients.running import run
from tests.conftest import Running
from tests.npm_parts import PARTS, PATIENCE

pytestmark = pytest.mark.clients

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
QUICK, HARD = "demo/n=20,delay=5ms", "demo/n=60,delay=1ms,text=unicode"
SLOW = "demo/n=2000,first=0ms,delay=20ms"
FAILING = "demo/n=9,delay=1ms,fail=provider_timeout@4"

# What React Native publishes, of which the JavaScript is run here: a package without those that it
# depends on, which are for building apps.
REACT_NATIVE = "react-native@0.88.1"
INTEGRITY = (
    "wajWcLZ93GCN7k4Uwh4CS4L2Ah8ohcvkOXnvIYmh4Yvuqho5j3APZ9qozK+nQrHWSgauq4h8D3HN5DKK84SrHA=="
)


@pytest_asyncio.fixture
async def ann(server: Running) -> AsyncIterator[Person]:
    async with signed_in(server.url) as person:
        yield person


@pytest.fixture(scope="session")
def react_native(npm_parts: Path, node: Path, node_environment: dict[str, str]) -> Path:
    """The folder of the package `react-native`, as it is published."""
    folder = npm_parts / f".{REACT_NATIVE}"
    with (PARTS / "package.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / "package").exists():
            unpack(node, node_environment, folder)
    return folder / "package"


def unpack(node: Path, environment: dict[str, str], folder: Path) -> None:
    """Fetch the package by npm's own script, and unpack the JavaScript that a request needs."""
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    folder.mkdir(exist_ok=True)
    subprocess.run(
        [node, npm, "pack", REACT_NATIVE, "--silent", "--pack-destination", folder],
        cwd=PARTS, env=environment, capture_output=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    (archive,) = folder.glob("*.tgz")
    digest = hashlib.sha512(archive.read_bytes()).digest()
    assert base64.b64encode(digest).decode() == INTEGRITY
    with tarfile.open(archive) as found:
        wanted = [one for one in found.getmembers() if one.name.endswith(".js")]
        found.extractall(folder / "unpacking", wanted, filter="data")
    (folder / "unpacking" / "package").rename(folder / "package")


def kinds(told: list[Any]) -> list[str]:
    """What was told, each kind once in a row."""
    names = [one[0] if isinstance(one, list) else one.get("type", "thrown") for one in told]
    return [name for at, name in enumerate(names) if not at or names[at - 1] != name]


def text_of(told: list[Any]) -> str:
    return "".join(one[1] for one in told if one[0] == "token")


async def points(person: Person) -> int:
    return (await person.get("/api/v1/points"))["balance"]


async def test_the_class_that_web_clients_have(
    server: Running, ann: Person, javascript: Javascript
):
    bodies = [
        {"message": "Xin chào", "model": HARD},
        {"message": "and?", "model": QUICK, "max_tokens": 100},
        {"message": "Fail.", "model": FAILING},
        {"message": " "},
    ]
    given = [json.dumps(body) for body in bodies]
    done = await javascript("interaction_service.ts", server.url, ann.token, *given)

    assert kinds(done.lines) == ["metadata", "token", "complete"] * 2 + [
        "metadata", "token", "error", "thrown",
    ]  # fmt: skip
    metadata = [told for name, told in done.lines if name == "metadata"]
    complete = [told for name, told in done.lines if name == "complete"]
    assert [one["is_new_interaction"] for one in metadata] == [True, False, False]
    assert len({one["interaction_id"] for one in metadata}) == 1
    assert text_of(done.lines).startswith(complete[0]["content"] + complete[1]["content"])
    assert done.lines[-1] == ["thrown", "HTTP error! status: 400"]
    assert await points(ann) == 1000 - sum(one["points_cost"] for one in complete)


async def test_the_aiohttp_client_that_programs_have(server: Running, ann: Person):
    program = PROGRAMS / "interaction_client.py"
    done = await run(sys.executable, program, server.url, ann.token, "What is a sluice?")

    assert kinds(done.lines) == ["metadata", "token", "complete"]
    pieces = [event["content"] for event in done.lines if event["type"] == "token"]
    assert "".join(pieces) == done.lines[-1]["content"]


async def test_the_example_in_typescript(server: Running, ann: Person, javascript: Javascript):
    module, said = EXAMPLES / "interactions.ts", [f"a={HARD}", f"b={QUICK}", f"c={FAILING}"]
    done = await javascript("interaction_module.mjs", module, server.url, ann.token, *said)

    *_, failed = done.lines
    assert kinds(done.lines) == ["metadata", "token", "complete"] * 2 + [
        "metadata", "token", "thrown",
    ]  # fmt: skip
    assert failed["code"] == "provider_timeout"
    places = {one["interaction_id"] for one in done.lines if one.get("type") == "metadata"}
    assert len(places) == 1


async def test_the_example_in_python(server: Running):
    done = await run(sys.executable, EXAMPLES / "interactions.py", server.url)

    assert done.out.count("> ") >= 2
    assert done.out.count(" points]\n") == 2
    assert done.out.endswith(" points are left.\n")


@pytest.fixture
def native(
    server: Running, ann: Person, javascript: Javascript, react_native: Path, npm_parts: Path
) -> Any:
    """Runs the example for React Native on React Native's own XMLHttpRequest."""

    async def ask(question: dict[str, Any], stop: int = 0, token: str = "") -> list[Any]:
        sources, types = react_native, npm_parts / "flow-remove-types"
        given = (EXAMPLES / "react_native.ts", server.url, token or ann.token)
        said = (json.dumps(question), str(stop))
        return (await javascript("react_native.mjs", sources, types, *given, *said)).lines

    return ask


async def test_react_native_hears_a_reply_as_it_arrives(native: Any, ann: Person):
    told = await native({"message": "hi", "model": HARD})
    place = told[0][1]["interaction_id"]
    again = await native({"message": "and?", "model": QUICK, "interaction_id": place})

    assert kinds(told) == kinds(again) == ["metadata", "token", "complete"]
    assert "".join(one[1] for one in told if one[0] == "token") == told[-1][1]["content"]
    reads = [read for _, _, read in again]
    assert len(set(reads)) > 3  # it came piece by piece
    assert again[0][1]["is_new_interaction"] is False
    cost = told[-1][1]["points_cost"] + again[-1][1]["points_cost"]
    assert await points(ann) == 1000 - cost


async def test_react_native_stops_and_hears_no_more(native: Any, ann: Person):
    told = await native({"message": "hi", "model": SLOW}, stop=3)

    assert [name for name, _, _ in told] == ["metadata", "token", "token", "token"]


WRONG = [
    ({"message": " "}, "", "invalid_request"),
    ({"message": "hi"}, "nonsense", "unauthorized"),
    ({"message": "hi", "model": FAILING}, "", "provider_timeout"),
]


@pytest.mark.parametrize(("question", "token", "code"), WRONG)
async def test_react_native_is_told_what_is_wrong(
    native: Any, question: dict[str, Any], token: str, code: str
):
    *_, (name, problem, _) = await native(question, token=token)
    assert (name, problem["code"]) == ("error", code)
