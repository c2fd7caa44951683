"""A prompt as providers want it that take system texts apart from the turns."""

from sluice.core.messages import Message, Prompt


def split(prompt: Prompt) -> tuple[str, list[Message]]:
    """The system texts as one, and the turns: none empty, no two of the same role in a row."""
    system = "\n\n".join(turn.text for turn in prompt.messages if turn.role == "system")
    turns: list[Message] = []
    for turn in prompt.messages:
        if turn.role == "system" or not (turn.text.strip() or turn.parts):
            continue
        if turns and turns[-1].role == turn.role:
            turns[-1] = _joined(turns[-1], turn)
        else:
            turns.append(turn)
    return system, turns


def _joined(one: Message, two: Message) -> Message:
    text = "\n\n".join(text for text in (one.text, two.text) if text.strip())
    return Message(one.role, text, one.parts + two.parts)
