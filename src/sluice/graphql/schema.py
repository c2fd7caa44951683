"""The schema: what can be asked, and how it is found. Knows no transport.

Each resolver finds the operation that it is part of, a `Call`, as its context.
"""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any

import strawberry
from graphql import GraphQLSchema
from strawberry.scalars import ID
from strawberry.schema.config import StrawberryConfig

from sluice.core.errors import InvalidRequest
from sluice.core.events import Finished
from sluice.core.runs import Run
from sluice.graphql.calls import Call
from sluice.graphql.shapes import (
    BegunInteraction,
    ConversationEvent,
    ConversationResult,
    MediaInput,
    Message,
    MessagePage,
    PointEntry,
    Points,
)
from sluice.services.conversations import shapes

MOST = 100  # items of one page

Info = strawberry.Info[Call, None]
Text = Annotated[str, strawberry.argument(description="What to say.")]
Place = Annotated[
    ID | None, strawberry.argument(description="Without one a new interaction begins.")
]
Files = Annotated[
    list[MediaInput] | None, strawberry.argument(description="Files that go with the message.")
]
Length = Annotated[int | None, strawberry.argument(description="Tokens of the reply, at most.")]
Model = Annotated[str | None, strawberry.argument(description="Without one, the default.")]
Limit = Annotated[int, strawberry.argument(description=f"How many, 1 to {MOST}.")]
Cursor = Annotated[
    str | None, strawberry.argument(description="The `next_cursor` of the page before.")
]


@strawberry.type(description="An interaction: a conversation that is kept.")
class Interaction:
    """An interaction, with what was said in it."""

    id: ID
    title: str
    created_at: datetime
    updated_at: datetime
    message_count: int

    @strawberry.field(description="What was said in it, the oldest first.")
    async def messages(self, info: Info, limit: Limit = 50, cursor: Cursor = None) -> MessagePage:
        call = info.context
        page = await call.shelf.reading.messages(
            call.owner, self.id, within(limit), cursor, "asc", None
        )
        return MessagePage(items=[message(one) for one in page.items], next_cursor=page.next_cursor)


@strawberry.type(description="One's interactions, the newest first.")
class InteractionPage:
    """A page of interactions."""

    items: list[Interaction]
    next_cursor: str | None = strawberry.field(description="Leads to the next page.")


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field(description="One's interactions, the newest first.")
    async def my_interactions(
        self, info: Info, limit: Limit = 20, cursor: Cursor = None
    ) -> InteractionPage:
        call = info.context
        page = await call.shelf.interactions.list(
            call.owner, within(limit), cursor, query=None, deleted=False
        )
        items = [interaction(one) for one in page.items]
        return InteractionPage(items=items, next_cursor=page.next_cursor)

    @strawberry.field(description="One of one's interactions.")
    async def interaction(self, info: Info, id: ID) -> Interaction:
        call = info.context
        return interaction(await call.shelf.interactions.show(call.owner, id))

    @strawberry.field(description="One's points, and where they went.")
    async def my_points(self, info: Info, limit: Limit = 50) -> Points:
        call = info.context
        found = await call.shelf.points.statement(call.owner, within(limit))
        entries = [
            PointEntry(at=one.at, kind=one.kind, amount=one.amount, run_id=one.run, note=one.note)
            for one in found.entries
        ]
        return Points(balance=found.balance, reserved=found.reserved, entries=entries)


@strawberry.type
class Mutation:
    """What changes something."""

    @strawberry.mutation(description="Say something in an interaction; the whole reply.")
    async def do_conversation(
        self,
        info: Info,
        message: Text,
        interaction_id: Place = None,
        media_files: Files = None,
        max_tokens: Length = None,
        model: Model = None,
    ) -> ConversationResult:
        said = arguments(message, interaction_id, media_files, max_tokens, model)
        return await result(info.context, *await info.context.answer(said))


@strawberry.type
class Subscription:
    """What is told while it happens."""

    @strawberry.subscription(description="Say something, and watch the reply arrive.")
    async def conversation(
        self,
        info: Info,
        message: Text,
        interaction_id: Place = None,
        media_files: Files = None,
        max_tokens: Length = None,
        model: Model = None,
    ) -> AsyncGenerator[ConversationEvent, None]:
        # Not a generator itself: what refuses it is to be raised now, before the first event.
        said = arguments(message, interaction_id, media_files, max_tokens, model)
        events = await info.context.events(said)
        return (ConversationEvent(**event) async for event in events)


def arguments(
    message: str,
    interaction_id: str | None,
    media_files: list[MediaInput] | None,
    max_tokens: int | None,
    model: str | None,
) -> dict[str, Any]:
    """The same as the body of the dialect's own request."""
    return {
        "message": message,
        "interaction_id": interaction_id,
        "media_files": [{"id": file.id, "url": file.url} for file in media_files or ()],
        "max_tokens": max_tokens,
        "model": model,
    }


async def result(call: Call, run: Run, ending: Finished) -> ConversationResult:
    """What came of a run. The reply is read from where it is kept."""
    place, receipt = run.place, ending.receipt
    assert place is not None, "every interaction is kept"
    assert receipt is not None, "the engine adds it"
    where = await call.shelf.interactions.show(call.owner, place.conversation)
    said = await call.shelf.reading.messages(
        call.owner, place.conversation, 1, None, "desc", place.message
    )
    return ConversationResult(
        interaction=BegunInteraction(
            id=ID(where.id), title=where.title, is_new=place.new, created_at=where.created_at
        ),
        message=message(said.items[0]),
        tokens_used=receipt.usage.total,
        points_cost=receipt.points,
        cached=receipt.cached,
    )


def interaction(found: shapes.Conversation) -> Interaction:
    """An interaction, in the schema's words."""
    return Interaction(
        id=ID(found.id),
        title=found.title,
        created_at=found.created_at,
        updated_at=found.updated_at,
        message_count=found.message_count,
    )


def message(found: shapes.Message) -> Message:
    """A message, in the schema's words."""
    return Message(
        id=ID(found.id),
        role=found.role,
        content=found.content,
        status=found.status,
        model=found.model,
        tokens=found.tokens,
        finish_reason=found.finish_reason,
        code=found.code,
        created_at=found.created_at,
    )


def within(limit: int) -> int:
    """The length of a page. Raises `InvalidRequest`."""
    if not 1 <= limit <= MOST:
        raise InvalidRequest(f"Expected a number from 1 to {MOST}", field="limit")
    return limit


def schema() -> GraphQLSchema:
    """The whole schema, executable."""
    made = strawberry.Schema(
        Query, Mutation, Subscription, config=StrawberryConfig(auto_camel_case=False)
    )
    return made._schema  # pyright: ignore[reportPrivateUsage] - its own `execute` parses anew
