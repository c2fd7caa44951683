"""Column types that mean the same on SQLite and on PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import TIMESTAMP, BigInteger, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

ESCAPE = "\x1a"  # U+001A SUBSTITUTE, which no text needs


class Instant(TypeDecorator[datetime]):
    """A moment: an aware `datetime` in UTC. On SQLite ISO 8601, which sorts as time does."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without its offset from UTC")
        if dialect.name == "postgresql":
            return value
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            return value.astimezone(UTC)
        return datetime.fromisoformat(value)


class AnyText(TypeDecorator[str]):
    """Text that may hold any character: PostgreSQL's own cannot hold NUL, so NUL is escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and ("\0" in value or ESCAPE in value):
            return value.replace(ESCAPE, ESCAPE + "1").replace("\0", ESCAPE + "0")
        return value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and ESCAPE in value:
            return value.replace(ESCAPE + "0", "\0").replace(ESCAPE + "1", ESCAPE)
        return value


Id = String(36)
Serial = BigInteger().with_variant(Integer(), "sqlite")  # a rowid there, so that it counts up
