"""Streams answers of OpenAI."""

from sluice import stream_gpt

__all__ = ["stream_gpt"]
