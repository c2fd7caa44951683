"""The types of the schema, in snake_case as the dialect `interactions` has its words.

Their docstrings and descriptions are the schema's own.
"""

from datetime import datetime

import strawberry
from strawberry.scalars import ID


@strawberry.input(description="A file that goes with the message. One of the two.")
class MediaInput:
    """A file that goes with the message."""

    id: ID | None = strawberry.field(description="Of an uploaded file.", default=None)
    url: str | None = strawberry.field(description="To fetch it from.", default=None)


@strawberry.type(description="A message of an interaction.")
class Message:
    """A message as its user sees it."""

    id: ID
    role: str = strawberry.field(description="`user` or `assistant`.")
    content: str
    status: str = strawberry.field(description="`complete`, `streaming`, `partial` or `failed`.")
    model: str | None = strawberry.field(description="The one that answered.")
    tokens: int | None = strawberry.field(description="Tokens of the reply.")
    finish_reason: str | None
    code: str | None = strawberry.field(description="Of the error that ended it.")
    created_at: datetime


@strawberry.type(description="Messages of an interaction, the oldest first.")
class MessagePage:
    """A page of messages."""

    items: list[Message]
    next_cursor: str | None = strawberry.field(description="Leads to the next page.")


@strawberry.type(description="An interaction, and whether it began with this reply.")
class BegunInteraction:
    """Where a reply stands."""

    id: ID
    title: str
    is_new: bool
    created_at: datetime


@strawberry.type(description="What came of `do_conversation`.")
class ConversationResult:
    """A reply, whole."""

    interaction: BegunInteraction
    message: Message = strawberry.field(description="The reply.")
    tokens_used: int = strawberry.field(description="Of prompt and reply.")
    points_cost: int
    cached: bool = strawberry.field(description="Nobody was asked: the answer was known.")


@strawberry.type(
    description="One event of a reply on its way: the same that the SSE stream sends. `type` is"
    " `metadata`, `token`, `complete` or `error`; fields that an event does not have are null."
)
class ConversationEvent:
    """One event, flat: whoever reads it looks at `type`, as on the SSE stream."""

    type: str
    interaction_id: ID | None = strawberry.field(description="metadata", default=None)
    is_new_interaction: bool | None = strawberry.field(description="metadata", default=None)
    user_id: ID | None = strawberry.field(description="metadata", default=None)
    content: str | None = strawberry.field(
        description="token: a piece of the reply; complete: all of it", default=None
    )
    timestamp: float | None = strawberry.field(
        description="token, complete, error: epoch seconds", default=None
    )
    tokens_used: int | None = strawberry.field(description="complete", default=None)
    points_cost: int | None = strawberry.field(description="complete", default=None)
    finish_reason: str | None = strawberry.field(description="complete", default=None)
    cached: bool | None = strawberry.field(description="complete", default=None)
    model: str | None = strawberry.field(
        description="complete: the one that answered", default=None
    )
    error: str | None = strawberry.field(description="error: what went wrong", default=None)
    code: str | None = strawberry.field(description="error: the same, for machines", default=None)


@strawberry.type(description="A line of one's ledger of points.")
class PointEntry:
    """A line of the ledger."""

    at: datetime
    kind: str = strawberry.field(description="`grant` or `charge`.")
    amount: int = strawberry.field(description="Below zero for what was paid.")
    run_id: str | None = strawberry.field(description="What was paid for.")
    note: str


@strawberry.type(description="One's points.")
class Points:
    """What one has."""

    balance: int = strawberry.field(description="The sum of the ledger.")
    reserved: int = strawberry.field(description="How much of it replies hold that go on.")
    entries: list[PointEntry] = strawberry.field(description="The newest lines of the ledger.")
