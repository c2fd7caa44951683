"""Stored conversations as resources, their messages, and the search over them."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody
from litestar.response import Stream
from msgspec import Meta

from sluice.api.bodies import Cursor, known, member, query, read
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest
from sluice.services.conversations.keeping import Conversations
from sluice.services.conversations.reading import Format, Reading
from sluice.services.conversations.shapes import (
    Conversation,
    Hit,
    Message,
    NewConversation,
    Order,
    Page,
)

ONE = "/api/v1/conversations/{conversation_id:str}"
TAGS = ["conversations"]
CHANGES = (400, 401, 403, 413, 415, 422)
TYPES: dict[Format, str] = {
    "json": "application/json",
    "markdown": "text/markdown",
}

Limit = Annotated[int, Meta(ge=1, le=100, description="How many at most.")]
Title = Annotated[str, Meta(max_length=200)]
Words = Annotated[
    str,
    Meta(
        max_length=200,
        description="Words that must all be there, whatever their case and accents. The last one "
        "may be the beginning of a word; more than 16 are not looked at.",
    ),
]


class Beginning(msgspec.Struct, frozen=True):
    """A conversation to be made. Without a title it gets one."""

    title: Title | None = None


class Change(msgspec.Struct, frozen=True):
    """What is to be another; null or left out stays as it is.

    `active_message_id` chooses a branch: this message, what it follows, and of what follows it
    always the newest is shown from then on.
    """

    title: Title | None = None
    active_message_id: str | None = None


class WantedConversations(msgspec.Struct, frozen=True):
    """Which conversations."""

    limit: Limit = 20
    cursor: Cursor | None = None
    q: Words = ""
    deleted: Annotated[
        bool, Meta(description="Those that were deleted, and can be restored, instead.")
    ] = False


class WantedMessages(msgspec.Struct, frozen=True):
    """Which messages."""

    limit: Limit = 50
    cursor: Cursor | None = None
    order: Annotated[Order, Meta(description="`asc`: the oldest first.")] = "asc"
    branch: Annotated[
        str | None,
        Meta(description="The id of a message: its branch, instead of the one that is shown."),
    ] = None


class WantedHits(msgspec.Struct, frozen=True):
    """What to look for."""

    q: Words
    limit: Limit = 20
    cursor: Cursor | None = None


class WantedFile(msgspec.Struct, frozen=True):
    """What kind of file: `json` holds every branch, `markdown` the one that is shown."""

    format: Format = "json"


BEGINNING = msgspec.json.Decoder(Beginning)
CHANGE = msgspec.json.Decoder(Change)


def conversations(keeping: Conversations) -> Sequence[HTTPRouteHandler]:
    """`POST` and `GET /api/v1/conversations`."""

    @post(
        "/api/v1/conversations",
        summary="Begin a conversation",
        tags=TAGS,
        operation_class=taking(body=Beginning),
        responses=refusals(*CHANGES),
        response_headers=PRIVATE,
    )
    async def create(request: AnyRequest, body: RawBody) -> NewConversation:
        owner, _ = member(request)
        given = read(request, body, BEGINNING) if body else Beginning()
        return await keeping.create(owner, given.title)

    @get(
        "/api/v1/conversations",
        summary="One's conversations, the newest first",
        description="With `q`, those with all the words in the title, or in one of the messages "
        "(of very many, the newest 1,000). A page may then be short, although more follow.",
        tags=TAGS,
        operation_class=taking(query=WantedConversations),
        responses=refusals(401, 403, 422),
        response_headers=PRIVATE,
    )
    async def listed(request: AnyRequest) -> Page[Conversation]:
        owner, _ = member(request)
        wanted = query(request, WantedConversations)
        return await keeping.list(owner, wanted.limit, wanted.cursor, wanted.q, wanted.deleted)

    return create, listed


def conversation(keeping: Conversations) -> Sequence[HTTPRouteHandler]:
    """`GET` and `PATCH /api/v1/conversations/{id}`."""
    one: Any = {"path": ONE, "tags": TAGS}

    @get(
        **one,
        summary="A conversation",
        operation_class=taking(),
        responses=refusals(401, 403, 404),
        response_headers=PRIVATE,
    )
    async def show(conversation_id: FromPath[str], request: AnyRequest) -> Conversation:
        owner, _ = member(request)
        return await keeping.show(owner, known(conversation_id))

    @patch(
        **one,
        summary="Rename a conversation, or show another branch of it",
        description="The branch stays as it is while a reply is being written: 409.",
        operation_class=taking(body=Change),
        responses=refusals(*CHANGES, 404, 409),
        response_headers=PRIVATE,
    )
    async def change(
        conversation_id: FromPath[str], request: AnyRequest, body: RawBody
    ) -> Conversation:
        owner, _ = member(request)
        given = read(request, body, CHANGE)
        message = given.active_message_id
        return await keeping.change(
            owner, known(conversation_id), given.title, known(message) if message else None
        )

    return show, change


def deleting(keeping: Conversations) -> Sequence[HTTPRouteHandler]:
    """`DELETE /api/v1/conversations/{id}` and `POST …/restore`."""

    @delete(
        ONE,
        status_code=204,
        summary="Delete a conversation; it can be restored for 30 days",
        tags=TAGS,
        description="A reply that is being written in it is stopped.",
        operation_class=taking(),
        responses=refusals(401, 403, 404),
    )
    async def remove(conversation_id: FromPath[str], request: AnyRequest) -> None:
        owner, _ = member(request)
        await keeping.delete(owner, known(conversation_id))

    @post(
        f"{ONE}/restore",
        status_code=200,
        summary="Take back a deleted conversation",
        tags=TAGS,
        operation_class=taking(),
        responses=refusals(401, 403, 404),
        response_headers=PRIVATE,
    )
    async def restore(conversation_id: FromPath[str], request: AnyRequest) -> Conversation:
        owner, _ = member(request)
        return await keeping.restore(owner, known(conversation_id))

    return remove, restore


def messages(reading: Reading) -> Sequence[HTTPRouteHandler]:
    """`GET /api/v1/conversations/{id}/messages` and `/export`."""

    @get(
        f"{ONE}/messages",
        summary="What was said in a conversation",
        description="Of the branch that is shown, or of another one. A page holds fewer messages "
        "than asked for where they are very long.",
        tags=TAGS,
        operation_class=taking(query=WantedMessages),
        responses=refusals(401, 403, 404, 422),
        response_headers=PRIVATE,
    )
    async def listed(conversation_id: FromPath[str], request: AnyRequest) -> Page[Message]:
        owner, _ = member(request)
        wanted = query(request, WantedMessages)
        branch = known(wanted.branch) if wanted.branch else None
        return await reading.messages(
            owner, known(conversation_id), wanted.limit, wanted.cursor, wanted.order, branch
        )

    @get(
        f"{ONE}/export",
        summary="A conversation as a file",
        tags=TAGS,
        operation_class=taking(query=WantedFile, produces="text/markdown"),
        responses=refusals(401, 403, 404, 422),
    )
    async def export(conversation_id: FromPath[str], request: AnyRequest) -> Stream:
        owner, _ = member(request)
        format = query(request, WantedFile).format
        file = await reading.export(owner, known(conversation_id), format)
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{file.name}"'}
        return Stream(file.content, media_type=TYPES[format], headers=headers)

    return listed, export


def search(reading: Reading) -> HTTPRouteHandler:
    """`GET /api/v1/search`."""

    @get(
        "/api/v1/search",
        summary="Find messages, the newest first",
        description="On whichever branch they are. `matches` counts code points.",
        tags=TAGS,
        operation_class=taking(query=WantedHits),
        responses=refusals(401, 403, 422),
        response_headers=PRIVATE,
    )
    async def find(request: AnyRequest) -> Page[Hit]:
        owner, _ = member(request)
        wanted = query(request, WantedHits)
        return await reading.search(owner, wanted.q, wanted.limit, wanted.cursor)

    return find
