"""Each dialect's words, byte for byte, as they stand in `tests/golden`."""

from pathlib import Path

import msgspec
import pytest

from sluice.core.commands import Ask
from sluice.core.errors import SluiceError
from sluice.core.events import Event
from sluice.core.messages import Message
from sluice.dialects import chat, conversations, flows, interactions, openai, query
from sluice.dialects.base import Dialect, Inbound, RunView
from tests.dialects.worlds import HARD, PLACE, View, course, failure

GOLDEN = Path(__file__).parent.parent / "golden"
INTERACTIONS = interactions.dialect(lambda: 1_700_000_001.5)

SAID = ["Xin ", "chào", HARD]
WHOLE = View("run-1", "".join(SAID))

RUNS: dict[str, tuple[Dialect, str | int | None, list[Event]]] = {
    "query": (query.DIALECT, None, course(*SAID)),
    "query_tagged": (query.DIALECT, "q-1", course(*SAID, ending="length")),
    "query_tagged_by_number": (query.DIALECT, 0, course("a")),
    "query_cancelled": (query.DIALECT, None, course("ha", ending="cancelled")),
    "query_tools": (query.DIALECT, None, course(ending="tools")),
    "query_failed": (query.DIALECT, 7, [*course("ha")[:3], failure()]),
    "flows": (flows.DIALECT, None, course(*SAID)),
    "flows_length": (flows.DIALECT, None, course("a", ending="content_filter")),
    "flows_failed": (flows.DIALECT, None, [*course("ha")[:3], failure()]),
    "chat": (chat.DIALECT, None, course(*SAID)),
    "chat_cancelled": (chat.DIALECT, None, course("ha", ending="cancelled")),
    "chat_failed": (chat.DIALECT, None, [*course("ha")[:3], failure()]),
    "conversations": (conversations.DIALECT, None, course(*SAID)),
    "conversations_tools": (conversations.DIALECT, None, course("a", ending="tools")),
    "openai": (openai.DIALECT, None, course(*SAID)),
    "openai_tools": (openai.DIALECT, None, course("a", ending="tools")),
    "openai_failed": (openai.DIALECT, None, [*course("ha")[:3], failure()]),
    "conversations_failed": (conversations.DIALECT, None, [*course("ha")[:3], failure()]),
    "interactions": (INTERACTIONS, None, course(*SAID)),
    "interactions_cancelled": (INTERACTIONS, None, course("ha", ending="cancelled")),
    "interactions_failed": (INTERACTIONS, None, [*course("ha")[:3], failure()]),
}


def words(dialect: Dialect, tag: str | int | None, events: list[Event], view: RunView) -> bytes:
    session = next(route.session for route in dialect.routes if route.session is not None)
    speaking = session(view, Ask(messages=(), tag=tag))
    frames = [frame for event in events for frame in speaking.encode(event)]
    return b"".join(b"%b\n" % frame for frame in frames)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_reads_as_recorded(name: str):
    dialect, tag, events = RUNS[name]
    said = "".join(getattr(event, "text", "") for event in events[2:])
    expected = (GOLDEN / f"{name}.txt").read_bytes()

    assert words(dialect, tag, events, View("run-1", said, PLACE)) == expected


@pytest.mark.parametrize(
    "dialect",
    [
        query.DIALECT,
        flows.DIALECT,
        conversations.DIALECT,
        chat.DIALECT,
        INTERACTIONS,
        openai.DIALECT,
    ],
    ids=lambda one: one.name,
)
def test_refusals_read_as_recorded(dialect: Dialect):
    kinds = sorted(every(SluiceError), key=lambda kind: kind.__name__)
    lines = [f"{kind.__name__} {dialect.refuse(kind()).decode()}\n" for kind in kinds]

    assert "".join(lines) == (GOLDEN / f"{dialect.name}_refusals.txt").read_text("utf-8")


def every(kind: type[SluiceError]) -> set[type[SluiceError]]:
    found = {each for child in kind.__subclasses__() for each in every(child)}
    return {kind, *(each for each in found if each.__module__ == SluiceError.__module__)}


def test_a_whole_answer_holds_what_the_stream_says():
    ending = course(*SAID)[-1]
    whole = (query.DIALECT, flows.DIALECT, chat.DIALECT, openai.DIALECT)
    for dialect, name in ((one, f"{one.name}_answer") for one in whole):
        answer = next(route.answer for route in dialect.routes if route.answer is not None)
        said = answer(WHOLE, ending)  # type: ignore[arg-type]
        assert said + b"\n" == (GOLDEN / f"{name}.txt").read_bytes()


REQUESTS: list[tuple[Dialect, str, bytes, dict[str, object]]] = [
    (
        query.DIALECT, "/api/v1/query/stream", b'{"query":"a"}',
        {"text": "a", "model": None, "temperature": 0.7, "max_tokens": 1000, "tag": None},
    ),
    (
        query.DIALECT, "/api/v1/query", b'{"query":"a","temperature":0,"max_tokens":1,"id":3}',
        {"text": "a", "temperature": 0, "max_tokens": 1, "tag": 3, "background": False},
    ),
    (
        query.DIALECT, "/api/v1/query", b'{"query":" a ","unknown":{},"model":"x/y",'
        b'"background":true}', {"text": " a ", "model": "x/y", "background": True},
    ),
    (
        query.DIALECT, "/api/v1/query/ws", b'{"query":"a","model":null,"temperature":null,'
        b'"max_tokens":null,"id":null,"background":null,"type":null}',
        {"model": None, "temperature": 0.7, "max_tokens": 1000, "tag": None, "background": False},
    ),
    (
        flows.DIALECT, "/api/stream/chat",
        b'{"user_input":"a","provider":null,"model":null,"flow":null,"background":null}',
        {"text": "a", "provider": None, "model": None, "flow": None, "background": False},
    ),
    (
        flows.DIALECT, "/api/stream/chat",
        b'{"user_input":"a","provider":"gemini","model":"m","flow":"ask","background":true}',
        {"provider": "gemini", "model": "m", "flow": "ask", "background": True},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "path", "body", "expected"), REQUESTS)
def test_a_request_reads_as_this(
    dialect: Dialect, path: str, body: bytes, expected: dict[str, object]
):
    route = next(route for route in dialect.routes if route.path == path)
    ask = route.read(Inbound(body))
    found = {**msgspec.structs.asdict(ask), "text": ask.messages[0].text}  # type: ignore[union-attr]

    assert ask.messages == (Message("user", found["text"]),)  # type: ignore[union-attr]
    assert {name: found[name] for name in expected} == expected
