"""Pictures: decoded to the last byte, and made anew as small as a model needs them. By Pillow.

Runs inside the worker that looks into files, never in the server. Knows no process.
What is made anew holds pixels and nothing else: no place, no camera, no text, no colour profile
(a profile is a program for another parser), and nothing that was hidden behind the picture.
"""

import re
import warnings
from io import BytesIO
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError
from PIL.Image import Resampling, Transpose

from sluice.core.errors import InvalidRequest
from sluice.services.media.ports import Inspected

# Pillow's name of each format; a file is given to that one parser and to no other.
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}
LONGEST_SIDE = 16_384  # pixels
# libwebp holds two pictures beside the one that it gives, so fewer pixels fit into the memory.
MOST_PIXELS = {
    "image/png": 40_000_000,
    "image/jpeg": 40_000_000,
    "image/webp": 20_000_000,
    "image/gif": 40_000_000,
}
MOST_FRAMES = 1_000
MOST_SCANS = 64  # of a progressive JPEG; ten are usual, and each is work for all of its pixels

# What a prompt may be: Anthropic takes 5 MiB a picture, counted in base64, which is a third more.
LARGEST = 3_900_000  # bytes
LARGEST_SIDE = 2048  # pixels
# Tried in this order until the picture fits: pixels of its long side, and how it is saved. The last
# fits always: 896 x 896 pixels of four bytes are 3.2 MB before any compression.
STEPS: dict[str, tuple[tuple[int, dict[str, int]], ...]] = {
    "PNG": ((LARGEST_SIDE, {}), (1448, {}), (896, {})),
    "JPEG": (
        (LARGEST_SIDE, {"quality": 85}),
        (LARGEST_SIDE, {"quality": 70}),
        (1448, {"quality": 70}),
        (896, {"quality": 70}),
    ),
}

# EXIF's orientation, and what turns such a picture upright (CIPA DC-008, 4.6.5).
ORIENTATION = 0x0112
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
# How pixels may be when a picture is made smaller; others are converted first.
SMOOTH = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"})

NEXT_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # not stuffing, filling or restarts
BARE = {0x01, 0xD8}  # markers that have no length
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9


def read_image(file: BinaryIO, content_type: str) -> Inspected:
    """A picture that is what its type says. Raises `InvalidRequest`, or what Pillow raises."""
    if content_type == "image/jpeg":
        _check_scans(file.read())
    most = MOST_PIXELS[content_type]
    # Pillow refuses twice this, by a file's header and before anything is allocated.
    Image.MAX_IMAGE_PIXELS = most // 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of half the limit, and of odd metadata
        try:
            picture = _small(file, FORMATS[content_type])
        except Image.DecompressionBombError:
            raise InvalidRequest(_most("megapixels", most // 1_000_000)) from None
        except UnidentifiedImageError:
            raise InvalidRequest("The image could not be read: its header is broken.") from None
    prompt_type, prompt = _encoded(picture)
    return Inspected(content_type, prompt, prompt_type)


def _small(file: BinaryIO, kind: str) -> Image.Image:
    """The first frame: upright, in true colours, and no larger than `LARGEST_SIDE`."""
    file.seek(0)
    with Image.open(file, formats=(kind,)) as image:
        _check(image)
        image.verify()  # the checksums of all parts; the file is then to be opened again
    file.seek(0)
    with Image.open(file, formats=(kind,)) as image:
        picture = _smooth(image)
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Resampling.LANCZOS)
        turn = UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
        if turn is not None:
            picture = picture.transpose(turn)
        return _plain(picture)


def _check(image: Image.Image) -> None:
    """Raises `InvalidRequest` where there is too much of a picture, by its header."""
    if max(image.size) > LONGEST_SIDE:
        raise InvalidRequest(_most("pixels a side", LONGEST_SIDE))
    if getattr(image, "n_frames", 1) > MOST_FRAMES:
        raise InvalidRequest(_most("frames", MOST_FRAMES))


def _check_scans(content: bytes) -> None:
    """Raises `InvalidRequest` for a JPEG that would be painted over too many times.

    Only markers are followed: what has been hidden in a segment, or after the end, is no scan.
    """
    scans = 0
    position = 0
    while found := NEXT_MARKER.search(content, position):
        marker, position = found[1][0], found.end()
        if marker == END_OF_IMAGE:
            return
        scans += marker == START_OF_SCAN
        if scans > MOST_SCANS:
            raise InvalidRequest(_most("scans", MOST_SCANS))
        if marker not in BARE:
            position += int.from_bytes(content[position : position + 2])


def _smooth(image: Image.Image) -> Image.Image:
    """The picture in a form whose pixels can be averaged."""
    if image.mode == "I;16":  # Pillow's own conversion cuts off what is over 255
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in SMOOTH and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _plain(picture: Image.Image) -> Image.Image:
    """Its pixels and nothing else; with an alpha channel only where one can see through it."""
    if picture.mode in {"LA", "RGBA"}:
        lowest, _ = picture.getchannel("A").getextrema()
        plain = picture.convert("RGB" if lowest == 255 else "RGBA")
    else:
        plain = picture.convert("L" if picture.mode == "L" else "RGB")
    plain.info = {}
    return plain


def _encoded(picture: Image.Image) -> tuple[str, bytes]:
    """PNG for what one can see through, else JPEG; in the first of the `STEPS` that fits."""
    kind = "PNG" if picture.mode == "RGBA" else "JPEG"
    for side, how in STEPS[kind]:
        picture.thumbnail((side, side), Resampling.LANCZOS)
        output = BytesIO()
        picture.save(output, kind, **how)
        if output.tell() <= LARGEST:
            return f"image/{kind.lower()}", output.getvalue()
    raise InvalidRequest("The image cannot be made small enough for a model.")


def _most(what: str, most: int) -> str:
    return f"The image has too many {what}: {most:,} at most."
