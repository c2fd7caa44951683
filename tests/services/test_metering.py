"""What a run came to: who reported tokens, who has to count them, and what it costs."""

from collections.abc import Sequence

import pytest

from sluice.core.events import Attempt, Ending, Failed, Finished, Usage
from sluice.core.messages import Message, Prompt
from sluice.services.metering import Meter, Record, total

PROMPT = Prompt("model", (Message("user", "one two three"),))
FAILED = Failed("provider_unavailable", "It broke off.")


class Words:
    """A tokenizer for which a word is a token."""

    async def count(self, texts: Sequence[str]) -> int:
        return sum(len(text.split()) for text in texts)


class Cents:
    """One cent a token in, ten a token out."""

    def cost(self, model: str, usage: Usage) -> float:
        return (usage.input_tokens + 10 * usage.output_tokens) / 100


class Run:
    """A run that is about to end."""

    id, owner, prompt = "run-1", None, PROMPT
    duration = 2.0

    def __init__(
        self,
        *attempts: Attempt,
        text: str = "",
        thoughts: str = "",
        model: str = "fake/m",
        dialect: str = "query",
    ) -> None:
        self.attempts = list(attempts)
        self.text = text
        self.thoughts = thoughts
        self.model = model
        self.dialect = dialect
        self.first_token = 0.5 if text or thoughts else None


def attempt(outcome: str, usage: Usage | None = None, model: str = "fake/m") -> Attempt:
    return Attempt(model, outcome, usage)


REPORTED = Usage(7, 5, 2)
OK, CANCELLED = Finished("stop"), Finished("cancelled")

CASES: list[tuple[str, Run, Ending, Usage, float]] = [
    ("reported", Run(attempt("ok", REPORTED), text="a b"), OK, REPORTED, 0.57),
    ("counted", Run(attempt("ok"), text="a b", thoughts="c"), OK, Usage(3, 3, 0, True), 0.33),
    ("cancelled, nothing reported", Run(attempt("cancelled"), text="a"), CANCELLED,
     Usage(3, 1, 0, True), 0.13),
    ("cancelled before the first token", Run(attempt("cancelled")), CANCELLED,
     Usage(3, 0, 0, True), 0.03),
    ("cancelled, partly reported", Run(attempt("cancelled", Usage(9, 1)), text="a b c"), CANCELLED,
     Usage(9, 3, 0, True), 0.39),
    ("broken after the first token", Run(attempt("provider_unavailable"), text="a"), FAILED,
     Usage(3, 1, 0, True), 0.13),
    ("broken before it", Run(attempt("provider_unavailable")), FAILED, Usage(0, 0), 0.0),
    ("refused, then answered", Run(attempt("provider_auth"), attempt("ok", REPORTED), text="a"), OK,
     REPORTED, 0.57),
    ("nobody was asked", Run(), CANCELLED, Usage(0, 0), 0.0),
    ("a flow without calls", Run(text="a b c", model="flow/x"), OK, Usage(0, 0), 0.0),
    ("a flow of two calls", Run(attempt("ok", REPORTED), attempt("ok", Usage(1, 1)), text="a",
     model="flow/x"), OK, Usage(8, 6, 2), 0.68),
    ("a flow whose call was refused", Run(attempt("provider_auth"), text="a b c",
     model="flow/x"), FAILED, Usage(0, 0), 0.0),
    ("a flow that was stopped", Run(attempt("cancelled", Usage(3, 1, 0, True)), text="a b c",
     model="flow/x"), CANCELLED, Usage(3, 1, 0, True), 0.13),
]  # fmt: skip


@pytest.mark.parametrize(
    ("run", "ending", "usage", "cost"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
async def test_a_run_comes_to_this(run: Run, ending: Ending, usage: Usage, cost: float):
    records: list[Record] = []
    receipt = await Meter(Words(), Cents(), [records.append])(run, ending)

    assert receipt.usage == usage
    assert receipt.cost == pytest.approx(cost)
    assert (receipt.duration, receipt.first_token) == (2.0, run.first_token)
    assert receipt.text_length == len(run.text)
    assert [record.receipt for record in records] == [receipt]


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [(OK, "stop"), (CANCELLED, "cancelled"), (FAILED, "provider_unavailable")],
)
async def test_the_books_hold_one_line_a_run_without_a_text(ending: Ending, outcome: str):
    records: list[Record] = []
    await Meter(Words(), Cents(), [records.append])(
        Run(attempt("ok", REPORTED), text="sentinel"), ending
    )
    (record,) = records
    assert (record.id, record.asked, record.outcome) == ("run-1", "fake/m", outcome)
    assert "sentinel" not in repr(record)
    assert "one two three" not in repr(record)


async def test_a_call_inside_a_flow_has_no_line_of_its_own():
    records: list[Record] = []
    await Meter(Words(), Cents(), [records.append])(
        Run(attempt("ok", REPORTED), text="a", dialect="flow-call"), OK
    )
    assert records == []


def test_a_total_is_estimated_where_a_part_is():
    assert total([Usage(1, 2), Usage(3, 4, 1, True)]) == Usage(4, 6, 1, True)
    assert total([]) == Usage(0, 0)
