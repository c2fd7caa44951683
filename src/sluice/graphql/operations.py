"""Executes operations: with one result, or with many. Knows no transport."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

import msgspec
from graphql import (
    ExecutionResult,
    GraphQLSchema,
    execute,  # pyright: ignore[reportUnknownVariableType]
    subscribe,  # pyright: ignore[reportUnknownVariableType]
)

from sluice.graphql import answers
from sluice.graphql.calls import Call, Door, Shelf
from sluice.graphql.documents import Documents, Operation
from sluice.graphql.requests import Asked

MISTAKES = 5  # in the variables of one request, of which its client is told
RESOURCES = "resources"  # the bucket in which operations are counted, beside what they begin


class Executor(msgspec.Struct, frozen=True):
    """A schema, the documents that fit it, and what its resolvers stand on."""

    schema: GraphQLSchema
    documents: Documents
    door: Door
    shelf: Shelf
    hide: bool

    async def once(self, asked: Asked, operation: Operation, call: Call) -> answers.Json:
        """The result of a query or a mutation."""
        result: Any = execute(
            self.schema,
            operation.document,
            context_value=call,
            variable_values=asked.variables,
            operation_name=operation.name,
            max_coercion_errors=MISTAKES,
            hide_suggestions=self.hide,
        )
        return answers.executed(await result if isawaitable(result) else result)

    async def begin(
        self, asked: Asked, operation: Operation, call: Call
    ) -> AsyncGenerator[answers.Json, None]:
        """The results of any operation, one after another. A subscription has begun by now."""
        if operation.kind != "subscription":
            return self._single(asked, operation, call)
        return _all(await self._many(asked, operation, call))

    async def _single(
        self, asked: Asked, operation: Operation, call: Call
    ) -> AsyncGenerator[answers.Json, None]:
        yield await self.once(asked, operation, call)

    async def _many(
        self, asked: Asked, operation: Operation, call: Call
    ) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
        """A single result where there is nothing to hear."""
        stream: Any = subscribe(
            self.schema,
            operation.document,
            context_value=call,
            variable_values=asked.variables,
            operation_name=operation.name,
            max_coercion_errors=MISTAKES,
            hide_suggestions=self.hide,
        )
        return await stream if isawaitable(stream) else stream


async def _all(
    results: AsyncGenerator[ExecutionResult, None] | ExecutionResult,
) -> AsyncGenerator[answers.Json, None]:
    if isinstance(results, ExecutionResult):
        yield answers.executed(results)
        return
    async with aclosing(results):
        async for result in results:
            yield answers.executed(result)
