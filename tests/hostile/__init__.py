"""Files that were made to break what reads them, generated here: none lies about as bytes."""

from typing import NamedTuple

import psutil

from sluice.adapters import inspecting


class Case(NamedTuple):
    """A file, and what comes of it.

    `outcome` is an expression that all of the result's line matches: `<content type> as <type of
    the prompt>`, or `<code of the refusal>: <its text>`.
    """

    name: str
    content: bytes
    outcome: str


BROKEN = "invalid_request: The (file could not be read|image could not be read|PDF has no text).*"
UNSUPPORTED = "unsupported_media_type: .*"
TOO_MUCH = "invalid_request: The (image|PDF|document|file) (has too m|holds more|takes too long).*"
TEXT = "text/plain as text/plain"
PDF = "application/pdf as text/plain"
HIDDEN = b"<script>hidden()</script>"  # must not be in anything that a model is given


def picture(kind: str, prompt: str = "jpeg") -> str:
    """The outcome of a sound picture."""
    return f"image/{kind} as image/{prompt}"


def either(taken: str) -> str:
    """What is broken somewhere may be refused, or still show something."""
    return f"{taken}|{BROKEN}|{TOO_MUCH}"


def is_worker(process: psutil.Process) -> bool:
    """Whether this process looks into files, or has and is not yet taken note of."""
    try:
        return any(inspecting.__name__ in word for word in process.cmdline())
    except psutil.ZombieProcess:
        return True
    except psutil.NoSuchProcess:
        return False
