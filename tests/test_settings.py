"""Settings: how they are written, and the one line that a wrong one gets."""

import pytest

from sluice.settings import BadSetting, Settings, load
from tests.transports.driver import settings

READ = [
    ("SLUICE_PORT", "8000, 8001", "port", (8000, 8001)),
    ("SLUICE_FALLBACKS", "openai/a, gemini/b,", "fallbacks", ("openai/a", "gemini/b")),
    ("SLUICE_BODY_LIMIT", "2 MiB", "body_limit", 2 << 20),
    ("SLUICE_BODY_LIMIT", "1kb", "body_limit", 1024),
    ("SLUICE_LOG_MEMORY", "1GiB", "log_memory", 1 << 30),
    ("SLUICE_RUN_MEMORY", "500", "run_memory", 500),
    ("SLUICE_DISCONNECT_GRACE", "0", "disconnect_grace", 0.0),
    ("SLUICE_ALLOW_ANONYMOUS", "true", "allow_anonymous", True),
    ("SLUICE_ALLOW_ANONYMOUS", "", "allow_anonymous", None),
    ("LOCAL_LLM_URL", "http://localhost:11434", "local_llm_url", "http://localhost:11434"),
    ("ENABLE_LOGS", "true", "enable_logs", True),
]


@pytest.mark.parametrize(("name", "text", "field", "value"), READ)
def test_a_setting_reads_as_this(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, field: str, value: object
):
    monkeypatch.setenv(name, text)
    assert getattr(load(), field) == value


WRONG = [
    ("SLUICE_PORT", "70000"),
    ("SLUICE_PORT", "http"),
    ("SLUICE_PORT", ","),
    ("SLUICE_WORKERS", "2"),
    ("SLUICE_WORKERS", "0"),
    ("SLUICE_BODY_LIMIT", "-1"),
    ("SLUICE_BODY_LIMIT", "many"),
    ("SLUICE_LOG_MEMORY", "0"),
    ("SLUICE_DISCONNECT_GRACE", "-1"),
    ("SLUICE_DISCONNECT_GRACE", "nan"),
    ("SLUICE_RUN_TIMEOUT", "0"),
    ("SLUICE_HEARTBEAT", "inf"),
    ("SLUICE_ALLOW_ANONYMOUS", "perhaps"),
    ("SLUICE_MAX_RUNS", "0"),
    ("SLUICE_LOG_FORMAT", "xml"),
    ("ENABLE_LOGS", "sometimes"),
]


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_setting_is_named_in_one_line_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
):
    monkeypatch.setenv(name, text)
    with pytest.raises(BadSetting) as refused:
        load()
    said = str(refused.value)
    assert said.startswith(f"{name}: ")
    assert "\n" not in said
    assert text not in said.removeprefix(f"{name}: ") or text in {"0", "2", ","}


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SLUICE_HOST", "0.0.0.0")
    monkeypatch.setenv("SLUICE_MAX_RUNS", "7")
    found = load(host="127.0.0.1", max_runs=None)
    assert (found.host, found.max_runs) == ("127.0.0.1", 7)


def test_a_key_is_never_shown():
    found = settings(openai_api_key="sk-sentinel", metrics_token="sentinel")
    assert "sentinel" not in repr(found)
    assert "sentinel" not in str(found.model_dump())


def test_every_setting_says_what_it_means():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_nothing_is_changed_once_it_is_read():
    with pytest.raises(ValueError, match="frozen"):
        settings().host = "0.0.0.0"
