"""The servers that are compared: how each is started, and how it is asked."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.processes import Broken

ROOT = Path(__file__).parent.parent
CHAT = "/v1/chat/completions"
SYSTEM = "You are a helpful assistant."
QUESTION = "Tell me a short story about a fox."

# The limit: it relays bytes and understands nothing. Buffering off, connections kept both ways.
NGINX = """\
worker_processes 1;
daemon off;
pid nginx.pid;
error_log nginx-error.log error;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000;
  upstream mock {{
    server 127.0.0.1:{provider};
    keepalive 1200;
    keepalive_requests 1000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location / {{
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 120s;
    }}
  }}
}}
"""


class Start(NamedTuple):
    """What a server is started with: the ports, and a folder of its own."""

    port: int
    provider: int
    work: Path


class Server(NamedTuple):
    """A server under test.

    `command`  what starts it
    `path`     where it is asked
    `body`     the request's body, for a model
    """

    name: str
    command: Callable[[Start], list[str]]
    path: str
    body: Callable[[str], str]
    env: Callable[[Start], dict[str, str]]


def nginx_program() -> str:
    """Where nginx is. Raises `Broken` where it is not."""
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise Broken("nginx is missing, the measure of all figures here: apt install nginx-light")
    return program


def nginx(start: Start) -> list[str]:
    """nginx with a configuration of its own."""
    config = start.work / "nginx.conf"
    config.write_text(NGINX.format(port=start.port, provider=start.provider))
    return [nginx_program(), "-c", str(config), "-p", str(start.work)]


def prototype(start: Start) -> list[str]:
    """The bare prototype."""
    provider = f"http://127.0.0.1:{start.provider}{CHAT}"
    module = [sys.executable, "-m", "bench.prototype"]
    return [*module, "--port", str(start.port), "--provider", provider]


def sluice(start: Start) -> list[str]:
    """Sluice as anybody starts it."""
    return [sys.executable, "-m", "sluice", "serve", "--port", str(start.port)]


def sluice_env(start: Start) -> dict[str, str]:
    """Its settings: the mock for a provider, and no limit in the way."""
    return {
        "OPENAI_BASE_URL": f"http://127.0.0.1:{start.provider}/v1",
        "OPENAI_API_KEY": "bench",
        "SLUICE_RATE_LIMIT_ENABLED": "false",
        "SLUICE_MAX_RUNS": "100000",
        "SLUICE_DATA_DIR": str(start.work / "data"),
    }


def chat_body(model: str) -> str:
    """A request of OpenAI's shape."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    asked = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
    return msgspec.json.encode({**asked, "messages": messages}).decode()


def query_body(model: str) -> str:
    """A request of the query dialect."""
    return msgspec.json.encode({"query": QUESTION, "model": f"openai/{model}"}).decode()


def nothing(_: Start) -> dict[str, str]:
    """No settings."""
    return {}


def clean_env() -> dict[str, str]:
    """Our environment without anybody's settings of Sluice or of a provider."""
    ours = ("SLUICE_", "OPENAI_", "GEMINI_", "ANTHROPIC_", "LOCAL_LLM_", "ENABLE_LOGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


SERVERS = (
    Server("nginx", nginx, CHAT, chat_body, nothing),
    Server("prototype", prototype, CHAT, chat_body, nothing),
    Server("sluice", sluice, "/api/v1/query/stream", query_body, sluice_env),
)
