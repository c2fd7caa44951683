"""The addresses that every deployment has: is it alive, what does it offer."""

import msgspec

from sluice.cli.probes.base import Context, Note, Probe, expect

NEEDED_PATHS = ("/api/v1/query/stream", "/api/stream/chat")


class ProviderState(msgspec.Struct):
    configured: bool = False
    state: str = "unknown"


class Health(msgspec.Struct):
    status: str
    version: str
    uptime: float
    providers: dict[str, ProviderState]

    @property
    def paid(self) -> list[str]:
        """Providers that are configured and may cost money."""
        free = {"demo", "local"}
        return [name for name, one in self.providers.items() if one.configured and name not in free]


class OpenAPI(msgspec.Struct):
    openapi: str
    paths: dict[str, dict[str, object]]


async def _livez(on: Context) -> Note:
    reply = await on.target.ask("GET", "/livez")
    reply.expect(200)
    return Note(ms={"total": _ms(reply.seconds)})


async def _readyz(on: Context) -> Note:
    reply = await on.target.ask("GET", "/readyz")
    reply.expect(200)
    return Note(ms={"total": _ms(reply.seconds)})


async def _health(on: Context) -> Note:
    reply = await on.target.ask("GET", "/health")
    reply.expect(200)
    health = reply.read(Health)
    failing = [name for name, one in health.providers.items() if one.state == "failing"]
    expect(not failing, f"{health.status}: failing: {', '.join(failing)}")
    names = [name for name, one in health.providers.items() if one.configured]
    return Note(f"{health.status}, version {health.version}, {', '.join(names) or 'no provider'}")


async def _openapi(on: Context) -> Note:
    reply = await on.target.ask("GET", "/openapi.json")
    reply.expect(200)
    found = reply.read(OpenAPI)
    missing = [path for path in NEEDED_PATHS if path not in found.paths]
    expect(not missing, f"not documented: {', '.join(missing)}")
    return Note(f"{len(found.paths)} paths")


async def _docs(on: Context) -> Note:
    reply = await on.target.ask("GET", "/docs")
    reply.expect(200)
    kind = reply.headers.get("Content-Type", "")
    expect(kind.startswith("text/html"), f"comes as {kind or 'nothing'}, not text/html")
    return Note()


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


PROBES = (
    Probe("addresses", "alive (/livez)", "nothing", _livez),
    Probe("addresses", "ready (/readyz)", "nothing", _readyz),
    Probe("addresses", "health (/health)", "nothing", _health),
    Probe("addresses", "description (/openapi.json)", "nothing", _openapi),
    Probe("addresses", "documentation (/docs)", "nothing", _docs),
)
