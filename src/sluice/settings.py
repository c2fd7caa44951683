"""Every setting, once. The only reader of the environment and of `.env`.

A field's description is its documentation: `sluice serve --help`, `.env.example` and
`docs/settings.md` are made from it.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "SLUICE_"
SIZE = re.compile(r"(\d+)\s*([KMG]i?B)?", re.IGNORECASE)
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

Names = Annotated[tuple[str, ...], NoDecode]
Ports = Annotated[tuple[int, ...], NoDecode]
Bytes = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class BadSetting(Exception):
    """A setting is wrong. Its text is one line that names it, and never shows its value."""


def _key(name: str, description: str, default: Any = None) -> Any:
    """A setting whose name is fixed by the world rather than prefixed by ours."""
    return Field(default, validation_alias=name, description=description)


class Settings(BaseSettings):
    """What the operator has decided; see each field."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    # fmt: off
    # Where it listens
    host: str = Field("127.0.0.1", description="Address to listen on; a loopback one also brings its twin (::1).")
    port: Ports = Field((8000,), description="Ports to listen on, comma-separated.")
    workers: int = Field(1, ge=1, description="Worker processes; one, for more need a shared run log (Redis), which this version does not have.")
    allowed_hosts: Names = Field((), description="`Host` names that are answered; on loopback also localhost, 127.0.0.1 and [::1].")
    cors_origins: Names = Field((), description="Origins whose pages may call; `*` for all, `null` for pages opened from disk.")
    trusted_proxies: Names = Field((), description="Addresses or networks of proxies whose forwarding headers are believed.")
    allow_anonymous: bool | None = Field(None, description="Answer strangers. Unset: yes on loopback, no elsewhere.")
    metrics_token: SecretStr | None = Field(None, description="Bearer for `/metrics` from beyond loopback; without it only loopback may ask.")
    body_limit: Bytes = Field(1 << 20, description="Largest request body or WebSocket message, in bytes (units: KiB, MiB).")
    body_timeout: Seconds = Field(30.0, gt=0, description="Seconds that a request's body may take to arrive.")

    # Storage
    data_dir: Path = Field(Path("data"), description="Folder of the SQLite file, its backups and the generated secret; made with mode 700.")
    database_url: SecretStr | None = Field(None, description="`postgresql://user:password@host/name`. Unset: SQLite in the data folder.")

    # People
    registration: Literal["open", "invite", "closed"] | None = Field(None, description="Who may register: `open`, `invite` or `closed`. Unset: open on loopback, closed elsewhere.")
    first_user_admin: bool = Field(False, description="Make the first user who registers an administrator.")
    jwt_secret: SecretStr | None = Field(None, description="Signs access tokens; 32 bytes or more. Unset: made at the first start and kept in the data folder.")
    access_token_lifetime: int = Field(900, ge=1, le=1800, description="Seconds that an access token is good for.")
    oidc_issuer: str | None = Field(None, description="Also accept bearer tokens of this OpenID Connect issuer: its `iss`, an https address.")
    oidc_audience: str | None = Field(None, description="The `aud` that those tokens must name.")
    context_messages: int = Field(200, ge=0, description="Earlier messages of a conversation that a model is given, at most; the newest, as far as its context window holds them.")
    recall_tokens: int = Field(1000, ge=0, description="Tokens of older turns that a model is reminded of where not all of a conversation fits: those of the user's own that have the most to do with the newest message, found by their words. At most a quarter of what a prompt may have. 0: none.")
    busy_conversations: Literal["refuse", "wait"] = Field("refuse", description="A message to a conversation where a reply is being written: `refuse` it (409), or let it `wait`.")

    # Limits
    rate_limit_enabled: bool = Field(True, description="Limit how often each user, or each address of strangers, may ask.")
    rate_limits: Names = Field((), description="Limits by bucket, instead of its default: `chat_stream=30/minute`. `*`: each generating route that names no other (60/minute). See docs/operate.md for the buckets.")
    max_runs_per_user: int = Field(100, ge=1, description="Runs at once of one user, or of one address of strangers; above it: 503 `overloaded`.")
    daily_tokens: int | None = Field(None, ge=0, description="Tokens that a user may take in a day (UTC), prompts and replies together. Unset: any number.")
    graphql_introspection: bool = Field(True, description="Tell whoever is signed in of GraphQL's schema.")

    # Files
    media_limit: Bytes = Field(20 << 20, description="The largest file that may be uploaded, or fetched.")
    media_quota: Bytes = Field(1 << 30, description="The most that all files of a user may take.")
    media_images: int = Field(8, ge=0, description="Pictures that a model is given with one request, those of earlier turns included.")
    media_image_bytes: Bytes = Field(20 << 20, description="The most that those pictures may take.")
    media_characters: int = Field(400_000, ge=0, description="Characters of documents that a model is given with one request.")
    s3_endpoint: str | None = Field(None, description="Address of an S3-compatible store for files. Unset: the data folder.")
    s3_bucket: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]+$", description="Its bucket.")
    s3_region: str = Field("us-east-1", description="Its region.")
    s3_access_key: SecretStr | None = Field(None, description="Who asks there.")
    s3_secret_key: SecretStr | None = Field(None, description="What proves that.")
    s3_prefix: str = Field("", pattern=r"^[A-Za-z0-9/_.-]*$", description="What the names of all files there begin with.")

    # Points
    points: Literal["interactions", "all", "off"] = Field("interactions", description="Where replies cost points: in the dialect `interactions`, in `all` for signed-in users, or nowhere (`off`).")
    tokens_per_point: int = Field(30, ge=1, description="Tokens, of prompt and reply, that one point pays for.")
    points_at_registration: int = Field(1000, ge=0, description="Points that a new user begins with.")

    # Answers
    cache_ttl: Seconds = Field(0.0, description="Seconds that an answer is given again to the same request of the same user, at no cost; 0: never.")
    cache_memory: Bytes = Field(64 << 20, description="The most that answers kept for that may take.")

    # Models
    default_model: str | None = Field(None, description="Model where a request names none, as `provider/name`.")
    fallbacks: Names = Field((), description="Models to try in order when one fails before its first token.")
    model_aliases: Names = Field((), description="Patterns and what they stand for: `gpt-*=local/llama3`.")
    allowed_models: Names = Field(("*",), description="Patterns of models that may be asked for.")
    anonymous_models: Names = Field(("*",), description="Patterns of models that strangers may ask for.")
    max_tokens: int = Field(16_384, ge=1, description="Upper limit of a reply, in tokens.")
    default_max_tokens: int = Field(4096, ge=1, description="Length of a reply where neither request nor dialect names one.")
    demo: bool | None = Field(None, description="Offer the demo model. Unset: yes, unless a provider is configured and the server is not on loopback.")
    prices: Names = Field((), description="USD per million tokens in/out, by model pattern: `openai/gpt-4o-mini=0.15/0.60`.")
    context_windows: Names = Field((), description="Context window in tokens, by model pattern: `local/*=8192`.")
    vision_models: Names = Field((), description="Further patterns of models that take images: `local/llava*`.")
    reasoning_models: Names = Field((), description="Further patterns of models that think long before their first token.")
    patience: Names = Field((), description="Time limits in seconds, by model pattern: `local/*=connect:2;first_byte:300;silence:60`.")

    # Providers
    openai_api_key: SecretStr | None = _key("OPENAI_API_KEY", "Key for OpenAI.")
    gemini_api_key: SecretStr | None = _key("GEMINI_API_KEY", "Key for Google Gemini.")
    anthropic_api_key: SecretStr | None = _key("ANTHROPIC_API_KEY", "Key for Anthropic.")
    openai_base_url: str = _key("OPENAI_BASE_URL", "Address of OpenAI's API.", "https://api.openai.com/v1")
    gemini_base_url: str = _key("GEMINI_BASE_URL", "Address of Gemini's API.", "https://generativelanguage.googleapis.com/v1beta")
    anthropic_base_url: str = _key("ANTHROPIC_BASE_URL", "Address of Anthropic's API.", "https://api.anthropic.com")
    local_llm_url: str | None = _key("LOCAL_LLM_URL", "An OpenAI-compatible server: Ollama, llama.cpp, vLLM. With or without `/v1`.")
    local_api_key: SecretStr | None = Field(None, description="Key for the local server, where it wants one.")
    gguf: str | None = Field(None, description="A GGUF model file to serve by llama.cpp, beside the server (needs `sluice[gguf]`).")
    langchain: Names = Field((), description="LangChain chat models, each offered as `langchain/name`: `fast=my_models:fast` calls `fast` in `my_models.py` (needs `sluice[langchain]`).")
    openai_model: str = Field("gpt-4o-mini", description="OpenAI's default model.")
    gemini_model: str = Field("gemini-2.0-flash", description="Gemini's default model.")
    anthropic_model: str = Field("claude-haiku-4-5", description="Anthropic's default model.")
    local_model: str | None = Field(None, description="The local server's default model. Unset: the first that it lists.")
    retries: int = Field(2, ge=0, le=10, description="How often a request to one model is repeated before its first token.")
    retry_delay: Seconds = Field(0.5, description="Longest wait before the first repetition, in seconds; doubles each time.")
    retry_delay_max: Seconds = Field(8.0, description="Longest wait before any repetition, in seconds.")
    breaker_failures: int = Field(5, ge=1, description="Failures in a row after which a model is left alone.")
    breaker_cooldown: Seconds = Field(30.0, description="Seconds before a model left alone is probed again.")

    # Runs
    disconnect_grace: Seconds = Field(10.0, description="Seconds that a run outlives its last follower.")
    run_retention: Seconds = Field(600.0, description="Seconds that an ended run can still be followed.")
    run_timeout: Seconds = Field(900.0, gt=0, description="The longest a run may take, in seconds.")
    run_memory: Bytes = Field(4 << 20, description="The most one run's log may hold; more ends it with `length`.")
    log_memory: Bytes = Field(256 << 20, description="The most all logs together may hold; the oldest ended go first.")
    max_runs: int = Field(5000, ge=1, description="Runs at once; above it: 503 `overloaded`.")
    drain: Seconds = Field(30.0, description="Seconds that running streams get at SIGTERM.")
    heartbeat: Seconds = Field(15.0, gt=0, description="Seconds of silence before a keep-alive comment.")
    stall: Seconds = Field(60.0, gt=0, description="Seconds after which a client that accepts nothing is dropped.")
    flows: Names = Field((), description="Python files with flows of your own.")

    # Logs
    enable_logs: bool = Field(False, validation_alias="ENABLE_LOGS", description="Detailed logs of each run's course.")
    log_content: bool = Field(False, description="Put message texts into the detailed logs.")
    log_format: str = Field("auto", pattern="^(auto|text|json)$", description="`text`, `json`, or `auto`: text on a terminal.")
    # fmt: on

    @field_validator(
        "allowed_hosts", "cors_origins", "trusted_proxies", "fallbacks", "model_aliases",
        "allowed_models", "anonymous_models", "prices", "context_windows", "reasoning_models",
        "vision_models", "langchain",
        "patience", "flows", "port", "rate_limits", mode="before",
    )  # fmt: skip
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        return value

    @field_validator(
        "body_limit",
        "cache_memory",
        "media_limit",
        "media_quota",
        "media_image_bytes",
        "run_memory",
        "log_memory",
        mode="before",
    )
    @classmethod
    def _size(cls, value: object) -> object:
        if isinstance(value, str) and (match := SIZE.fullmatch(value.strip())):
            return int(match[1]) * UNITS[(match[2] or "")[:1].lower()]
        return value

    @field_validator("openai_api_key", "gemini_api_key", "anthropic_api_key", "local_api_key", "jwt_secret", "s3_access_key", "s3_secret_key", mode="before")  # fmt: skip
    @classmethod
    def _strip(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value

    @field_validator("workers", mode="after")
    @classmethod
    def _workers(cls, value: int) -> int:
        if value > 1:
            raise ValueError("more than one needs Redis, which this version does not speak yet")
        return value

    @field_validator("port", mode="after")
    @classmethod
    def _ports(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or any(not 0 <= port <= 65_535 for port in value):
            raise ValueError("must be one or more port numbers, 0 to 65535")
        return value


def load(**given: Any) -> Settings:
    """Read the settings; what is given wins over the environment, and that over `.env`.

    Raises `BadSetting`, in one line that names the setting.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        raise BadSetting(
            f"{env_name(str(first['loc'][0]))}: {first['msg'].removeprefix('Value error, ')}"
        ) from None


def unknown() -> list[str]:
    """What is set in the environment under our prefix and is no setting of this version."""
    known = {env_name(field) for field in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def env_name(field: str) -> str:
    """The environment's name for a field."""
    found = Settings.model_fields.get(field)
    if found is not None and isinstance(found.validation_alias, str):
        return found.validation_alias
    return field if found is None else f"{PREFIX}{field.upper()}"
