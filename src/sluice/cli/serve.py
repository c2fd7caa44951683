"""`sluice serve`: the server, and what it says of itself when it starts."""

import logging
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from sluice.adapters import logs
from sluice.app import Application, policy_of
from sluice.flows.registry import BadFlow
from sluice.house import bounds_of
from sluice.providers.registry import Catalog
from sluice.settings import BadSetting, Settings, load, unknown
from sluice.transports.server import Server, listen, raise_file_limit, spare_the_collector
from sluice.version import VERSION

COMPAT_PORTS = [8000, 8001, 5000, 3000]
PAID = {"openai", "gemini", "anthropic"}

Host = Annotated[str | None, typer.Option(help="Address to listen on.  [SLUICE_HOST]")]
Port = Annotated[list[int] | None, typer.Option(help="Port; may be given again.  [SLUICE_PORT]")]
Workers = Annotated[int | None, typer.Option(help="Worker processes.  [SLUICE_WORKERS]")]
Compat = Annotated[bool, typer.Option("--compat-ports", help="Listen on 8000, 8001, 5000, 3000.")]


def serve_command(
    host: Host = None, port: Port = None, workers: Workers = None, compat_ports: Compat = False
) -> None:
    """Run the server."""
    ports = [*(port or []), *(COMPAT_PORTS if compat_ports else [])]
    try:
        settings = load(host=host, port=tuple(dict.fromkeys(ports)) or None, workers=workers)
        logs.set_up(settings.log_format)
        run(settings)
    except (BadSetting, BadFlow) as problem:
        typer.echo(f"sluice: {problem}", err=True)
        raise typer.Exit(2) from None
    except OSError as problem:
        typer.echo(f"sluice: cannot listen: {problem.strerror or problem}", err=True)
        raise typer.Exit(2) from None


def run(settings: Settings) -> None:
    """Serve until told to stop. Raises `BadSetting`, `BadFlow`, and `OSError` for a taken port."""
    files, runs = raise_file_limit(settings.max_runs)
    bounds = msgspec.structs.replace(bounds_of(settings), max_runs=runs)
    sockets = listen(settings.host, settings.port)
    application = Application(settings, bounds)
    names = list(dict.fromkeys(sock.getsockname()[1] for sock in sockets))

    def greet() -> None:
        banner(settings, names, application, files, runs)
        spare_the_collector()

    application.greet = greet
    logging.getLogger("uvicorn.error").addFilter(lambda _: application.refusal is None)
    try:
        Server(application, application.drain, settings.body_limit, settings.body_timeout).run(
            sockets
        )
    except SystemExit:  # uvicorn's way to say that the start has failed
        if application.refusal is None:
            raise
        raise application.refusal from None


def banner(
    settings: Settings, ports: list[int], application: Application, files: int, runs: int
) -> None:
    """Say where the server is to be found, what it has, and what the operator should know."""
    console = Console(highlight=False, soft_wrap=True)
    host = settings.host if settings.host not in {"0.0.0.0", "::"} else "localhost"
    console.print(f"[bold]Sluice {VERSION}[/bold]")
    for port in ports:
        console.print(f"  page  http://{host}:{port}/")
        console.print(f"  docs  http://{host}:{port}/docs")
    catalog = application.house.catalog
    console.print(f"  providers  {', '.join(configured(catalog))}")
    for warning in warnings(settings, application, files, runs):
        console.print(f"[yellow]  ! {warning}[/yellow]")


def configured(catalog: Catalog) -> list[str]:
    """The providers that there are."""
    return [name for name, one in catalog.health().items() if one["configured"]]


def warnings(settings: Settings, application: Application, files: int, runs: int) -> list[str]:
    """What should not go unsaid, a line each."""
    catalog, policy = application.house.catalog, policy_of(settings)
    there = set(configured(catalog))
    said = [f"{name} is no setting of this version, and is ignored" for name in unknown()]
    said += catalog.warnings()
    if there == {"demo"}:
        said.append(
            "no provider is configured: the demo model answers everything. Set OPENAI_API_KEY, "
            "GEMINI_API_KEY, ANTHROPIC_API_KEY or LOCAL_LLM_URL, here or in .env"
        )
    if runs < settings.max_runs:
        said.append(f"SLUICE_MAX_RUNS is cut to {runs}: this process may open {files} files")
    strangers = policy.anonymous if policy.anonymous is not None else policy.loopback
    if strangers and not policy.loopback and there & PAID:
        said.append("strangers may spend your paid keys: SLUICE_ALLOW_ANONYMOUS is on")
    if not strangers:
        said.append("strangers are turned away; SLUICE_ALLOW_ANONYMOUS=true lets them in")
    if not policy.loopback and not policy.hosts:
        said.append("any Host name is answered; SLUICE_ALLOWED_HOSTS narrows that")
    return said
