"""What a stream's arrivals and headers say about the road it came. Pure: figures in, words out."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from sluice.cli.probes.wire import Trouble

TOGETHER = 0.005  # seconds: events closer than this came in one piece
FEW = 5  # events: fewer say nothing about a rhythm

UNBUFFER = (
    "nginx: proxy_buffering off (or let X-Accel-Buffering through); HAProxy: option http-no-delay; "
    "Apache: flushpackets=on; a CDN: no caching or transformation of text/event-stream"
)
UNCOMPRESS = (
    "leave text/event-stream out of compression: nginx: no text/event-stream in gzip_types; "
    "HAProxy: not in `compression type`; Caddy: encode with a matcher"
)
UNIDLE = (
    "longer timeouts for silence (nginx: proxy_read_timeout, HAProxy: timeout server and timeout "
    "client, a load balancer's idle timeout), or a lower SLUICE_HEARTBEAT"
)
HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Type": ("text/event-stream", "charset=utf-8"),
    "Cache-Control": ("no-cache", "no-transform"),
    "X-Run-Id": ("",),
}


def clumps(arrivals: Sequence[float]) -> int:
    """In how many pieces these events came."""
    return 1 + sum(after - before >= TOGETHER for before, after in pairwise(arrivals))


def clumped(arrivals: Sequence[float], spacing: float) -> Trouble | None:
    """What is wrong if events that left `spacing` seconds apart came together, else None.

    Half of them must have come together: a busy machine bunches a few, a buffer most.
    """
    count, pieces = len(arrivals), clumps(arrivals)
    if count < FEW:
        return Trouble(f"only {count} events came, too few to judge")
    if (count - pieces) * 2 < count - 1:
        return None
    spread = arrivals[-1] - arrivals[0]
    how = "all at once" if pieces == 1 else f"in {pieces} lumps"
    return Trouble(
        f"buffered on the way: {count} events, sent {spacing * 1000:.0f} ms apart, came {how}, "
        f"{spread * 1000:.0f} ms from first to last",
        UNBUFFER,
    )


def rhythm(first_byte: float, arrivals: Sequence[float]) -> dict[str, float]:
    """A stream's figures in milliseconds: its first byte, first and last token, and the gaps."""
    gaps = [after - before for before, after in pairwise(arrivals)] or [0.0]
    seconds = {
        "first_byte": first_byte,
        "first_token": arrivals[0] if arrivals else 0.0,
        "gap": median(gaps),
        "gap_max": max(gaps),
        "last": arrivals[-1] if arrivals else 0.0,
    }
    return {name: round(value * 1000, 1) for name, value in seconds.items()}


def compressed(headers: Mapping[str, str], offered: str) -> Trouble | None:
    """What is wrong if a stream comes compressed, else None."""
    coding = headers.get("Content-Encoding", "identity").lower()
    if coding == "identity":
        return None
    asked = (
        "though the client asked for none"
        if offered == "identity"
        else f"to a client that offers {offered}"
    )
    return Trouble(f"compressed on the way: Content-Encoding {coding} {asked}", UNCOMPRESS)


def stripped(headers: Mapping[str, str]) -> Trouble | None:
    """What is wrong if headers of a stream were taken out or changed, else None."""
    lost: list[str] = []
    for name, parts in HEADERS.items():
        value = headers.get(name)
        if value is None:
            lost.append(f"{name} is missing")
        elif any(part not in value.lower() for part in parts):
            lost.append(f"{name} is {value!r}")
    if not lost:
        return None
    return Trouble(
        "headers changed on the way: " + "; ".join(lost),
        "do not hide or rewrite them (nginx: proxy_hide_header, expires; a CDN's rules)",
    )


def cut(silence: float, pings: int) -> Trouble:
    """What to say of a stream that ended in the middle of a silence."""
    seen = f"after {pings} keep-alive comments" if pings else "before any keep-alive comment came"
    return Trouble(f"idle streams are cut: closed after {silence:.1f} s of silence, {seen}", UNIDLE)
