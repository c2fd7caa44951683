"""A prompt as providers want it that take system texts apart from the turns."""

from sluice.core.messages import Message, Prompt


def split(prompt: Prompt) -> tuple[str, list[Message]]:
    """The system texts as one, and the turns: none blank, no two of the same role in a row."""
    system = "\n\n".join(turn.text for turn in prompt.messages if turn.role == "system")
    turns: list[Message] = []
    for turn in prompt.messages:
        if turn.role == "system" or not turn.text.strip():
            continue
        if turns and turns[-1].role == turn.role:
            turns[-1] = Message(turn.role, f"{turns[-1].text}\n\n{turn.text}")
        else:
            turns.append(turn)
    return system, turns
