"""Tool calls, gathered from fragments. Knows no provider's format."""

import msgspec

from sluice.core.events import ToolCall


class _Open(msgspec.Struct):
    """A call whose arguments still come."""

    id: str
    name: str
    pieces: list[str]


class ToolCalls:
    """Fragments in, whole calls out.

    A fragment belongs to the call of its `index`. One with a new id starts a new call even so:
    some servers give every call the index 0, others give none.
    """

    __slots__ = ("_at", "_calls")

    def __init__(self) -> None:
        self._calls: list[_Open] = []
        self._at: dict[int | None, _Open] = {}

    def add(
        self,
        index: int | None,
        id: str | None = None,
        name: str | None = None,
        arguments: str | None = None,
    ) -> None:
        """Take one fragment. What is None, or empty, is not in it."""
        call = self._at.get(index)
        if call is None or (id and call.id and id != call.id):
            call = _Open("", "", [])
            self._calls.append(call)
            self._at[index] = call
        call.id = call.id or id or ""
        call.name = call.name or name or ""
        if arguments:
            call.pieces.append(arguments)

    def take(self) -> tuple[list[ToolCall], int]:
        """All calls so far, in the order in which they began, and how many were broken.

        A call is broken whose arguments are no JSON document: an answer that was too long for
        its limit ends in the middle of one. A call without an id is given one.
        """
        whole: list[ToolCall] = []
        for number, call in enumerate(self._calls):
            arguments = "".join(call.pieces) or "{}"
            if call.name and _is_json(arguments):
                whole.append(ToolCall(call.id or f"call-{number}", call.name, arguments))
        broken = len(self._calls) - len(whole)
        self._calls.clear()
        self._at.clear()
        return whole, broken


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text.encode("utf-8", "replace"), type=msgspec.Raw)
    except (ValueError, RecursionError):
        return False
    return True
