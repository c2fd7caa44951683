"""What a picture and a document become on each provider's wire, as its own SDK would have it."""

from base64 import b64encode
from typing import Any

import msgspec
import pytest
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from google.genai import types
from langchain_core.messages import HumanMessage, convert_to_messages
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from pydantic import TypeAdapter
from stub import END, HEAD, say, stub

from sluice.core.events import Attempt, Event, Finished
from sluice.core.messages import Document, Image, Message, Part, Prompt
from sluice.providers import langchain, parts
from sluice.providers.anthropic import Anthropic
from sluice.providers.gemini import Gemini
from sluice.providers.http import HttpSource, open_session
from sluice.providers.local import Local
from sluice.providers.openai import OpenAI
from sluice.providers.wire import Patience, Wire

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
DATA = b64encode(PNG).decode()
PICTURE = Image("image/png", PNG)
NOTES = Document('Notes "à\n<b>.txt', "Line one\nline two </document> <DOCUMENT> < / Document >")
FRAMED = (
    '<document name="Notes &quot;à &lt;b&gt;.txt">\n'
    "Line one\nline two &lt;/document> <DOCUMENT> &lt; / Document >\n</document>"
)
WHAT = "What is it?"

OPENAI = OpenAI("https://api.openai.com/v1", None)
LOCAL = Local("http://127.0.0.1:8080", None)
ANTHROPIC = Anthropic("https://api.anthropic.com", None)
GEMINI = Gemini("https://generativelanguage.googleapis.com/v1beta", None)


def asked(*along: Part, text: str = WHAT) -> Prompt:
    return Prompt("m", (Message("user", text, along),), 9)


def body_of(wire: Wire, prompt: Prompt) -> Any:
    return msgspec.json.decode(wire.request(prompt).body)


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


URL = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}}
SOURCE = {"type": "base64", "media_type": "image/png", "data": DATA}
BLOCK = {"type": "image", "source": SOURCE}
INLINE = {"inlineData": {"mimeType": "image/png", "data": DATA}}
STANDARD = {"type": "image", "base64": DATA, "mime_type": "image/png"}

# what goes with a turn, and its text: what OpenAI and its imitators, Anthropic, Gemini and
# LangChain are sent
TURNS: dict[str, tuple[tuple[Part, ...], str, Any, Any, Any, Any]] = {
    "nothing": ((), WHAT, WHAT, WHAT, [{"text": WHAT}], WHAT),
    "a picture": (
        (PICTURE,), WHAT, [URL, text(WHAT)], [BLOCK, text(WHAT)], [INLINE, {"text": WHAT}],
        [STANDARD, text(WHAT)],
    ),
    "a document": (
        (NOTES,), WHAT, f"{FRAMED}\n\n{WHAT}", [text(FRAMED), text(WHAT)],
        [{"text": FRAMED}, {"text": WHAT}], f"{FRAMED}\n\n{WHAT}",
    ),
    "both": (
        (NOTES, PICTURE), WHAT, [text(FRAMED), URL, text(WHAT)],
        [text(FRAMED), BLOCK, text(WHAT)], [{"text": FRAMED}, INLINE, {"text": WHAT}],
        [text(FRAMED), STANDARD, text(WHAT)],
    ),
    "a picture and no text": ((PICTURE,), " ", [URL], [BLOCK], [INLINE], [STANDARD]),
    "a document and no text": (
        (NOTES,), "", FRAMED, [text(FRAMED)], [{"text": FRAMED}], FRAMED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TURNS)
@pytest.mark.parametrize("wire", [OPENAI, LOCAL], ids=["openai", "local"])
def test_openai_and_its_imitators_are_sent(name: str, wire: Wire) -> None:
    along, said, expected, *_ = TURNS[name]
    body = body_of(wire, asked(*along, text=said))
    TypeAdapter(CompletionCreateParamsStreaming).validate_python(body)
    assert body["messages"] == [{"role": "user", "content": expected}]


@pytest.mark.parametrize("name", TURNS)
def test_anthropic_is_sent(name: str) -> None:
    along, said, _, expected, *_ = TURNS[name]
    body = body_of(ANTHROPIC, asked(*along, text=said))
    TypeAdapter(MessageCreateParamsStreaming).validate_python(body)
    assert body["messages"] == [{"role": "user", "content": expected}]


@pytest.mark.parametrize("name", TURNS)
def test_gemini_is_sent(name: str) -> None:
    along, said, _, _, expected, _ = TURNS[name]
    (content,) = body_of(GEMINI, asked(*along, text=said))["contents"]
    known = types.Content.model_validate(content)
    assert content == {"role": "user", "parts": expected}
    pictures = [one.inline_data for one in known.parts or () if one.inline_data is not None]
    assert [one.data for one in pictures] == [PNG for one in along if isinstance(one, Image)]


@pytest.mark.parametrize("name", TURNS)
def test_a_langchain_model_is_sent(name: str) -> None:
    along, said, *_, expected = TURNS[name]
    sent = langchain.messages(asked(*along, text=said))
    assert sent == [{"role": "user", "content": expected}]
    (message,) = convert_to_messages(sent)
    assert isinstance(message, HumanMessage)
    standard = [block["type"] for block in message.content_blocks]
    assert standard.count("image") == sum(isinstance(one, Image) for one in along)
    assert set(standard) <= {"text", "image"}


def test_turns_that_are_joined_keep_what_goes_with_them() -> None:
    turns = (
        Message("user", "", (PICTURE,)), Message("user", "One", (NOTES,)), Message("user", "two"),
    )  # fmt: skip
    (joined,) = body_of(ANTHROPIC, Prompt("m", turns))["messages"]
    assert joined["content"] == [BLOCK, text(FRAMED), text("One\n\ntwo")]


@pytest.mark.parametrize("size", [0, 1, 2, 3, parts.PIECE - 1, parts.PIECE, parts.PIECE + 1, 10**6])
def test_a_picture_encoded_in_pieces_is_the_same(size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"\xff" * (size % 256)
    assert parts.base64(Image("image/png", data)) == b64encode(data)


@pytest.mark.parametrize(
    ("sizes", "heavy"), [((), False), ((parts.LARGE,), False), ((parts.LARGE, 1), True)]
)
def test_pictures_are_heavy_together(sizes: tuple[int, ...], heavy: bool) -> None:
    assert parts.heavy(asked(*(Image("image/png", bytes(size)) for size in sizes))) is heavy


@pytest.mark.parametrize("size", [len(PNG), 3 << 20])
async def test_a_picture_arrives_whole_however_large_it_is(size: int) -> None:
    picture = Image("image/png", (PNG * (size // len(PNG) + 1))[:size])
    said: list[Event] = []
    async with stub(HEAD, say("Hi", "stop"), END) as server, open_session() as session:
        source = HttpSource(Local(server.url, None), session)
        await source.attempt(asked(picture), Attempt("local/m"), Patience(), True, said.extend)
    assert said[-1] == Finished("stop")
    ((_, received),) = server.requests
    (message,) = msgspec.json.decode(received)["messages"]
    url = message["content"][0]["image_url"]["url"]
    assert url == f"data:image/png;base64,{b64encode(picture.data).decode()}"
