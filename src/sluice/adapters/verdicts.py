"""What a worker that looks into files says of one, and how that goes over a pipe.

A question is the file's path, an answer one `Verdict` as MessagePack; before each stands its
length, four bytes, the highest first. After a `Judged` follow the `size` bytes of what a model is
given. An empty frame says that the worker is ready. Knows no process, and no file format.
"""

import struct
from typing import Literal

import msgspec

PATIENCE = 10.0  # seconds that a file may take, of the clock and of the processor
LENGTH = struct.Struct(">I")
LARGEST_FRAME = 64 << 10  # bytes of a question, or of a verdict
LARGEST_PROMPT = 4 << 20  # bytes

READY = LENGTH.pack(0)


class Judged(msgspec.Struct, frozen=True, tag="judged"):
    """The file is sound; see `Inspected`. `size` bytes of its prompt follow."""

    content_type: str
    prompt_type: str
    size: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The file is not taken, for this reason."""

    code: Literal["invalid_request", "unsupported_media_type"]
    message: str


Verdict = Judged | Refused


def framed(content: bytes) -> bytes:
    """These bytes with their length before them."""
    return LENGTH.pack(len(content)) + content
