"""A log says the same before and after it has been compacted, from every position."""

from hypothesis import given
from hypothesis import strategies as st

from sluice.core.events import (
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCall,
    Usage,
)
from sluice.core.log import READ_LIMIT, Log

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
counts = st.integers(0, 1000)
speech = st.one_of(
    st.builds(TextDelta, texts),
    st.builds(ReasoningDelta, texts),
    st.builds(ToolCall, texts, texts, texts),
    st.builds(Usage, counts, counts),
)
batches = st.lists(st.lists(speech, max_size=4), max_size=12)


def written(said: list[list[Event]]) -> tuple[Log, list[Event]]:
    log = Log()
    everything: list[Event] = [Started("m", 1.0), *(event for batch in said for event in batch)]
    log.extend(everything[:1])
    for batch in said:
        log.extend(batch)
    log.extend((ending := Finished("stop"),))
    return log, [*everything, ending]


@given(batches)
def test_every_position_reads_the_same_before_and_after_compaction(said: list[list[Event]]):
    log, everything = written(said)
    before = [list(log.read(after)) for after in range(len(log) + 1)]
    log.compact()

    assert before == [everything[after:] for after in range(len(everything) + 1)]
    assert [list(log.read(after)) for after in range(len(log) + 1)] == before


@given(batches)
def test_texts_and_thoughts_survive_compaction(said: list[list[Event]]):
    log, everything = written(said)
    text, thoughts = (
        "".join(event.text for event in everything if isinstance(event, kind))
        for kind in (TextDelta, ReasoningDelta)
    )

    assert (log.text(), log.thoughts()) == (text, thoughts)
    log.compact()
    assert (log.text(), log.thoughts()) == (text, thoughts)


@given(batches)
def test_what_it_reports_to_have_grown_is_its_size(said: list[list[Event]]):
    log = Log()
    grown = sum(log.extend(batch) for batch in said)
    assert log.size == grown
    shrunk = log.compact()
    assert log.size == grown - shrunk


def test_a_long_text_of_many_tokens_takes_a_fraction_once_compacted():
    log = Log()
    log.extend([TextDelta("word ") for _ in range(10_000)])
    before = log.size
    log.compact()
    assert log.size < before / 5


def test_no_reader_gets_more_than_a_bounded_batch():
    log = Log()
    log.extend([TextDelta("x")] * (3 * READ_LIMIT))
    assert len(log.read(0)) == READ_LIMIT
    log.compact()
    assert len(log.read(10)) == READ_LIMIT


def test_reading_past_the_end_says_nothing():
    log, everything = written([[TextDelta("a")]])
    assert list(log.read(len(everything))) == []
    assert list(log.read(len(everything) + 5)) == []
    log.compact()
    assert list(log.read(len(everything) + 5)) == []


def test_a_failure_is_kept_like_any_event():
    log = Log()
    log.extend([Started("m", 0.0), failure := Failed("internal", "text", 2.0)])
    log.compact()
    assert list(log.read(1)) == [failure]
