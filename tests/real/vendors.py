"""aimock: the APIs of OpenAI, Anthropic and Gemini as somebody else understands them.

https://aimock.copilotkit.dev
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.conftest import STARTUP, environment, free_port

KEYS = {  # of no account
    "openai": "sk-openai-0123456789",
    "anthropic": "sk-ant-0123456789",
    "gemini": "AIza0123456789",
}
MODELS = {
    "openai": "openai/gpt-4o-mini",
    "anthropic": "anthropic/claude-haiku-4-5",
    "gemini": "gemini/gemini-2.0-flash",
}
THINKERS = {**MODELS, "openai": "openai/gpt-5-mini"}  # the mock knows which models think
Fixture = dict[str, Any]


def call(url: str, body: object = None, key: str | None = None) -> Any:
    """One JSON request; raises `URLError` for any status that is no success."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"x-api-key": key} if key else {})
    with urlopen(Request(url, data, headers), timeout=30) as answer:
        return json.loads(answer.read())


class Aimock:
    """The vendors, behind one address. They know `KEYS`, and want them in a header."""

    def __init__(self, url: str) -> None:
        self.url = url

    def base(self, provider: str) -> str:
        """Where this vendor's API is, as our settings name it."""
        return self.url + {"openai": "/v1", "anthropic": "", "gemini": "/v1beta"}[provider]

    def settings(self, *providers: str) -> dict[str, str]:
        """What makes Sluice take this for the vendors."""
        keys = {f"{name.upper()}_API_KEY": KEYS[name] for name in providers}
        return keys | {f"{name.upper()}_BASE_URL": self.base(name) for name in providers}

    def says(self, response: Fixture, *, to: str | None = None, **how: Any) -> None:
        """Answer every request with this, or those to one provider's model; the first one holds.

        `nth` narrows it to one request of those that it fits, from 0.
        """
        match: Fixture = {"userMessage": ""}
        if to is not None:
            match["model"] = name_of(to)
        if "nth" in how:
            match["sequenceIndex"] = how.pop("nth")
        self._control("fixtures", {"fixtures": [{"match": match, "response": response, **how}]})

    def heard(self) -> list[dict[str, Any]]:
        """Every request since the test began: path, headers, body."""
        return self._control("journal")

    def forget(self) -> None:
        """Have nothing to say, and have heard nothing."""
        self._control("reset", {})

    def _control(self, what: str, body: object = None) -> Any:
        return call(f"{self.url}/__aimock/{what}", body, KEYS["openai"])


def name_of(provider: str) -> str:
    """The model, as its provider knows it."""
    return MODELS[provider].partition("/")[2]


@contextmanager
def mock(node: Path, npm_parts: Path, folder: Path) -> Iterator[Aimock]:
    """Run it. `folder` is for what it writes."""
    port, log = free_port(), folder / "log"
    program = npm_parts / "@copilotkit" / "aimock" / "dist" / "cli.js"
    said = folder / "said.json"  # it will not start with nothing to say
    said.write_text(json.dumps({"fixtures": [{"match": {}, "response": {"content": "-"}}]}))
    command = [node, program, "-p", str(port), "-f", said, "--strict"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(AIMOCK_API_KEYS=",".join(KEYS.values())),
            stdout=output,
            stderr=output,
        )
    with process:
        try:
            found = Aimock(f"http://127.0.0.1:{port}")
            wait_until_it_answers(found, process, log)
            yield found
        finally:
            process.kill()


def wait_until_it_answers(found: Aimock, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTUP
    while True:
        try:
            found.heard()
        except URLError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"no server:\n{log.read_text()}") from None
            time.sleep(0.05)
        else:
            return
