"""Files that are neither pictures nor PDFs: texts, programs, archives, nothing at all."""

import io
import random
import zipfile
from collections.abc import Iterator

from tests.hostile import BROKEN, HIDDEN, TEXT, TOO_MUCH, UNSUPPORTED, Case
from tests.hostile.pictures import zipped

EMPTY = "invalid_request: The file is empty."


def docx() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>" * 1000)
    return output.getvalue()


def texts() -> Iterator[Case]:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="hidden()"/>'
    yield Case("html", b"<!doctype html><title>Page</title>", TEXT)
    yield Case("svg", svg, TEXT)
    yield Case("json", b'{"a":1}', TEXT)
    yield Case("rich text", b"{\\rtf1 Hello}", TEXT)
    yield Case("postscript", b"%!PS-Adobe-3.0\n(hello) show", TEXT)
    yield Case("a terminal's log", b"\x1b[31mred\x1b[0m\n", TEXT)
    yield Case("one letter", b"a", TEXT)
    yield Case("every script", "Tiếng Việt · 中文 · עברית · 👩‍👩‍👧".encode(), TEXT)
    yield Case("UTF-8 with a mark", b"\xef\xbb\xbfHello", TEXT)
    yield Case("UTF-16", "Đây là văn bản".encode("utf-16"), TEXT)
    yield Case("UTF-16, the other way", b"\xfe\xff" + "Đây".encode("utf-16-be"), TEXT)
    yield Case("400,000 characters", "😀".encode() * 400_000, TEXT)
    yield Case("400,001 characters", b"a" * 400_001, TOO_MUCH)
    yield Case("20 MiB of text", b"word\n" * (4 << 20), TOO_MUCH)
    yield Case("nothing", b"", EMPTY)
    yield Case("blanks", b" \r\n\t\n" * 100, EMPTY)
    yield Case("a mark and no more", b"\xef\xbb\xbf", EMPTY)
    yield Case("a wide mark and no more", b"\xff\xfe", EMPTY)


def no_texts() -> Iterator[Case]:
    chosen = random.Random(11)
    for name, content in {
        "latin 1": "café".encode("latin-1"),
        "half a letter": "Đây".encode()[:1],
        "an overlong letter": b"\xc0\xafetc",
        "a surrogate": b"\xed\xa0\x80",
        "half a wide letter": b"\xff\xfea\0b",
        "a wide surrogate": b"\xff\xfe\x00\xd8a\0",
        "UTF-32": "wide".encode("utf-32"),
        "a NUL": b"a\0b",
        "one NUL": b"\0",
        "a MiB of NULs": bytes(1 << 20),
        "a byte": b"\xff",
        "noise": chosen.randbytes(1 << 20),
        "NULs behind a text": b"text " * 100_000 + b"\0",
        "a bell": b"ding\x07",
        "zip": zipped(),
        "docx": docx(),
        "exe": b"MZ\x90\0\3\0" + chosen.randbytes(2000),
        "elf": b"\x7fELF\2\1\1\0" + chosen.randbytes(2000),
        "gzip": b"\x1f\x8b\x08\0" + chosen.randbytes(2000),
        "bmp": b"BM" + bytes(54),
        "tiff": b"II*\0" + bytes(100),
        "ico": b"\0\0\1\0\1\0" + bytes(100),
        "avif": b"\0\0\0\x1cftypavif" + bytes(100),
        "wave": b"RIFF\x24\0\0\0WAVEfmt " + bytes(100),
        "half a png's mark": b"\x89PNG",
        "a png's mark, as FTP spoils it": b"\x89PNG\n\x1a\n" + bytes(100),
        "sqlite": b"SQLite format 3\0" + bytes(100),
    }.items():
        yield Case(name, content, UNSUPPORTED)


def marks_alone() -> Iterator[Case]:
    chosen = random.Random(13)
    for mark in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"%PDF-"):
        yield Case(f"{mark!r} alone", mark, BROKEN)
        yield Case(f"{mark!r} and noise", mark + chosen.randbytes(5000), f"{BROKEN}|{TOO_MUCH}")
        yield Case(f"{mark!r} and HTML", mark + HIDDEN, BROKEN)
        yield Case(f"{mark!r} and NULs", mark + bytes(5 << 20), BROKEN)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from texts()
    yield from no_texts()
    yield from marks_alone()
