"""What travels over Socket.IO, and what waits: packets and queues of ours instead of the library's.

- A queue tells when there is room: theirs grows without bounds.
- An event's payload stays the JSON that came, for the dialect to read.
- What holds bytes reads as text does: this API has no use for them, and they could be many.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import msgspec
from socketio import packet

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# python-socketio does not say of what types things are.

ROOM = 16  # packets that may wait for a client before its streams pause
TOGETHER = 16  # packets in one answer to a poll: clients in Python take no more
MOST = 256  # before it is dropped: it says much, and hears nothing
WITHOUT_BYTES = {packet.BINARY_EVENT: packet.EVENT, packet.BINARY_ACK: packet.ACK}
NAME = re.compile(r'\["(\w{1,64})"[,\]]', re.ASCII)


def nothing() -> None:
    """Nobody to tell."""


class Backlog(asyncio.Queue[Any]):
    """The packets that wait for one client.

    `taken` is called when it takes one, `stuck` when there are too many: it hears nothing.
    """

    def __init__(self) -> None:
        self.taken: Callable[[], None] = nothing
        self.stuck: Callable[[], None] = nothing
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._all_taken = asyncio.Event()
        self._together = 0
        super().__init__()

    async def room(self) -> None:
        """Wait until few enough packets wait."""
        await self._has_room.wait()

    async def emptied(self) -> None:
        """Wait until none waits."""
        await self._all_taken.wait()

    async def get(self) -> Any:
        """The first of those that are taken together; `get_nowait` gives the others."""
        self._together = 0
        return await super().get()

    def get_nowait(self) -> Any:
        if self._together == TOGETHER:
            raise asyncio.QueueEmpty
        item = super().get_nowait()
        self._together += 1
        return item

    def _put(self, item: Any) -> None:
        super()._put(item)
        self._all_taken.clear()
        if self.qsize() > ROOM:
            self._has_room.clear()
        if self.qsize() == MOST:
            self.stuck()

    def _get(self) -> Any:
        item = super()._get()
        if self.qsize() <= ROOM:
            self._has_room.set()
        if self.empty():
            self._all_taken.set()
        self.taken()
        return item


class Codec:
    """JSON as the packets use it: of an event, the name and the payload as it came."""

    @staticmethod
    def loads(text: str) -> Any:
        """Raises `ValueError`. An event whose payload makes no sense has an empty one."""
        if text[:1] != "[":
            return msgspec.json.decode(text)
        name = NAME.match(text)
        if name is None:
            raise ValueError("no event of ours")
        try:
            _, *payloads = msgspec.json.decode(text, type=list[msgspec.Raw])
        except (msgspec.DecodeError, RecursionError):
            return name[1], b""
        return name[1], bytes(payloads[0]) if payloads else b"null"

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return msgspec.json.encode(value).decode()


class Packet(packet.Packet):
    """A packet without attachments: this API has no use for bytes, and they could be many."""

    json = Codec  # pyright: ignore[reportAssignmentType] - theirs is a module

    def decode(self, encoded_packet: str) -> int:
        super().decode(encoded_packet)
        self.packet_type = WITHOUT_BYTES.get(self.packet_type, self.packet_type)
        return 0
