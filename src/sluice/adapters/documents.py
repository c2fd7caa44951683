"""Documents: the text of a PDF, and of a plain text file. PDF by pypdf.

Runs inside the worker that looks into files, never in the server. Knows no process. HTML, SVG and
source code are plain text here: their words are read, and nothing in them is followed or run.
"""

import codecs
import re
import unicodedata
from typing import BinaryIO

from pypdf import Configuration, PdfReader
from pypdf import apply_configuration as pdf_limits
from pypdf.errors import LimitReachedError

from sluice.core.errors import InvalidRequest, UnsupportedMediaType
from sluice.services.media.ports import Inspected

MOST_PAGES = 200
MOST_CHARACTERS = 400_000
MOST_BYTES = 4 * MOST_CHARACTERS + 4  # of a text, in any encoding that is taken, and its mark
PLAIN = "text/plain"

# What pypdf does for a file at most. Its own limits suit machines that have nothing else to do.
PDF_LIMITS = Configuration(
    page_tree_maximum_entries=10 * MOST_PAGES,
    page_tree_maximum_depth=50,
    maximum_declared_stream_length=32 << 20,
    array_based_stream_maximum_output_length=16 << 20,
    lzw_maximum_output_length=16 << 20,
    run_length_maximum_output_length=16 << 20,
    zlib_maximum_output_length=16 << 20,
    stream_decoding_work_maximum_length=64 << 20,
    stream_parsing_work_maximum_count=1_000_000,
    xform_maximum_invocations_per_extraction=500,
    jbig2dec_binary=None,  # no other program is to be started for any file
)

# A text in another encoding than these cannot be told from one that is none.
MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # ESC is in many a terminal's log
LINE_ENDS = re.compile(r"\r\n?|[\f\v\x85\u2028\u2029]")
TOO_LONG = f"The document has too much text: {MOST_CHARACTERS:,} characters at most."


def read_pdf(file: BinaryIO, content_type: str) -> Inspected:
    """The text of a PDF, page after page. Raises `InvalidRequest`, or what pypdf raises."""
    with pdf_limits(PDF_LIMITS):
        try:
            text = _pdf_text(PdfReader(file))
        except LimitReachedError:
            raise InvalidRequest("The PDF holds more than is read of one.") from None
    if not text:
        raise InvalidRequest("The PDF has no text in it: it may be a scan, which is not read.")
    return Inspected(content_type, text.encode(), PLAIN)


def _pdf_text(reader: PdfReader) -> str:
    if reader.is_encrypted:
        raise InvalidRequest("The PDF is encrypted. Store it without a password.")
    if len(reader.pages) > MOST_PAGES:
        raise InvalidRequest(f"The PDF has too many pages: {MOST_PAGES} at most.")
    texts: list[str] = []
    length = 0
    for page in reader.pages:
        text = _tidy(CONTROLS.sub("", page.extract_text()))
        length += len(text)
        if length > MOST_CHARACTERS:
            raise InvalidRequest(TOO_LONG)
        texts.append(text)
    return "\n\n".join(text for text in texts if text)


def read_text(file: BinaryIO) -> Inspected:
    """Plain text: UTF-8, or UTF-16 that says so by its mark. Raises `UnsupportedMediaType` for
    what is none, and `InvalidRequest`.
    """
    content = file.read(MOST_BYTES + 1)
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8-sig")
    whole = len(content) <= MOST_BYTES
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(content, final=whole)
    except UnicodeDecodeError:
        raise UnsupportedMediaType(
            "Only png, jpeg, webp and gif images, PDF, and plain text in UTF-8 are taken."
        ) from None
    if CONTROLS.search(text):
        raise UnsupportedMediaType("The file is neither an image, a PDF nor plain text.")
    tidy = _tidy(text)
    if not whole or len(tidy) > MOST_CHARACTERS:
        raise InvalidRequest(TOO_LONG)
    if not tidy:
        raise InvalidRequest("The file is empty.")
    return Inspected(PLAIN, tidy.encode(), PLAIN)


def _tidy(text: str) -> str:
    """Lines end in LF, marks stand on their letters, and halves of characters are marked."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFC", LINE_ENDS.sub("\n", whole)).strip()
