"""The tables. What each column means stands beside it; `migrations/` brings databases here."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sluice.stores.sql.tables import metadata, owned
from sluice.stores.sql.types import AnyText, Id, Instant, Serial

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", String(64), nullable=False),
    Column("name_key", String(192), nullable=False, unique=True),  # the name, case folded
    Column("email", String(254)),
    Column("email_key", String(254), unique=True),
    Column("password_hash", Text),  # argon2id; none for who signs in elsewhere only
    Column("role", String(16), nullable=False),  # user, admin
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("max_runs", Integer),  # instead of the setting
    Column("daily_tokens", BigInteger),  # instead of the setting
)

identities = Table(  # who a user is at an issuer of tokens beside us
    "identities",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    owned(),
)

logins = Table(  # a person's session on one device; it outlives its access tokens
    "logins",
    metadata,
    Column("id", Id, primary_key=True),
    owned(),
    Column("kind", String(16), nullable=False),  # bearer, cookie
    Column("secret_hash", String(64), unique=True),  # of a cookie
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("address", String(64), nullable=False),
    Column("agent", String(200), nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("login_id", Id, ForeignKey("logins.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(None, "login_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    owned(),
    Column("hash", String(64), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("hint", String(32), nullable=False),  # how it begins, to know it by
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Index(None, "user_id"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("email", String(254)),  # the only address that may use it
    Column("created_by", Id, ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("used_by", Id, ForeignKey("users.id", ondelete="SET NULL")),
)

revocations = Table(  # read every other second by each server, so that all of them know
    "revocations",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),  # user, login, key
    Column("subject", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "at"),
    sqlite_autoincrement=True,  # a number is not given again, though its row is gone
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", Id),  # a user's id, which may be gone by now
    Column("action", String(64), nullable=False),
    Column("subject", String(100), nullable=False),
    Column("address", String(64), nullable=False),
    Column("outcome", String(32), nullable=False),  # ok, or an error's code
    Index(None, "at"),
    sqlite_autoincrement=True,
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True),
    owned(null=True),
    Column("kind", String(16), nullable=False),  # the dialect that made it: conversations, chat
    Column("scope", String(100), nullable=False),  # within which its name is its own
    Column("name", String(128)),  # as its client calls it; a session's id
    Column("title", AnyText, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),  # can be taken back for a while
    Column("expires_at", Instant),  # an anonymous session's
    Column("message_count", Integer, nullable=False),  # of the branch that is shown
    Column("active_run_id", String(32)),  # the run that writes a reply now
    UniqueConstraint("kind", "scope", "name"),
    Index(None, "user_id", "kind", "updated_at"),
    Index(None, "deleted_at"),
    Index(None, "expires_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column(
        "conversation_id", Id, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False
    ),
    Column("parent_id", Id),  # the message that it follows; none for a first one
    Column("depth", Integer, nullable=False),  # how many it follows, itself included: from 1
    Column("shown", Boolean, nullable=False),  # it is on the branch that is shown
    Column("role", String(16), nullable=False),  # user, assistant
    Column("content", AnyText, nullable=False),
    Column("size", Integer, nullable=False),  # bytes of it in UTF-8
    Column("status", String(16), nullable=False),  # streaming, complete, partial, failed
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("run_id", String(32)),
    Column("model", String(200)),
    Column("finish_reason", String(32)),
    Column("code", String(32)),  # of the error that ended it
    Column("tokens", Integer),  # of the completion
    Index(None, "conversation_id", "depth"),
    sqlite_autoincrement=True,
)

runs = Table(  # a run's row is its line in the usage, too
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    owned(null=True),
    Column("conversation_id", Id, ForeignKey("conversations.id", ondelete="SET NULL")),
    Column("message_id", Id),  # the reply
    Column("server", String(32), nullable=False),  # where it runs
    Column("dialect", String(32), nullable=False),
    Column("asked", String(200), nullable=False),  # the model as asked or chosen
    Column("model", String(200), nullable=False),  # the model that answered
    Column("status", String(16), nullable=False),  # running, done, cancelled, failed, crashed
    Column("finish_reason", String(32)),
    Column("code", String(32)),
    Column("input_tokens", Integer, nullable=False),  # while it runs, what was reserved for it
    Column("output_tokens", Integer, nullable=False),
    Column("reasoning_tokens", Integer, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("cost", Float, nullable=False),  # USD
    Column("points", Integer, nullable=False, server_default="0"),  # that its user was charged
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("duration", Float),  # seconds
    Column("first_token", Float),  # seconds
    Column("text_length", Integer, nullable=False),  # code points, as of the last checkpoint
    Column("offsets", LargeBinary),  # how far into the text each event came; see `replay.py`
    Index(None, "user_id", "started_at"),
    Index(None, "conversation_id"),
    Index(
        "ix_runs_running",
        "started_at",
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
)

checkpoints = Table(  # what a long answer has said, piece by piece, until it has ended
    "checkpoints",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("run_id", String(32), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("piece", AnyText, nullable=False),
    Index(None, "run_id"),
    sqlite_autoincrement=True,
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Id, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # of the request
    Column("run_id", String(32), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "created_at"),
)

balances = Table(  # what a user has taken of something that is limited
    "balances",
    metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("unit", String(16), primary_key=True),  # tokens
    Column("period", String(16), primary_key=True),  # a day, as 2026-11-21
    Column("held", BigInteger, nullable=False),  # reserved by runs that go on
    Column("spent", BigInteger, nullable=False),
)

holds = Table(  # what one run has reserved
    "holds",
    metadata,
    Column("run_id", String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("unit", String(16), primary_key=True),
    owned(),
    Column("period", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
)

point_entries = Table(  # the ledger of points: a user's balance is the sum of it
    "point_entries",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    owned(),
    Column("at", Instant, nullable=False),
    Column("kind", String(16), nullable=False),  # grant, charge
    Column("amount", BigInteger, nullable=False),  # below zero for what was paid
    Column("run_id", String(32)),  # what was paid for
    Column("note", String(200), nullable=False),
    Index(None, "user_id", "seq"),
    sqlite_autoincrement=True,
)

media = Table(  # files that go with questions; their bytes are elsewhere
    "media",
    metadata,
    Column("id", Id, primary_key=True),
    owned(),
    Column("content_type", String(100), nullable=False),  # as the content shows
    Column("size", BigInteger, nullable=False),  # bytes of the file as it came
    Column("sha256", String(64), nullable=False),  # of those
    Column("name", AnyText, nullable=False),  # as its owner calls it
    Column("created_at", Instant, nullable=False),
    Column("prompt_type", String(100), nullable=False),  # of what a model is given of it
    Index(None, "user_id"),
)

attachments = Table(  # which messages carry which files
    "attachments",
    metadata,
    Column("message_id", Id, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # from 0
    Column("media_id", Id, ForeignKey("media.id", ondelete="CASCADE"), nullable=False),
    Index(None, "media_id"),
)

discarded_media = Table(  # files of which there may be bytes, and no row: a trigger fills it, too
    "discarded_media",
    metadata,
    Column("id", Id, primary_key=True),
    Column("since", Instant),  # when its bytes began to be stored; none: its row was deleted
)
