"""Model names: which provider serves what, by name alone. Pure: asks nobody, knows no source.

A model is `provider/name`; clients also give bare names, which are looked up. What stands before
a `/` and is no provider is part of the name (`meta-llama/Llama-3`).
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

LONGEST = 256  # characters of a model's name; nobody's is longer, and names end up as keys

# Every provider there is, in the order of preference, and the setting that brings it.
PROVIDERS = {
    "openai": "OPENAI_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "local": "LOCAL_LLM_URL",
    "gguf": "SLUICE_GGUF",
    "langchain": "SLUICE_LANGCHAIN",
    "demo": "SLUICE_DEMO=true",
}

# Whose a bare name is; the first pattern that fits.
PATTERNS = (
    ("gpt-*", "openai"),
    ("chatgpt-*", "openai"),
    ("o1*", "openai"),
    ("o3*", "openai"),
    ("o4*", "openai"),
    ("gemini-*", "gemini"),
    ("claude-*", "anthropic"),
)


def bare(model: str) -> str:
    """The name without its provider."""
    return model.partition("/")[2] or model


def qualified(model: str, providers: Iterable[str]) -> bool:
    """Whether the name begins with one of these providers, or is the demo's."""
    provider, _, name = model.partition("/")
    return provider == "demo" or (bool(name) and provider in providers)


def fits(model: str, pattern: str) -> bool:
    """Whether a pattern means this `provider/name`; one without a `/` also by the bare name.

    `demo` has no name of its own, so `demo/*` means it too.
    """
    whole = model if "/" in model else f"{model}/"
    if fnmatchcase(whole, pattern):
        return True
    return "/" not in pattern and fnmatchcase(bare(model), pattern)


def permitted(model: str, patterns: Sequence[str]) -> bool:
    """Whether a list of patterns, as operators write them, lets this `provider/name` through."""
    return any(fits(model, pattern) for pattern in patterns)


def guess(name: str) -> str | None:
    """The `provider/name` that a bare name stands for by its looks, if any."""
    for pattern, provider in PATTERNS:
        if fnmatchcase(name, pattern):
            return f"{provider}/{name}"
    return None


def substitute(name: str, aliases: Iterable[tuple[str, str]]) -> str | None:
    """What the first alias whose pattern fits makes of a bare name, if any does."""
    for pattern, target in aliases:
        if fnmatchcase(name, pattern):
            return target
    return None
