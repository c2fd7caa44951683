"""A dialect that has no answer for an event is found by the type checker."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sluice

SOURCE = Path(sluice.__file__).parent
CASES = [
    ("query", "case ReasoningDelta() | ToolCall() | Usage():", "case ReasoningDelta() | Usage():"),
    ("flows", "case Started() | ReasoningDelta()", "case ReasoningDelta()"),
    ("chat", "case Started() | ReasoningDelta()", "case ReasoningDelta()"),
    ("openai", "case Usage():", "case Finished():"),
    ("chat_socket", "case Started() | ReasoningDelta()", "case ReasoningDelta()"),
    ("conversations", "case ReasoningDelta() | ToolCall()", "case ToolCall()"),
    ("interactions", "case ReasoningDelta() | ToolCall()", "case ReasoningDelta()"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """What the type checker says of dialects that each lack a case."""
    root = tmp_path_factory.mktemp("typed")
    for part in ("core", "dialects"):
        shutil.copytree(SOURCE / part, root / "sluice" / part)
    (root / "sluice" / "__init__.py").touch()
    for name, case, shorter in CASES:
        path = root / "sluice" / "dialects" / f"{name}.py"
        text = path.read_text("utf-8")
        assert case in text
        path.write_text(text.replace(case, shorter), "utf-8")
    settings = {
        "include": [f"sluice/dialects/{name}.py" for name, _, _ in CASES],
        "typeCheckingMode": "off",
        "reportMatchNotExhaustive": "error",
    }
    (root / "pyrightconfig.json").write_text(json.dumps(settings))
    checker = [sys.executable, "-m", "basedpyright", "--outputjson", "--project", str(root)]
    here = ["--pythonpath", sys.executable]
    done = subprocess.run([*checker, *here], capture_output=True, check=False, cwd=root)
    return json.loads(done.stdout)["generalDiagnostics"]


@pytest.mark.parametrize("name", [name for name, _, _ in CASES])
def test_a_dialect_that_lacks_a_case_does_not_pass_the_type_checker(
    name: str, report: list[dict[str, str]]
):
    rules = [found["rule"] for found in report if Path(found["file"]).name == f"{name}.py"]
    assert rules == ["reportMatchNotExhaustive"]
