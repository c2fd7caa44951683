"""The resources of accounts as an application by themselves, and a browser to ask them with.

What stands before them in the server is put in short here: it tells who asks by the real tokens,
keys and cookies, and knows nothing of origins and proxies.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig

from sluice.api.admin_users import audit, managed_users
from sluice.api.auth import me, registering, tokens
from sluice.api.errors import bug, ours, theirs
from sluice.api.invitations import invitations
from sluice.api.keys import keys
from sluice.api.logins import page_session, sessions
from sluice.core.commands import Principal
from sluice.core.errors import SluiceError, Unauthorized
from sluice.services.accounts.ports import Account, digest
from sluice.transports.asgi import VISIT, Receive, Scope, Send, Visit
from sluice.transports.credentials import credentials_of
from tests.services.people import PASSWORD, People, living

Json = dict[str, Any]


class Site:
    """Who asks, and the resources behind."""

    def __init__(self, people: People) -> None:
        self.people = people
        handlers = [
            registering(people.registration),
            *tokens(people.signing),
            *me(people.profile),
            *page_session(people.signing, people.profile),
            *sessions(people.signing),
            *keys(people.personal),
            *managed_users(people.administration),
            *invitations(people.inviting),
            audit(people.administration),
        ]
        self.app: Any = Litestar(
            handlers,
            openapi_config=OpenAPIConfig("Accounts", "1"),
            exception_handlers={SluiceError: ours, HTTPException: theirs, Exception: bug},
            logging_config=None,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope["client"][0]
        scope[VISIT] = Visit(await self._who(scope, Principal(address=address)), [])
        await self.app(scope, receive, send)

    async def _who(self, scope: Scope, stranger: Principal) -> Principal | SluiceError:
        given, people = credentials_of(scope), self.people
        if given is None:
            return stranger
        found: tuple[Account | None, str | None, Any] | None = None
        if given.cookie:
            found = await people.identities.cookie(digest(given.cookie), people.instant)
        elif given.bearer and given.bearer.startswith("sk-"):
            found = await people.identities.key(digest(given.bearer), people.instant)
        elif given.bearer and (proof := people.tokens.read(given.bearer, people.now)):
            found = await people.identities.user(str(proof.user)), proof.login, None
        if found is None or found[0] is None:
            return Unauthorized()
        account, login, _ = found
        return Principal(
            id=account.id,
            name=account.username,
            admin=account.role == "admin",
            login=login,
            address=stranger.address,
        )

    def client(self, token: str | None = None, *, https: bool = False) -> httpx.AsyncClient:
        """Somebody with a browser of their own."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self),
            base_url="https://localhost" if https else "http://localhost",
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    async def join(self, name: str) -> tuple[Json, httpx.AsyncClient]:
        """Register somebody and sign in: the answer to that, and a client that is known."""
        async with self.client() as stranger:
            user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
            assert (await stranger.post("/api/v1/auth/register", json=user)).status_code == 201
            login = {"username": name, "password": PASSWORD}
            grant = (await stranger.post("/api/v1/auth/login", json=login)).json()
        return grant, self.client(grant["access_token"])


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """The resources over a database of the test's own. The first to register is administrator."""
    async with living(folder) as people:
        yield Site(people)
