"""How often a password may be guessed. Nobody can lock a stranger out: what counts is who guesses.

Only failures count, and they are known only once the password has been tried, slowly; so guesses
that are being tried count as well, for as long as they are.
"""

from collections import Counter as Tally
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager

from sluice.core.commands import network_of
from sluice.core.errors import RateLimited
from sluice.services.limits import Counter, Rate

WINDOW = 15 * 60.0  # seconds
OF_NAME = Rate(10, WINDOW)  # failures for one name from one address
OF_ADDRESS = Rate(50, WINDOW)  # failures from one address
REMEMBERED = 10_000  # pairs of name and address that have got it right after all
BUSY = 1.0  # seconds to wait where it is guesses under way that take up what is left


class Guess:
    """One guess. Say how it came out; what does not come out at all does not count."""

    def __init__(self, guesses: "Guesses", name: str, address: str) -> None:
        self._guesses = guesses
        self._name = name
        self._address = address

    def failed(self) -> None:
        self._guesses.count(self._name, self._address)

    def succeeded(self) -> None:
        self._guesses.clear(self._name, self._address)


class Guesses:
    """Counts failures by name and address, and by address."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._going: Tally[tuple[str, str]] = Tally()
        self._cleared: OrderedDict[tuple[str, str], int] = OrderedDict()

    @contextmanager
    def guess(self, name: str, address: str) -> Generator[Guess]:
        """Hold a guess at the password of a name, for as long as it is tried. Raises
        `RateLimited`, before anything is tried."""
        address = network_of(address)
        counts = [(bucket, caller) for bucket, caller, _ in self._buckets(name, address)]
        for bucket, caller, rate in self._buckets(name, address):
            verdict = self._counter.peek(bucket, caller, rate)
            if verdict.remaining <= self._going[bucket, caller]:
                wait = verdict.reset if verdict.remaining <= 0 else BUSY
                raise RateLimited("Too many failed attempts. Try again later.", retry_after=wait)
        self._going.update(counts)
        try:
            yield Guess(self, name, address)
        finally:
            self._going.subtract(counts)
            for count in counts:
                if not self._going[count]:
                    del self._going[count]

    def count(self, name: str, address: str) -> None:
        """A guess was wrong."""
        for bucket, caller, rate in self._buckets(name, address):
            self._counter.hit(bucket, caller, rate)

    def clear(self, name: str, address: str) -> None:
        """A guess was right: failures before it are forgiven, for this name from this address.

        A counter only counts, so the pair counts under another name from here on.
        """
        bucket, caller, rate = self._buckets(name, address)[0]
        if self._counter.peek(bucket, caller, rate).remaining >= rate.amount:
            return
        pair = (name, address)
        self._cleared[pair] = self._cleared.pop(pair, 0) + 1
        if len(self._cleared) > REMEMBERED:
            self._cleared.popitem(last=False)

    def _buckets(self, name: str, address: str) -> list[tuple[str, str, Rate]]:
        times = self._cleared.get((name, address), 0)
        return [
            ("password of a name", f"{address} {times} {name}", OF_NAME),
            ("password from an address", address, OF_ADDRESS),
        ]
