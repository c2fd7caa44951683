"""What a front end must know before anybody signs in, as a resource. It tells nothing else."""

from collections.abc import Callable
from typing import Literal

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from sluice.api.documented import PRIVATE, only
from sluice.api.errors import AnyRequest, visit_of
from sluice.core.commands import Principal
from sluice.services.accounts.registration import Admission


class MediaLimits(msgspec.Struct, frozen=True):
    """Files: `limit` is bytes of one, `files` how many may go with a message.

    `types` are the media types that are taken, by what a file's content shows.
    """

    limit: int
    files: int
    types: tuple[str, ...]


class Terms(msgspec.Struct, frozen=True):
    """What holds for everybody.

    `demo`                no provider is configured: the demo answers whatever is asked
    `points`              where replies cost points: in `interactions`, in `all` dialects, or `off`
    `max_tokens`          of a reply, the most that may be asked for
    `default_max_tokens`  of a reply, where neither request nor dialect says
    """

    name: str
    version: str
    demo: bool
    points: Literal["interactions", "all", "off"]
    max_tokens: int
    default_max_tokens: int
    media: MediaLimits


class About(Terms, frozen=True):
    """This server, as it is to whoever asks from there, signed in or not.

    `registration`  who may register: `open`, by `invite`, or `closed`
    `anonymous`     who is not signed in is answered, where a dialect is open to strangers
    """

    registration: Admission
    anonymous: bool


def about(terms: Terms, admission: Callable[[Principal], Admission]) -> HTTPRouteHandler:
    """`GET /api/v1/about`. Bad credentials are in nobody's way here: they are not looked at."""

    @get(
        "/api/v1/about",
        summary="What a front end must know before anybody signs in",
        description="`registration` and `anonymous` are as they hold for whoever asks: a server "
        "that listens on loopback is less open to what comes through a proxy.",
        tags=["health"],
        responses=only(403, 429, 500),
        response_headers=PRIVATE,
        sync_to_thread=False,
    )
    def show(request: AnyRequest) -> About:
        stranger = visit_of(request).stranger
        return About(
            *msgspec.structs.astuple(terms),
            registration=admission(stranger),
            anonymous=stranger.welcome,
        )

    return show
