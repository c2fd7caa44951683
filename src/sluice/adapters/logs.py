"""Logs, by structlog: readable on a terminal, JSON elsewhere. One line a run, never a text."""

import logging
import sys
from typing import Any

import structlog

from sluice.services.metering import Record

SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
QUIET = ("aiohttp", "asyncio", "uvicorn", "litestar")  # they speak up only when something is wrong


def set_up(style: str, level: int = logging.INFO) -> None:
    """Send every log, ours and our libraries', to standard error. `style`: auto, text or json."""
    text = style == "text" or (style == "auto" and sys.stderr.isatty())
    last: Any = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class RunLines:
    """A book that writes each run's line."""

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("sluice.run")

    def __call__(self, record: Record) -> None:
        receipt = record.receipt
        usage = receipt.usage
        self._log.info(
            "run",
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
