"""Who may import whom, and how large things may get. These tables are the architecture."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent / "src" / "sluice"

# layer: what of ours it may import, besides itself
MAY_IMPORT = {
    "core": set[str](),
    "settings": set[str](),
    "version": set[str](),
    "providers": {"core", "version"},
    "services": {"core"},
    "dialects": {"core"},
    "stores": {"core", "services"},
    "adapters": {"core", "services", "settings"},
    "transports": {"core", "services", "dialects"},
    "api": {"core", "services", "dialects", "transports"},
    "flows": {"core", "services"},
    "graphql": {"core", "services", "dialects", "transports"},
}
# package of somebody else's: the layers that may touch it
OUTSIDERS = {
    "aiohttp": {"providers", "adapters", "house", "people", "cli"},
    "alembic": {"stores"},
    "argon2": {"adapters"},
    "asyncpg": {"stores"},
    "bpe_openai": {"adapters"},
    "email_validator": {"adapters"},
    "engineio": {"transports"},
    "graphql": {"graphql"},
    "httptools": {"transports"},
    "joserfc": {"adapters"},
    "PIL": {"adapters"},
    "pypdf": {"adapters"},
    "multipart": {"transports"},
    "litestar": {"api", "resources", "routes"},
    "msgspec": {
        "core",
        "providers",
        "services",
        "stores",
        "adapters",
        "dialects",
        "transports",
        "api",
        "flows",
        "graphql",
    },
    "prometheus_client": {"adapters"},
    "pydantic": {"settings", "house"},
    "pydantic_settings": {"settings"},
    "rich": {"cli"},
    "markdown_it": {"cli"},
    "socketio": {"transports"},
    "sqlalchemy": {"stores", "storage"},
    "strawberry": {"graphql"},
    "structlog": {"adapters"},
    "typer": {"cli"},
    "uvicorn": {"transports"},
    "xllamacpp": {"adapters"},
    "yarl": {"providers", "adapters", "cli"},
}
ANYTHING = {
    "__init__",
    "__main__",
    "app",
    "blocking",
    "cli",
    "client",
    "errors",
    "files",
    "house",
    "people",
    "resources",
    "routes",
    "storage",
    "terms",
}
MIGRATIONS = ROOT / "stores" / "migrations" / "versions"  # what was done, step by step
LONGEST_FILE = 300
LONGEST_FUNCTION = 40


def files() -> Iterator[tuple[str, Path, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        layer = path.relative_to(ROOT).parts[0].removesuffix(".py")
        yield layer, path, ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "sluice":
                yield from (f"sluice.{alias.name}" for alias in node.names)
            else:
                yield node.module


def test_each_layer_imports_only_what_lies_below_it() -> None:
    wrong: list[str] = []
    for layer, path, tree in files():
        for name in imported(tree):
            top, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if layer in ANYTHING or top != "sluice" or target == layer:
                continue
            if target not in MAY_IMPORT[layer]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_each_third_party_is_touched_where_the_table_says() -> None:
    ours = {"app", "cli", "house", "client", "files", "people", "resources", "routes", "storage"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for layer, path, tree in files()
        for name in imported(tree)
        if (top := name.partition(".")[0]) in OUTSIDERS
        and layer not in OUTSIDERS[top] | (ours if top == "msgspec" else set())
    ]
    assert wrong == []


def test_nothing_is_imported_inside_a_function() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for _, path, tree in files()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert wrong == []


def test_files_and_functions_fit_in_the_head() -> None:
    long_files = {
        str(path.relative_to(ROOT)): lines
        for _, path, _ in files()
        if MIGRATIONS not in path.parents
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    long_functions = {
        f"{path.relative_to(ROOT)}:{node.name}": length
        for _, path, tree in files()
        if MIGRATIONS not in path.parents
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.body[0].lineno + 1) > LONGEST_FUNCTION
    }
    assert (long_files, long_functions) == ({}, {})


def test_every_file_says_what_it_is() -> None:
    assert [
        str(path.relative_to(ROOT)) for _, path, tree in files() if not ast.get_docstring(tree)
    ] == []


def test_a_broad_except_stands_only_where_a_task_ends() -> None:
    broad = {
        path.name
        for _, path, tree in files()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
    }
    assert broad == {
        "engine.py",  # a run's task ends there
        "pump.py",  # a client's stream ends there, and no other client's
        "reading.py",  # out of aiohttp's callback, into the task that waits
        "blocking.py",  # out of a thread, into the one that waits
        "ledger.py",  # out of a task, into those that wait
        "persistence.py",  # out of a task, into those that wait
        "sqlite.py",  # out of a thread, into the tasks that wait
        "text.py",  # tidies up, and raises it again
    }
