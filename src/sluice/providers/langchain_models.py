"""The operator's LangChain chat models, made by functions of the operator's. Needs the extra
`sluice[langchain]`, and is the one place that imports what a setting names.
"""

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from sluice.providers.langchain import ChatModel
from sluice.providers.refusals import clean

EXTRA = "install the extra first: pip install 'sluice[langchain]'"


class Loading:
    """Around the operator's own code: whatever it raises says in one line which item is wrong."""

    def __init__(self, item: str) -> None:
        self._item = item

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if isinstance(problem, Exception):
            first = next(iter(str(problem).splitlines()), "")  # further lines can show values
            said = clean(first, None)
            raise ValueError(f"`{self._item}`: {type(problem).__name__}: {said}") from problem


def load(items: Iterable[str]) -> dict[str, ChatModel]:
    """`fast=my_models:fast`: chat models by name, each made by a call without arguments.

    A module is found where Python finds any, and in the folder in which the server was started.
    Raises `ValueError` with a line that names the bad item.
    """
    models: dict[str, ChatModel] = {}
    for item in items:
        name, _, path = (part.strip() for part in item.partition("="))
        module, _, factory = path.partition(":")
        if not (name and module and factory) or "/" in name or not name.isprintable():
            raise ValueError(f"`{item}` is not of the form name=module.path:factory")
        if name in models:
            raise ValueError(f"`{item}`: there is another model of that name")
        models[name] = _made(item, module, factory)
    return models


def _made(item: str, module: str, factory: str) -> ChatModel:
    if find_spec("langchain_core") is None:
        raise ValueError(EXTRA)
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # at the end, where it can stand for nothing else
    with Loading(item):
        made = getattr(import_module(module), factory)()
    if not hasattr(made, "astream"):
        raise ValueError(f"`{item}`: {type(made).__name__} is no LangChain chat model")
    return made
