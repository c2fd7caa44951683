"""A program of its own: judges files by their content. It can be killed at any moment.

`python -m sluice.adapters.inspecting` reads questions from standard input and answers on standard
output, in the frames of `verdicts`, until nobody holds the other end. Before the first of them it
gives up what it does not need: memory, files, core dumps. Knows nothing of who asks.
"""

import math
import re
import resource
import struct
import sys
import zlib
from contextlib import suppress
from typing import BinaryIO

import msgspec
from pypdf.errors import PyPdfError

from sluice.adapters.documents import read_pdf, read_text
from sluice.adapters.images import read_image
from sluice.adapters.verdicts import LENGTH, PATIENCE, READY, Judged, Refused, framed
from sluice.core.errors import InvalidRequest, UnsupportedMediaType
from sluice.services.media.ports import Inspected

MEMORY = 512 << 20  # bytes
LIMITS = (
    (resource.RLIMIT_DATA, MEMORY),
    (resource.RLIMIT_AS, 2 * MEMORY),  # the program's own code besides
    (resource.RLIMIT_CORE, 0),  # a dump would hold somebody's file
    (resource.RLIMIT_FSIZE, 0),  # nothing is ever written to a file
    (resource.RLIMIT_NOFILE, 16),
)
# How a file begins, and what reads it. What begins like none of these can only be plain text.
READERS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png", read_image),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg", read_image),
    (re.compile(rb"GIF8[79]a"), "image/gif", read_image),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp", read_image),
    (re.compile(rb"%PDF-"), "application/pdf", read_pdf),
)
LONGEST_SIGN = 16  # bytes
# What parsers raise when a file leads them astray. Anything else ends this process, and the file
# is refused for that.
ASTRAY = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    PyPdfError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def main() -> None:
    """Answer until there are no more questions."""
    confine()
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(READY)
    answers.flush()
    while path := _question(questions):
        _allow_more_time()
        for part in answer(path):
            answers.write(part)
        answers.flush()


def confine() -> None:
    """Give up what is not needed, for good."""
    for limit, most in LIMITS:
        with suppress(ValueError):  # macOS does not limit memory: there, time alone does
            resource.setrlimit(limit, (most, most))


def _allow_more_time() -> None:
    """Let the system end this process if the next file takes too long and nobody is left to do
    so. The limit is on all that it has used since it began.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    due = math.ceil(usage.ru_utime + usage.ru_stime + PATIENCE)
    resource.setrlimit(resource.RLIMIT_CPU, (due, resource.RLIM_INFINITY))


def _question(questions: BinaryIO) -> bytes:
    """The next path; nothing where no more will come."""
    head = questions.read(LENGTH.size)
    return questions.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""


def answer(path: bytes) -> tuple[bytes, bytes]:
    """The verdict on a file, framed, and what a model is given of it."""
    try:
        found = judge(path)
    except UnsupportedMediaType as reason:
        return _refusal(Refused("unsupported_media_type", reason.message))
    except InvalidRequest as reason:
        return _refusal(Refused("invalid_request", reason.message))
    except MemoryError:
        return _refusal(Refused("invalid_request", "The file needs too much memory to be read."))
    except ASTRAY:
        text = "The file could not be read: it is malformed or cut short."
        return _refusal(Refused("invalid_request", text))
    verdict = Judged(found.content_type, found.prompt_type, len(found.prompt))
    return framed(msgspec.msgpack.encode(verdict)), found.prompt


def _refusal(verdict: Refused) -> tuple[bytes, bytes]:
    return framed(msgspec.msgpack.encode(verdict)), b""


def judge(path: bytes) -> Inspected:
    """See `Inspector.inspect`. Raises also what parsers raise."""
    with open(path, "rb") as file:
        head = file.read(LONGEST_SIGN)
        file.seek(0)
        for sign, content_type, read in READERS:
            if sign.match(head):
                return read(file, content_type)
        return read_text(file)


if __name__ == "__main__":
    main()
