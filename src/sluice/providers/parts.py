"""What goes with a turn, as requests carry it: pictures in base64, documents as framed text.

Knows no provider's format.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from html import escape

import msgspec

from sluice.core.errors import InvalidRequest
from sluice.core.messages import Document, Image, Message, Prompt

PIECE = 192 << 10  # bytes encoded at once; a multiple of three, as base64 wants it
# Bytes of pictures; more is encoded on a thread, between whose pieces the event loop runs: 20 MiB
# hold it up for 15 ms so, and for 100 ms otherwise. Less is done sooner than a thread lets go.
LARGE = 512 << 10
BLIND = "The model `{model}` cannot take images."

# What ends the frame of a document, however it is spelt.
_END = re.compile(r"<(?=\s*/\s*document\b)", re.IGNORECASE)


def pieces(turn: Message) -> list[Image | str]:
    """What a turn consists of, in the order that suits models best: what goes with it, its text."""
    if not turn.parts:
        return [turn.text]
    said = [framed(part) if isinstance(part, Document) else part for part in turn.parts]
    return [*said, turn.text] if turn.text.strip() else said


def told(turn: Message) -> str | list[Image | str]:
    """The same as one text; as a list only where it has a picture, for not all know lists."""
    said = pieces(turn)
    texts = [piece for piece in said if isinstance(piece, str)]
    return "\n\n".join(texts) if len(texts) == len(said) else said


def framed(document: Document) -> str:
    """A document in a frame that neither its name nor its text can end."""
    name = escape(" ".join(document.name.split()))
    text = _END.sub("&lt;", document.text)
    return f'<document name="{name}">\n{text}\n</document>'


def base64(image: Image) -> bytes:
    """A picture's data in base64, piece by piece."""
    data = image.data
    return b"".join(b64encode(data[at : at + PIECE]) for at in range(0, len(data), PIECE))


def quoted(image: Image, before: str = "") -> msgspec.Raw:
    """The same as a JSON string, after `before`; base64 needs no look for what to escape."""
    return msgspec.Raw(b"".join((msgspec.json.encode(before)[:-1], base64(image), b'"')))


def data_url(image: Image) -> msgspec.Raw:
    """A picture as a URL that holds it (RFC 2397), as a JSON string."""
    return quoted(image, f"data:{image.media_type};base64,")


def images(turns: Iterable[Message]) -> list[Image]:
    """Every picture that goes with these turns."""
    return [part for turn in turns for part in turn.parts if isinstance(part, Image)]


def heavy(prompt: Prompt) -> bool:
    """Whether its pictures take so long to encode that it is better done on a thread."""
    return sum(len(image.data) for image in images(prompt.messages)) > LARGE


def blind(model: str) -> InvalidRequest:
    """What is said where a picture meets a model that cannot see."""
    return InvalidRequest(BLIND.format(model=model), field="media_files")
