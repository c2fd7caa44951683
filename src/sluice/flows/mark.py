"""The decorator that makes a flow of a function. It only marks: discovery collects."""

from collections.abc import AsyncIterator, Callable
from inspect import isasyncgenfunction
from typing import Any, TypeVar

from sluice.core.events import Event

Function = TypeVar("Function", bound=Callable[..., AsyncIterator[str | Event]])

MARK = "__sluice_flow__"


def flow(name: str) -> Callable[[Function], Function]:
    """Mark an async generator function as the flow `name`.

    It is called with `user_input`, and with `provider`, `model`, `max_tokens` and `temperature`
    where it has parameters of those names (a default stands where the client named none, and None
    where there is no default); it yields text, or events of `sluice.core.events`.
    Raises `ValueError` for a name that cannot stand in an address, `TypeError` for a function
    that is no async generator function.
    """
    if not name or not all(part.isalnum() for part in name.replace("_", "-").split("-")):
        raise ValueError(f"{name!r} is no name for a flow: letters, digits, `-` and `_`")

    def mark(function: Function) -> Function:
        if not isasyncgenfunction(function):
            raise TypeError(f"the flow {name!r} has to be an async generator function")
        setattr(function, MARK, name)
        return function

    return mark


def name_of(thing: Any) -> str | None:
    """The name under which something is a flow, if it is one."""
    return getattr(thing, MARK, None) if callable(thing) else None
