"""All settings in words, from `settings.py`: what `sluice serve --help` and the docs show."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand

from sluice.settings import UNITS, Settings, env_name

# The field that each group of `settings.py` begins with, and the group's heading there.
GROUPS = {
    "host": "Where it listens",
    "data_dir": "Storage",
    "registration": "People",
    "rate_limit_enabled": "Limits",
    "media_limit": "Files",
    "points": "Points",
    "cache_ttl": "Answers",
    "default_model": "Models",
    "openai_api_key": "Providers",
    "disconnect_grace": "Runs",
    "enable_logs": "Logs",
}
SIZES = frozenset(
    {
        "body_limit",
        "cache_memory",
        "media_limit",
        "media_quota",
        "media_image_bytes",
        "run_memory",
        "log_memory",
    }
)
NAME_WIDTH = 26


class Setting(NamedTuple):
    """One setting. `default` is as the environment would say it; empty where there is none."""

    group: str
    name: str
    default: str
    description: str


def settings() -> Iterator[Setting]:
    """Every setting, in the order of `settings.py`."""
    group = ""
    for field, info in Settings.model_fields.items():
        group = GROUPS.get(field, group)
        default = written(info.default, size=field in SIZES)
        yield Setting(group, env_name(field), default, info.description or "")


def written(value: Any, *, size: bool = False) -> str:
    """A default as one would write it: `256MiB`, `true`, `a,b`; nothing for None and no items."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() if size:
            return _size(value)
        case float():
            return f"{value:g}"
        case tuple():
            return ",".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - of what, only its field knows
        case _:
            return str(value)


def _size(size: int) -> str:
    for letter, unit in reversed(UNITS.items()):
        if letter and size % unit == 0:
            return f"{size // unit}{letter.upper()}iB"
    return str(size)


class ServeHelp(TyperCommand):
    """A command whose help ends with all settings."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        console = Console(highlight=False)
        console.print(" Settings, from the environment or the file .env:\n", markup=False)
        for title in GROUPS.values():
            console.print(panel(title))


def panel(title: str) -> Panel:
    """One group of settings, for a terminal."""
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(min_width=NAME_WIDTH, no_wrap=True)
    table.add_column(overflow="fold")
    for setting in settings():
        if setting.group == title:
            said = Text(setting.description.replace("`", ""))
            if setting.default:
                said.append(f" [{setting.default}]", style="dim")
            table.add_row(Text(setting.name, style="bold"), said)
    return Panel(table, title=title, title_align="left", border_style="dim")
