"""What the demo model says. Pure, and the same for the same message."""

import re
from collections.abc import Sequence
from itertools import chain, cycle, islice

import msgspec

from sluice.core.messages import Document, Message, Part, Prompt
from sluice.providers.script import Script

QUOTED = 160  # characters of the message that are said back, at most
NAMED = 80  # characters of a document's name, at most
LISTED = 5  # things that go with a message of which each is mentioned

# A token is a word with the white space before it, in pieces where it is long.
TOKEN = re.compile(r"\s*\S{1,12}")

# Characters that break careless clients, cut into tokens at bad places: within a grapheme, within
# a line end, within what looks like a field of SSE. Never within a code point.
HARD = (
    "# Hard",
    " characters\n\n",
    "👩", "\u200d👩\u200d", "👧\u200d👦", " 🏳️", "\u200d🌈", " 🇻", "🇳", " 👍", "🏽", " 1️⃣", "\n",
    "e", "\u0301", " a", "\u0308\u0323", " Z̷̧͓", "a̴l̶", "g̵o̸", "\n",
    "Xin chào", ", tiếng", " Vie", "\u0323\u0302t", " Việt", " ở", " Huế", "\n",
    "中文", "漢字", "、日本", "語", " 한국", "어", " 𠮷野", "家", " ไทย", " हिन्", "दी", "\n",
    "\u202bשלום", " עולם\u202c", " مرحبا", " \u2067بك\u2069", "\n",
    "nul:\x00", ":nul", " next-line:\x85:", " line:\u2028:", " paragraph:\u2029:",
    " mark:\ufeff:", " soft:\u00ad:", " tab:\t:", " escape:\x1b[0m:", " delete:\x7f:", "\n",
    "crlf:\r", "\n", "cr:\r", "lf:\n", "\"double\"", " 'single'", " `back`", " back\\slash",
    " \\n", " \\u0041", " {\"json\":", " [1,2]}", " %s", " ${x}", " &amp;", "\n\n",
    "data: x\n", "\n", "id: 1\n", "event: y\n", "retry: 0\n", ": comment\n", "\n\n",
    "data: [DONE]", "\n\n", "[DONE]", "\n", "</script>", "<script>", "alert(1)", "</script>",
    "<!--", " -->", " <b>&lt;", "</b>", "\n",
    "$$\\frac{1}{2}$$", " ﷽", " 🫠", "\U0010fffd", "\ufffd", "\n\n", "The", " end", ".\n",
)  # fmt: skip


def recite(script: Script, prompt: Prompt) -> list[str]:
    """The tokens of the answer, none empty: `script.n` of them, or as many as the text has.

    A longer answer than there is text says it again; a failure that lies beyond the text is
    reached in the same way.
    """
    tokens = list(HARD) if script.text == "unicode" else TOKEN.findall(about(message(prompt)))
    total = max(len(tokens), script.failure_at) if script.n is None else script.n
    again = [f"\n\n{tokens[0]}", *tokens[1:]]
    return list(islice(chain(tokens, cycle(again)), total))


def message(prompt: Prompt) -> Message:
    """What the user said last."""
    turns = (turn for turn in reversed(prompt.messages) if turn.role == "user")
    return next(turns, Message("user", ""))


def about(turn: Message) -> str:
    """A short Markdown text about a message, with a heading, a list and some code."""
    text = turn.text
    words = text.split()
    said = " ".join(words[:QUOTED])
    quoted = said if len(said) <= QUOTED else f"{said[:QUOTED]}…"
    literal = msgspec.json.encode(quoted).decode().replace("`", "'")
    return f"""## You wrote to the demo model

> {quoted or "(nothing)"}

I am not a language model: I come with the server, I need no key, and I say the same to everybody \
who says the same. What I can tell about your message:

- it has **{_many(len(words), "word")}** in {_many(len(text), "character")}
- it is {"a question" if text.rstrip().endswith(("?", "？")) else "not a question"}, as far as \
punctuation goes{_along(turn.parts)}

A program could say it back like this:

```python
message = {literal}
print(message)
```

Set a provider's key, or the address of a local server, and a real model answers here."""


def _along(parts: Sequence[Part]) -> str:
    """The items of a list about what goes with a message."""
    items = [f"it came with {_named(part)}" for part in parts[:LISTED]]
    if len(parts) > LISTED:
        items.append(f"it came with {len(parts) - LISTED} more")
    return "".join(f"\n- {item}" for item in items)


def _named(part: Part) -> str:
    if isinstance(part, Document):
        name = " ".join(part.name.split())[:NAMED]
        return f"the document **{name}**, {_many(len(part.text), 'character')}"
    return f"an image, {part.media_type}, {_many(len(part.data), 'byte')}"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
