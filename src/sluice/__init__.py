"""Sluice: streams answers of language models, from any provider, in one way.

The Python face. It needs no server: see `docs/python.md`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sluice import errors
from sluice.blocking import stream
from sluice.client import (
    Client,
    run_stream_test_workflow,
    stream_claude,
    stream_gemini,
    stream_gpt,
    stream_llm,
    stream_local,
)
from sluice.core.messages import Message
from sluice.flows.mark import flow
from sluice.services.text import TextStream
from sluice.settings import Settings
from sluice.version import __version__

if TYPE_CHECKING:
    from sluice.app import create_app

__all__ = [
    "Client",
    "Message",
    "Settings",
    "TextStream",
    "__version__",
    "create_app",
    "errors",
    "flow",
    "run_stream_test_workflow",
    "stream",
    "stream_claude",
    "stream_gemini",
    "stream_gpt",
    "stream_llm",
    "stream_local",
]


def __getattr__(name: str) -> Any:
    """`create_app` brings a web framework along: a script that only asks models pays for none."""
    if name == "create_app":
        return import_module("sluice.app").create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
