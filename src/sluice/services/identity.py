"""Who asks: the port by which requests are told whose they are, and how long that holds."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from sluice.core.commands import Principal
from sluice.core.errors import SluiceError


class Credentials(msgspec.Struct, frozen=True):
    """What a request brought to say whose it is. At most one of them is looked at, in this order.

    `bearer`  from the `Authorization` header, or a Socket.IO connection's `auth`
    `ticket`  from the query string: for clients that can set no header
    `cookie`  the session's cookie, which only a page of ours may use to change anything
    `run`     the run that is to be resumed, for which a ticket may be used again
    """

    bearer: str | None = None
    ticket: str | None = None
    cookie: str | None = None
    run: str | None = None


class Admitted(Principal, frozen=True):
    """Somebody who was let in. `since`: after how many revocations that was found out, so that
    a later one is not missed by a stream that opens only then."""

    since: int = 0


class Doorman(Protocol):
    """Tells who asks."""

    def known(self, given: Credentials, stranger: Principal) -> Principal | SluiceError | None:
        """Who this is, at once, where that is known without asking anywhere; None: `identify`.

        `stranger` is the request as it would be without credentials.
        """
        ...

    async def identify(self, given: Credentials, stranger: Principal) -> Principal | SluiceError:
        """Who this is. An error, which is not raised here but where it is known in what words to
        say it: `Unauthorized`, or `Overloaded`.
        """
        ...

    def began(self, given: Credentials, run: str) -> None:
        """A request has begun this run: a used ticket will do to resume it."""
        ...


class Standing(Protocol):
    """Watches over what somebody was admitted by, for as long as a stream is open."""

    def watch(self, who: Principal, lapsed: Callable[[], None]) -> Callable[[], None]:
        """Call `lapsed`, once, when who asks is no longer let in: expired, or revoked.

        Returns what ends the watch.
        """
        ...
