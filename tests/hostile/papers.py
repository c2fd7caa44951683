"""PDFs: sound ones, bombs, loops, and what is no document."""

import io
import zlib
from collections.abc import Iterator, Sequence

from pypdf import PdfReader, PdfWriter

from tests.hostile import BROKEN, HIDDEN, PDF, TOO_MUCH, Case, either
from tests.hostile.damage import damaged
from tests.hostile.pictures import zeros

SAID = b"BT /F1 12 Tf 72 720 Td (What it says) Tj ET"
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
PAGE = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>%s>>>>"


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1; the first is the catalogue."""
    content = bytearray(b"%PDF-1.7\n")
    places: list[int] = []
    for number, one in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    content += b"trailer<</Size %d/Root 1 0 R%s>>\n" % (len(objects) + 1, trailer)
    return bytes(content + b"startxref\n%d\n%%%%EOF" % start)


def stream(content: bytes, about: bytes = b"", length: bytes | None = None) -> bytes:
    size = b"%d" % len(content) if length is None else length
    return b"<</Length %s%s>>stream\n%s\nendstream" % (size, about, content)


def one_page(contents: bytes, *more: bytes, resources: bytes = b"", pages: bytes = PAGES) -> bytes:
    """A file of one page; `more` are its objects from 6 on."""
    return pdf([CATALOG, pages, PAGE % resources, contents, FONT, *more])


def paged(count: int, said: bytes = SAID) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + count))
    pages = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    page = b"<</Type/Page/Parent 2 0 R/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
    packed = stream(zlib.compress(said), b"/Filter/FlateDecode")
    return pdf([CATALOG, pages, packed, FONT, *[page] * count])


def long_text(lines: int) -> bytes:
    """So many lines of 60 characters."""
    return b"BT /F1 9 Tf 12 TL 50 800 Td " + b"(%s) '\n" % (b"word " * 12) * lines + b"ET"


def tree(depth: int, width: int) -> bytes:
    """A tree whose every node has the same next one as all of its children."""
    nodes = [
        b"<</Type/Pages/Count 1/Kids[%s]>>" % (b"%d 0 R " % (number + 1) * width)
        for number in range(2, 2 + depth)
    ]
    return pdf([CATALOG, *nodes, b"<</Type/Page>>"])


def encrypted() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paged(2))))
    writer.encrypt("secret", algorithm="RC4-128")
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def packed(content: bytes, filters: bytes) -> bytes:
    return one_page(stream(content, b"/Filter[%s]" % filters))


def bombs() -> Iterator[Case]:
    flate = b"/FlateDecode"
    twice = zlib.compress(zeros(1 << 30), 9)
    yield Case("201 pages", paged(201), TOO_MUCH)
    yield Case("200 pages with too much text", paged(200, long_text(50)), TOO_MUCH)
    yield Case("ten to the tenth pages", tree(10, 10), TOO_MUCH)
    yield Case("a tree 5,000 deep", tree(5_000, 1), TOO_MUCH)
    content = one_page(stream(SAID), pages=PAGES[:-3] + b"1000000000>>")
    yield Case("a billion pages, it says", content, either(PDF))
    yield Case("256 MiB of spaces", packed(zeros(1 << 28), flate), TOO_MUCH)
    yield Case("a gigabyte, packed twice", packed(twice, flate * 2), TOO_MUCH)
    yield Case("fifty filters", packed(SAID.hex().encode(), b"/ASCIIHexDecode" * 50), TOO_MUCH)
    content = packed(b"\x81\x20" * (2 << 20), b"/RunLengthDecode")
    yield Case("runs of 256 MiB", content, either(PDF))
    yield Case("a million operators", one_page(stream(b"q Q\n" * 1_000_000)), either(PDF))
    content = one_page(stream(b"/X Do"), stream(b"/X Do /X Do", b"/Subtype/Form/Resources<</XObject"
                       b"<</X 6 0 R>>>>"), resources=b"/XObject<</X 6 0 R>>")  # fmt: skip
    yield Case("a form that draws itself", content, either(PDF))
    codes = b"begincmap 1 beginbfrange <00000000> <ffffffff> <0041> endbfrange endcmap"
    font = FONT[:-2] + b"/ToUnicode 6 0 R>>"
    content = pdf([CATALOG, PAGES, PAGE % b"", stream(SAID), font, stream(codes)])
    yield Case("a font of 4 billion letters", content, either(PDF))
    yield Case("a large number", one_page(stream(b"9" * 1_000_000 + b" Tj")), either(PDF))
    yield Case("many dots", one_page(stream(b"BT " + b"[(.)-1]TJ " * 100_000 + b"ET")), either(PDF))


def loops() -> Iterator[Case]:
    sound = one_page(stream(SAID))
    start = sound.rindex(b"xref\n0")
    yield Case("a table before itself", pdf([CATALOG, PAGES], b"/Prev %d" % start), either(PDF))
    yield Case("pages within themselves", tree(1, 1).replace(b"Kids[3 0", b"Kids[2 0"), BROKEN)
    yield Case("a length that is its own", one_page(stream(SAID, length=b"4 0 R")), either(PDF))
    yield Case("a font that is itself", pdf([CATALOG, PAGES, PAGE % b"", stream(SAID), b"5 0 R"]),
               either(PDF))  # fmt: skip
    yield Case("a catalogue that is itself", pdf([b"1 0 R"]), BROKEN)
    nested = b"[" * 50_000 + b"]" * 50_000
    yield Case("lists in lists", one_page(stream(SAID), resources=b"/X " + nested), either(PDF))
    yield Case("lists in a page", one_page(stream(nested + SAID)), either(PDF))
    yield Case("dictionaries", pdf([b"<</A" * 20_000 + b">>" * 20_000]), BROKEN)
    inside = stream(b"1 0 2 0 " + CATALOG, b"/Type/ObjStm/N 2/First 8")
    yield Case("objects in objects", pdf([inside, inside, inside]), BROKEN)


def wrong() -> Iterator[Case]:
    yield Case("encrypted", encrypted(), "invalid_request: The PDF is encrypted.*")
    scan = "invalid_request: The PDF has no text in it.*"
    yield Case("a scan", one_page(stream(b"q 600 0 0 800 0 0 cm /Im1 Do Q")), scan)
    yield Case("no pages", pdf([CATALOG, b"<</Type/Pages/Kids[]/Count 0>>"]), scan)
    for name, content in {
        "the mark alone": b"%PDF-",
        "a version and no more": b"%PDF-1.7\n",
        "an end and no more": b"%PDF-1.7\n%%EOF",
        "NULs": b"%PDF-1.7\n" + bytes(1 << 20),
        "HTML": b"%PDF-1.7\n" + HIDDEN,
        "a start beyond the end": b"%PDF-1.7\nstartxref\n99999999999\n%%EOF",
        "a start before the beginning": b"%PDF-1.7\nstartxref\n-5\n%%EOF",
        "no root": pdf([CATALOG]).replace(b"/Root 1 0 R", b""),
        "a root elsewhere": pdf([CATALOG]).replace(b"/Root 1", b"/Root 77"),
        "a number for pages": pdf([CATALOG, b"42"]),
        "a negative size": pdf([CATALOG, PAGES]).replace(b"/Size 3", b"/Size -3"),
    }.items():
        yield Case(f"PDF of {name}", content, BROKEN)


def sound() -> Iterator[Case]:
    yield Case("a page", one_page(stream(SAID)), PDF)
    yield Case("200 pages", paged(200), PDF)
    script = b"<</S/JavaScript/JS(%s)>>" % HIDDEN.replace(b"()", b"")
    opens = CATALOG[:-2] + b"/OpenAction %s>>" % script
    content = pdf([opens, PAGES, PAGE % b"", stream(SAID), FONT])
    yield Case("a page with a script", content, PDF)
    yield Case("a page with HTML behind", one_page(stream(SAID)) + HIDDEN, either(PDF))
    yield Case("too short a length", one_page(stream(SAID, length=b"3")), either(PDF))
    yield Case("a negative length", one_page(stream(SAID, length=b"-3")), either(PDF))
    yield Case("an enormous length", one_page(stream(SAID, length=b"9" * 30)), either(PDF))


def cases() -> Iterator[Case]:
    """All of them."""
    yield from sound()
    yield from bombs()
    yield from loops()
    yield from wrong()
    yield from damaged("PDF", paged(12), PDF)
