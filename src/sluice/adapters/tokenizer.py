"""Counts tokens where a provider does not, by a real tokenizer that needs no download.

bpe-openai carries `o200k_base`; other vendors' tokenizers are not public, and differ from it by
some percent. It takes about 130 MB once loaded, so it is loaded when first needed.
"""

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

PIECE = 100_000  # characters at once: the library raises on inputs over 1 MiB
INLINE = 20_000  # characters that may be counted on the event loop: about 2 ms
GUESS = 4  # characters a token, where the tokenizer fails

Count = Callable[[str], int]


class Tokenizer:
    """Counts tokens, off the event loop where the text is long."""

    def __init__(self) -> None:
        self._loading: asyncio.Future[Count] | None = None

    async def count(self, texts: Sequence[str]) -> int:
        """The tokens of all these texts together."""
        if not any(texts):
            return 0
        count = await self._count()
        if sum(map(len, texts)) <= INLINE:
            return _total(texts, count)
        return await asyncio.to_thread(_total, texts, count)

    async def _count(self) -> Count:
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(_load))
        return await asyncio.shield(self._loading)


def _load() -> Count:
    # Not imported at the top: its import alone reads the tables, for half a second and 100 MB.
    encoding: Any = import_module("bpe_openai").get_encoding("o200k_base")
    encoding.encode_ordinary(" ")  # the tables are built on first use

    def count(text: str) -> int:
        return len(encoding.encode_ordinary(text))  # text that looks like a special token is text

    return count


def _total(texts: Sequence[str], count: Count) -> int:
    return sum(_safely(piece, count) for text in texts for piece in _pieces(text))


def _pieces(text: str) -> Sequence[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def _safely(piece: str, count: Count) -> int:
    try:
        return count(piece)
    except (ValueError, OverflowError, RuntimeError):
        return len(piece) // GUESS + 1
