"""From events back to a text: what is worth remembering of a run."""

from collections.abc import Iterable

from sluice.core.events import Event, TextDelta


def transcribe(events: Iterable[Event]) -> str:
    """The whole answer that these events spell."""
    return "".join([event.text for event in events if isinstance(event, TextDelta)])
