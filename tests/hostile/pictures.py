"""Pictures: sound ones in every odd form, bombs, lies in headers, and files of two kinds."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from PIL import Image

from tests.hostile import BROKEN, HIDDEN, TOO_MUCH, UNSUPPORTED, Case, either, picture
from tests.hostile.damage import damaged

PNG = b"\x89PNG\r\n\x1a\n"
GREY, TRUE = 0, 2
EVERYTHING = 16_384  # pixels a side, at most
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2))  # fmt: skip


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def header(width: int, height: int, depth: int = 8, colour: int = GREY, laced: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, laced))


def png(head: bytes, pixels: bytes, *extra: bytes, end: bytes = chunk(b"IEND", b"")) -> bytes:
    return PNG + head + b"".join(extra) + chunk(b"IDAT", pixels) + end


def blank(width: int, height: int) -> bytes:
    """The compressed pixels of a black picture in grey."""
    return zeros(height * (width + 1))


def zeros(size: int) -> bytes:
    """So many zeros, compressed without ever being there all at once."""
    packer = zlib.compressobj(9)
    piece = bytes(1 << 20)
    packed = b"".join(packer.compress(piece) for _ in range(size >> 20))
    return packed + packer.compress(bytes(size & 0xFFFFF)) + packer.flush()


def interlaced(side: int) -> bytes:
    """A grey picture in Adam7's seven passes."""
    rows = bytearray()
    for left, top, across, down in PASSES:
        for y in range(top, side, down):
            rows += b"\0" + bytes((x * y) % 256 for x in range(left, side, across))
    return png(header(side, side, laced=1), zlib.compress(rows))


def saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **how)
    return output.getvalue()


def noise(mode: str = "RGB", side: int = 64) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (side, side), random.Random(7).randbytes(side * side * bands))


def many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    sound = saved(noise(side=256), "JPEG", progressive=True)
    last = sound.rindex(b"\xff\xda")
    return sound[:-2] + sound[last:-2] * count + sound[-2:]


def with_size(content: bytes, at: int, how: str, *size: int) -> bytes:
    return content[:at] + struct.pack(how, *size) + content[at + struct.calcsize(how) :]


def frame_of(jpeg: bytes) -> int:
    """Where a JPEG's header has its height and width."""
    return jpeg.index(b"\xff\xc0") + 5


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    found[0x010E] = HIDDEN.decode()
    return found


def zipped() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("Evil.class", HIDDEN)
    return output.getvalue()


def odd_but_sound() -> Iterator[Case]:
    see_through = noise("RGBA")
    many = [noise(side=20).rotate(angle) for angle in range(5)]
    palette = noise().convert("P")
    for kind in ("PNG", "WEBP", "GIF"):
        yield Case(f"{kind} with alpha", saved(see_through, kind), f"image/{kind.lower()} as .*")
        content = saved(many[0], kind, save_all=True, append_images=many[1:])
        yield Case(f"{kind} that moves", content, picture(kind.lower()))
    yield Case("png of one pixel", png(header(1, 1), blank(1, 1)), picture("png"))
    yield Case("png in passes", interlaced(40), picture("png"))
    yield Case("png of 1 bit", saved(noise().convert("1"), "PNG"), picture("png"))
    yield Case("png of 16 bits", png(header(2, 1, 16), zlib.compress(b"\0abcd")), picture("png"))
    content = saved(palette, "PNG", transparency=palette.getpixel((0, 0)))
    yield Case("png with a hole", content, picture("png", "png"))
    for mode in ("L", "CMYK", "YCbCr"):
        yield Case(f"jpeg in {mode}", saved(noise(mode), "JPEG"), picture("jpeg"))
    content = saved(noise(), "JPEG", progressive=True, exif=exif(6), comment=HIDDEN)
    yield Case("jpeg that talks", content, picture("jpeg"))
    yield Case("webp lossless", saved(noise(), "WEBP", lossless=True), picture("webp"))
    yield Case("png with an orientation", saved(noise(), "PNG", exif=exif(8)), picture("png"))
    yield Case("a needle", png(header(EVERYTHING, 1), blank(EVERYTHING, 1)), picture("png"))
    yield Case("noise of 2048", saved(noise("RGBA", 2048), "PNG", compress_level=1), ".* as .*png")


def bombs() -> Iterator[Case]:
    jpeg, gif, webp = (saved(noise(), kind) for kind in ("JPEG", "GIF", "WEBP"))
    yield Case("png of 268 megapixels", png(header(16384, 16384), zeros(1 << 28)), TOO_MUCH)
    yield Case("png of 41 megapixels", png(header(6404, 6404), blank(6404, 6404)), TOO_MUCH)
    yield Case("png as a lie", png(header(2**31 - 1, 2**31 - 1), b""), TOO_MUCH)
    yield Case("png too wide", png(header(16385, 1), blank(16385, 1)), TOO_MUCH)
    yield Case("png of nothing", png(header(0, 0), b""), BROKEN)
    yield Case("png that goes on", png(header(1, 1), zeros(1 << 28)), either(picture("png")))
    content = with_size(jpeg, frame_of(jpeg), ">HH", 65535, 65535)
    yield Case("jpeg of 4 gigapixels", content, TOO_MUCH)
    yield Case("jpeg too tall", with_size(jpeg, frame_of(jpeg), ">HH", 65000, 64), TOO_MUCH)
    content = with_size(jpeg, frame_of(jpeg), ">HH", 6200, 6200)
    yield Case("jpeg of 39 megapixels, all but a few missing", content, either(picture("jpeg")))
    yield Case("jpeg of 4,000 scans", many_scans(4_000), TOO_MUCH)
    content = with_size(gif, 6, "<HH", 65535, 65535)
    yield Case("gif of 4 gigapixels", content, TOO_MUCH)
    frame = gif[gif.rindex(b",\0\0\0\0") : -1]
    yield Case("gif of 5,000 frames", gif[:-1] + frame * 5_000 + b";", TOO_MUCH)
    canvas = b"VP8X" + struct.pack("<IB3x", 10, 2) + b"\xfe\x3f\x00" * 2
    content = b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas + webp[12:]
    yield Case("webp of 268 megapixels", content, TOO_MUCH)
    control = chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    yield Case("png of 2^31 frames", png(header(1, 1), blank(1, 1), control), either(".* as .*"))


def odd_chunks() -> Iterator[Case]:
    head, pixels = header(1, 1), blank(1, 1)
    million = zlib.compress(bytes(1 << 20))
    taken = either(picture("png"))
    table = {
        "a text of 256 MiB": chunk(b"zTXt", b"k\0\0" + zeros(1 << 28)),
        "an international one": chunk(b"iTXt", b"k\0\1\0\0\0" + zeros(1 << 28)),
        "a profile of 256 MiB": chunk(b"iCCP", b"k\0\0" + zeros(1 << 28)),
        "a hundred texts": b"".join(chunk(b"zTXt", b"k%d\0\0" % n + million) for n in range(100)),
        "100,000 chunks": chunk(b"prVt", b"") * 100_000,
        "an endless chunk": struct.pack(">I", 2**31 - 1) + b"tEXt",
        "a chunk of -1 bytes": struct.pack(">I", 2**32 - 1) + b"tEXt",
        "a second header": header(9999, 9999),
        "a bad checksum": chunk(b"gAMA", b"1234")[:-1] + b"\0",
        "a broken orientation": chunk(b"eXIf", b"MM\0*" + b"\xff" * 64),
        "a name that is none": chunk(b"\xff\0\1\2", b""),
        "a palette out of place": chunk(b"PLTE", b"\0" * 769),
        "a strange transparency": chunk(b"tRNS", b"\xff" * 1000),
        "HTML in a text": chunk(b"tEXt", b"Comment\0" + HIDDEN),
    }
    for name, extra in table.items():
        yield Case(f"png with {name}", png(head, pixels, extra), taken)
    yield Case("png without an end", png(head, pixels, end=b""), BROKEN)
    yield Case("png without a header", PNG + chunk(b"IDAT", pixels), BROKEN)
    yield Case("png without pixels", PNG + head + chunk(b"IEND", b""), BROKEN)
    yield Case("png of 3 bits", png(header(1, 1, 3), pixels), BROKEN)
    yield Case("png of no compression", png(head, b"\0" * 100), BROKEN)


def of_two_kinds() -> Iterator[Case]:
    for kind in ("PNG", "JPEG", "GIF", "WEBP"):
        sound = saved(noise(), kind)
        taken = picture(kind.lower())
        yield Case(f"{kind} with HTML behind", sound + HIDDEN, either(taken))
        yield Case(f"{kind} with a zip behind", sound + zipped(), either(taken))
        yield Case(f"{kind} with a PDF behind", sound + b"%PDF-1.7 " + HIDDEN, either(taken))
    yield Case("HTML with a png behind", HIDDEN + saved(noise(), "PNG"), UNSUPPORTED)
    yield Case("gif and script", b"GIF89a=1;" + HIDDEN, BROKEN)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from odd_but_sound()
    yield from bombs()
    yield from odd_chunks()
    yield from of_two_kinds()
    for kind in ("PNG", "JPEG", "GIF", "WEBP"):
        yield from damaged(kind, saved(noise(side=128), kind), picture(kind.lower()))
    yield from damaged("progressive", saved(noise(), "JPEG", progressive=True), picture("jpeg"))
