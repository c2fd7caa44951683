"""Answers a request whole, as JSON, once its run has ended. Knows no dialect by name."""

import asyncio
from collections.abc import Mapping

from sluice.core.commands import Ask
from sluice.core.errors import RunExpired, SluiceError, from_code
from sluice.core.events import Finished
from sluice.core.runs import Follower, Run
from sluice.dialects.base import Dialect, Route
from sluice.transports.asgi import (
    VISIT,
    Gone,
    Receive,
    Scope,
    Send,
    Visit,
    advice,
    goodbye,
    inbound,
    refuse,
    respond,
)
from sluice.transports.entry import Entry, once_of, run_headers
from sluice.transports.status import status_of_failure


class WholeAnswer:
    """One `json` route."""

    def __init__(self, dialect: Dialect, route: Route, entry: Entry) -> None:
        assert route.answer is not None, f"{route.path} has no answer"
        self._dialect = dialect
        self._route = route
        self._answer = route.answer
        self._entry = entry

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
    ) -> None:
        visit: Visit = scope[VISIT]
        try:
            request = await inbound(scope, receive, self._entry.body_limit, path)
            ask = self._route.read(request)
            assert isinstance(ask, Ask), "only a connection that goes on can cancel"
            once = once_of(scope, request)
            run = await self._entry.start(ask, self._dialect, self._route, visit, once)
        except SluiceError as error:
            await refuse(send, error, self._dialect, visit)
            return
        except Gone:
            return
        follower = run.follow()
        try:
            if await self._wait(follower, receive):
                await self._respond(run, send, visit)
        except RunExpired as error:  # the log had to go before we got to read the end
            await refuse(send, error, self._dialect, visit)
        finally:
            follower.close(at_once=once is None)  # who has no key cannot come back for the answer

    async def _wait(self, follower: Follower, receive: Receive) -> bool:
        """Wait for the end of the run. False where the client leaves before."""
        watch = asyncio.create_task(goodbye(receive))
        watch.add_done_callback(lambda _: follower.nudge())
        try:
            while not follower.over and not watch.done():
                await follower.read()
            return follower.over
        finally:
            watch.cancel()

    async def _respond(self, run: Run, send: Send, visit: Visit) -> None:
        about = run_headers(run)
        ending = run.ending
        assert ending is not None, "a run that is over has ended"
        if isinstance(ending, Finished):
            await respond(send, 200, self._answer(run, ending), visit, about)
            return
        error = from_code(ending.code, ending.message)
        status = status_of_failure(ending.code)
        more = [*about, *advice(error)]
        await respond(send, status, self._dialect.refuse(error), visit, more)
