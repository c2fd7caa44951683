"""Logs, by structlog: readable on a terminal, JSON elsewhere. One line a run, never a text."""

import logging
import sys
from typing import Any

import msgspec
import structlog

from sluice.services.metering import Record

STAMP: list[Any] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# They speak up only when something is wrong.
QUIET = ("aiohttp", "alembic", "asyncio", "engineio", "litestar", "socketio", "uvicorn")


def set_up(style: str, level: int = logging.INFO) -> None:
    """Send every log, ours and our libraries', to standard error. `style`: auto, text or json."""
    text = style == "text" or (style == "auto" and sys.stderr.isatty())
    render: Any = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *STAMP],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Runs do not take the way through `logging`, which would cost several times as much.
    quick: Any = structlog.processors.JSONRenderer(_encode)
    structlog.configure(
        processors=[*STAMP, render if text else quick],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr)
        if text
        else structlog.BytesLoggerFactory(sys.stderr.buffer),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _encode(event: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)


class RunLines:
    """A book that writes each run's line."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()

    def __call__(self, record: Record) -> None:
        receipt = record.receipt
        usage = receipt.usage
        self._log.info(
            "run",
            logger="sluice.run",
            id=record.id,
            dialect=record.dialect,
            asked=record.asked[:80],
            model=receipt.model[:80],
            outcome=record.outcome,
            tokens_in=usage.input_tokens,
            tokens_out=usage.output_tokens,
            estimated=usage.estimated,
            cost=round(receipt.cost, 6),
            duration=round(receipt.duration, 3),
            first_token=receipt.first_token and round(receipt.first_token, 3),
            attempts=[f"{attempt.model[:80]}:{attempt.outcome}" for attempt in receipt.attempts],
        )
