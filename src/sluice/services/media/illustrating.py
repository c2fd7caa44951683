"""Puts files to questions: those that come with one now, and those of the turns before it."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from sluice.core.commands import Medium
from sluice.core.errors import InvalidRequest, NotFound, SluiceError
from sluice.core.messages import Document, Message, Part
from sluice.services.media.library import Library
from sluice.services.media.ports import Item
from sluice.services.media.prompting import Prompting

# Raises `InvalidRequest` where the model that is asked cannot take what goes with these turns.
Fits = Callable[[Sequence[Message]], None]


class Illustrating:
    """Takes the files of a question before its run is stored, and loads them after."""

    def __init__(self, library: Library, prompting: Prompting) -> None:
        self._library = library
        self._prompting = prompting

    async def take(self, owner: str, media: Sequence[Medium], fits: Fits) -> tuple[str, ...]:
        """The ids of the files that go with a question, all of which its model can be given.

        Raises what `Library.take` and `Prompting.parts` do, and `fits`.
        """
        items = await self._library.take(owner, media)
        try:
            fits([Message("user", "", await self._prompting.parts(items))])
        except SluiceError:
            await self._forget(owner, items, {medium.id for medium in media})
            raise
        return tuple([item.id for item in items])

    async def illustrate(
        self,
        owner: str,
        context: Sequence[Message],
        carried: Mapping[int, tuple[str, ...]],
        fits: Fits,
    ) -> tuple[Message, ...]:
        """The same turns with their files, as far as there is room; `carried` are ids by place."""
        places = sorted(carried)
        turns = [await self._there(owner, carried[place]) for place in places]
        asked = len(context) - 1 in carried
        loaded = await self._prompting.turns(turns if asked else [*turns, ()])
        found = list(context)
        for place, parts in zip(places, loaded, strict=False):
            found[place] = _taking(found[place], parts, fits)
        return tuple(found)

    async def _forget(self, owner: str, items: Sequence[Item], given: set[str | None]) -> None:
        """Drop what was fetched for a question that is refused: nobody knows its id."""
        for item in items:
            if item.id not in given:
                await self._library.remove(owner, item.id)

    async def _there(self, owner: str, ids: Sequence[str]) -> Sequence[Item]:
        """These files, but for those that have been deleted meanwhile."""
        try:
            return await self._library.find(owner, ids)
        except NotFound:
            return ()


def _taking(message: Message, parts: tuple[Part, ...], fits: Fits) -> Message:
    """A turn with its files; without its pictures, where the model that is asked now is blind."""
    whole = msgspec.structs.replace(message, parts=parts)
    try:
        fits([whole])
    except InvalidRequest:
        texts = tuple(part for part in parts if isinstance(part, Document))
        return msgspec.structs.replace(message, parts=texts)
    return whole
