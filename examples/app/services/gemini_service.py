"""Streams answers of Google Gemini."""

from sluice import stream_gemini

__all__ = ["stream_gemini"]
