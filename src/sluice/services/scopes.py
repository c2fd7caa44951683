"""Whose a chat session is: names that we make are proof themselves, names of others' need an owner.

Two strangers who both call their session `default` must not see each other's.
"""

import hashlib
import hmac
import logging
from collections.abc import Callable

from sluice.core.commands import Principal

TAG = 10  # characters of a name that show that we have made it

log = logging.getLogger("sluice.sessions")


class Scopes:
    """Makes names of sessions, and tells within which scope a name is looked for."""

    def __init__(self, secret: bytes, token: Callable[[], str]) -> None:
        self._secret = hashlib.sha256(b"session names" + secret).digest()
        self._token = token
        self._warned = False

    def name(self) -> str:
        """A new name, with 128 random bits: whoever knows it is let in."""
        token = self._token()
        return token + self._tag(token)

    def of(self, who: Principal, name: str) -> str | None:
        """The scope of a name; None where nobody can tell whose it is: it needs a new one."""
        if who.id is not None:
            return f"u:{who.id}"
        if hmac.compare_digest(self._tag(name[:-TAG]).encode(), name[-TAG:].encode()):
            return ""
        if who.browser:
            visitor = who.visitor
            return None if visitor is None else f"v:{hashlib.sha256(visitor.encode()).hexdigest()}"
        if who.placed:
            return f"a:{who.caller}"
        if not self._warned:
            self._warned = True
            log.warning(
                "a proxy that is not in SLUICE_TRUSTED_PROXIES stands before strangers: the names "
                "that they choose for their sessions are not used"
            )
        return None

    def _tag(self, token: str) -> str:
        return hmac.new(self._secret, token.encode(), hashlib.sha256).hexdigest()[:TAG]
