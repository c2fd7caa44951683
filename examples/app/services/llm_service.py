"""Streams answers of any provider."""

from sluice import stream_llm

__all__ = ["stream_llm"]
