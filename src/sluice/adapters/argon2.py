"""Passwords by Argon2id, in threads of their own. Knows no user.

Two at once, for each takes some 64 MiB and as much of the processor as it gets; a few more may
wait; who comes then is asked to come again, so that guessing cannot bring the server to a halt.
The parameters are RFC 9106's for little memory, which are the library's own.
"""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from sluice.core.errors import Overloaded

T = TypeVar("T")

AT_ONCE = 2
WAITING = 8
RETRY_AFTER = 2.0  # seconds


class Argon2:
    """A `Hasher`. Close it once nobody waits for it any more."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = _nobody(self._hasher)
        self._threads = ThreadPoolExecutor(AT_ONCE, "argon2")
        self._places = BoundedSemaphore(AT_ONCE + WAITING)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, hash: str | None, password: str) -> bool:
        return await self._run(lambda: self._matches(hash or self._nobody, password))

    def stale(self, hash: str) -> bool:
        return self._hasher.check_needs_rehash(hash)

    def close(self) -> None:
        """Finish what goes on; forget what waits."""
        self._threads.shutdown(cancel_futures=True)

    def _matches(self, hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise Overloaded("Too many are signing in at once.", retry_after=RETRY_AFTER)
        future = self._threads.submit(work)
        # Its place is free once the work has ended, even where nobody waits for it any more.
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)


def _nobody(hasher: PasswordHasher) -> str:
    """A hash that no password has, and that takes as long to try as any other."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"
