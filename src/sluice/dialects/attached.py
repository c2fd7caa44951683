"""Files that go with a message, as the requests of every dialect that takes them name them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from sluice.core.commands import Medium
from sluice.core.errors import InvalidRequest

FIELD = "media_files"
MOST = 10  # that may go with a message
ADDRESS = 2048  # characters of one


class AttachedFile(msgspec.Struct, frozen=True):
    """A file that goes with the message: the `id` of an uploaded one, or a `url` to fetch it from.

    One of the two.
    """

    id: UUID | None = None
    url: Annotated[str, Meta(min_length=1, max_length=ADDRESS)] | None = None


AttachedFiles = Annotated[tuple[AttachedFile, ...], Meta(max_length=MOST)]


def media(files: Sequence[AttachedFile] | None) -> tuple[Medium, ...]:
    """The same in our own words. Raises `InvalidRequest`, naming the field."""
    return tuple([_medium(at, file) for at, file in enumerate(files or ())])


def words(field: str, text: str | None, files: Sequence[Medium] = ()) -> str:
    """What is said, which may be nothing where files go with it.

    Raises `InvalidRequest`, naming the field.
    """
    if not files and text is None:
        raise InvalidRequest("This field is required", field=field)
    if not files and not (text or "").strip():
        raise InvalidRequest("Must not be blank", field=field)
    return text or ""


def _medium(at: int, file: AttachedFile) -> Medium:
    if (file.id is None) == (file.url is None):
        raise InvalidRequest("Expected one of `id` and `url`", field=f"{FIELD}[{at}]")
    return Medium(None if file.id is None else str(file.id), file.url)
